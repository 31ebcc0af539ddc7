// Reads and compiles plan files without a server, as the server would: same text reader, same checks, the media folder
// beside the file. Read `checkFile` first.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canonical, compile } from '../routing/compile.ts';
import type { Compiled, Problem } from '../routing/compile.ts';
import { parsePlanText } from '../routing/text.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';

const MAX_BYTES = 32 * 1024 * 1024;

export interface CheckedFile {
  readonly file: string;
  readonly customer: string;
  readonly compiled: Compiled;
  readonly steps: number;
  readonly numbers: number;
  readonly tookMs: number;
}

/** Compiles one file. Throws CliError when there is no such file or it is no text; faults of the plan are in the result. */
export function checkFile(file: string, product: string): CheckedFile {
  const startedMs = performance.now();
  const customer = basename(file).replace(/\.json$/i, '');
  const text = readPlan(file);
  const checked = compileText(text, {
    customer,
    version: 0,
    media: filesIn(join(dirname(file), 'media', customer)),
    phrases: phrasesOf(product),
  });
  return { file, customer, ...checked, tookMs: Math.round(performance.now() - startedMs) };
}

/** Compiles the text of a plan, with the steps and numbers counted in it even when it does not compile. */
export function compileText(
  text: string,
  about: { customer: string; version: number; media?: ReadonlySet<string>; phrases?: ReadonlySet<string> },
): { compiled: Compiled; steps: number; numbers: number } {
  const parsed = parsePlanText(text);
  if (!parsed.ok) return { compiled: { plan: null, problems: parsed.problems }, steps: 0, numbers: 0 };
  const hash = createHash('sha256').update(canonical(parsed.value)).digest('hex');
  return {
    compiled: compile(parsed.value, { ...about, hash }),
    steps: sizeOf(parsed.value, 'steps'),
    numbers: sizeOf(parsed.value, 'numbers'),
  };
}

/** True when nothing stops the plan; warnings may be there. */
export function isGood(problems: readonly Problem[]): boolean {
  return problems.every((problem) => problem.severity === 'warning');
}

/** The plan files that an argument names: a file, or every .json in a folder. */
export function planFiles(argument: string): string[] {
  try {
    if (!statSync(argument).isDirectory()) return [argument];
    const files = readdirSync(argument)
      .filter((name) => name.endsWith('.json'))
      .toSorted((a, b) => a.localeCompare(b));
    if (files.length === 0) throw misuse(`${argument} has no plan files.`, 'Name a .json file, or a folder with some.');
    return files.map((name) => join(argument, name));
  } catch (error) {
    throw error instanceof CliError ? error : fileError(argument, error);
  }
}

function readPlan(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw new CliError(
        EXIT.no,
        'file-too-large',
        `${file} has ${Math.ceil(size / (1024 * 1024))} MB; plans have at most 32.`,
        { path: file, hint: 'Divide the plan between customers.' },
      );
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof TypeError)
      throw new CliError(EXIT.no, 'not-utf8', `${file} has bytes that are not UTF-8.`, {
        path: file,
        hint: 'Save it as UTF-8.',
      });
    throw fileError(file, error);
  }
}

function fileError(file: string, error: unknown): CliError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const why =
    code === 'ENOENT'
      ? 'is not there'
      : code === 'EACCES'
        ? 'may not be read by this user'
        : code === 'EISDIR'
          ? 'is a folder'
          : `cannot be read (${code})`;
  return new CliError(EXIT.usage, 'no-such-file', `${file} ${why}.`, {
    path: file,
    hint: 'Name a plan file, for example dialplan/plans/bramley-finch.json.',
  });
}

function filesIn(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
}

/** Ids of the product's own phrases. */
function phrasesOf(product: string): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(product, 'sounds', 'manifest.json'), 'utf8')) as {
    readonly prompts: readonly { readonly id: string }[];
  };
  return new Set(manifest.prompts.map((prompt) => prompt.id));
}

function sizeOf(json: unknown, section: string): number {
  const entries: unknown =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[section] : null;
  return typeof entries === 'object' && entries !== null ? Object.keys(entries).length : 0;
}
