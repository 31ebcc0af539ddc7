// Everything that the command prints goes through here: results to stdout, progress and hints to stderr, one JSON
// document with --json. Read `createSay` first.
import { mark, toAscii } from './marks.ts';
import type { Mark, MarkStyle } from './marks.ts';
import { table } from './table.ts';
import type { Column } from './table.ts';

/** Where text goes; process.stdout and process.stderr, or a test's. */
export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}
export interface SayOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isJson: boolean;
  readonly noColour: boolean;
}

export interface Say {
  readonly isJson: boolean;
  readonly isTerminal: boolean;
  /** A line of the result; nothing with --json. */
  line(text?: string): void;
  /** A part of a line of the result, for output that grows on a terminal. */
  part(text: string): void;
  /** The result as JSON; call it once. Nothing without --json. */
  json(value: unknown): void;
  /** Text of the result exactly as it is, with --json too: an export. */
  raw(text: string): void;
  /** One line of JSON of a watch. */
  jsonLine(value: unknown): void;
  rows(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** Progress, a hint: to stderr, and not with --json. */
  hint(text: string): void;
  /** An error in words, always to stderr. */
  error(text: string): void;
  mark(kind: Mark, word?: string): string;
}

export function createSay({ stdout, stderr, env, isJson, noColour }: SayOptions): Say {
  const isUtf8 = hasUtf8(env);
  const fit = (text: string): string => (isUtf8 ? text : toAscii(text));
  const style = (sink: Sink): MarkStyle => ({
    isUtf8,
    hasColour: sink.isTTY && !noColour && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  });
  return {
    isJson,
    isTerminal: stdout.isTTY,
    line: (text = '') => {
      if (!isJson) stdout.write(`${fit(text)}\n`);
    },
    part: (text) => {
      if (!isJson) stdout.write(fit(text));
    },
    json: (value) => {
      if (isJson) stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    raw: (text) => stdout.write(text),
    jsonLine: (value) => {
      if (isJson) stdout.write(`${JSON.stringify(value)}\n`);
    },
    rows: (columns, rows) => {
      if (isJson) return;
      const text = table(columns, rows, stdout.isTTY ? (stdout.columns ?? 80) : null);
      if (text !== '') stdout.write(fit(text));
    },
    hint: (text) => {
      if (!isJson) stderr.write(`${fit(text)}\n`);
    },
    error: (text) => stderr.write(`${fit(text)}\n`),
    mark: (kind, word) => mark(kind, style(stdout), word),
  };
}

/** The locale as the C library reads it: LC_ALL, then LC_CTYPE, then LANG. None set (cron, containers) counts as UTF-8. */
function hasUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}
