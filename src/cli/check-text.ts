// What a check found, as people read it in a terminal. PURE: text in, text out; the command prints it.
import type { Problem } from '../routing/problem.ts';

/** Figures for the first line; `null` = could not be counted. */
export interface CheckSummary {
  readonly file: string;
  readonly steps: number | null;
  readonly ddis: number | null;
  readonly tookMs: number;
}

/** Marks before each line: the first for problems, the second for warnings. */
export const UNICODE_MARKS = { problem: '✗', warning: '!', good: '✓' } as const;
export const ASCII_MARKS = { problem: 'x', warning: '!', good: 'ok' } as const;
export type Marks = { readonly [Key in keyof typeof UNICODE_MARKS]: string };

/** `acme.json: 2 problems, 1 warning (37 steps, 12 DDIs, 84 ms)` and one line each, problems first; no colour. */
export function checkText(summary: CheckSummary, problems: readonly Problem[], marks: Marks = UNICODE_MARKS): string {
  const faults = problems.filter(({ severity }) => severity === 'problem');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  const counts = [
    summary.steps === null ? '' : plural(summary.steps, 'step'),
    summary.ddis === null ? '' : plural(summary.ddis, 'DDI'),
    `${Math.round(summary.tookMs)} ms`,
  ].filter((part) => part !== '');
  const found = [
    faults.length > 0 ? plural(faults.length, 'problem') : '',
    warnings.length > 0 ? plural(warnings.length, 'warning') : '',
  ].filter((part) => part !== '');
  const lines = [
    `${summary.file}: ${found.length === 0 ? `${marks.good} no problems` : found.join(', ')} (${counts.join(', ')})`,
  ];
  const width = Math.min(40, Math.max(0, ...problems.map(({ path }) => (path || '(file)').length)));
  for (const { path, severity, message, hint } of [...faults, ...warnings]) {
    lines.push(
      `  ${severity === 'problem' ? marks.problem : marks.warning} ${(path || '(file)').padEnd(width)}  ${message}. ${hint}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
