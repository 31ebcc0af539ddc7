// Reads a JSON body from strangers: bounded depth, no prototype keys, every fault named with its place.
// Plans do not come through here: they stay text, and the compiler reports on them. Read `readJson` first.
import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { HttpProblem } from './problem.ts';
import type { FieldProblem } from './problem.ts';

/** Bodies of this API nest three levels; 40 is the plan's limit, and more serves only an attack. */
export const MAX_JSON_DEPTH = 40;
const REFUSED_KEYS = new Set(['__proto__', 'prototype', 'constructor']);

/** The text of a body; throws a 400 problem when it is not UTF-8. */
export function readText(raw: Uint8Array): string {
  if (!isUtf8(raw))
    throw new HttpProblem(400, 'not-utf8', 'The body has bytes that are not UTF-8.', {
      hint: 'Save it as UTF-8 and send it again.',
    });
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** The value in a JSON text; throws a 400 problem naming the place for broken JSON, depth and prototype keys. */
export function readJson(text: string): unknown {
  if (text.trim() === '')
    throw new HttpProblem(400, 'body-empty', 'The request has no body.', { hint: 'Send a JSON object.' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 160) : 'it cannot be read';
    throw new HttpProblem(400, 'not-json', `The body is not JSON: ${reason}.`, {
      hint: 'Check the quotes, commas and brackets at that place.',
    });
  }
  refuseHostile(value);
  return value;
}

/** `value` as the schema has it; throws a 422 problem with every fault at its JSON pointer. */
export function fit<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 50).flatMap((issue) => toFieldProblems(issue));
  const first = problems[0];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new HttpProblem(422, first?.code ?? 'wrong-body', `${what}: ${first?.message ?? 'does not fit'}${more}`, {
    problems,
    ...(first === undefined ? {} : { path: first.path, ...(first.hint === null ? {} : { hint: first.hint }) }),
  });
}

/** `/a/b~1c` for ['a', 'b/c']. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function toFieldProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: toPointer([...issue.path, key.slice(0, 80)]),
      code: 'unknown-key',
      message: `"${key.slice(0, 80)}" is no field of this request.`,
      hint: 'Leave it out, or check its spelling in /v1/openapi.json.',
    }));
  }
  const path = toPointer(issue.path);
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const said = issue.message.replace(/^Invalid input: /, '').replace(/^Invalid /, 'not a usable ');
  const what = path === '' ? 'the value' : path;
  return [
    {
      path,
      code: isMissing ? 'missing' : 'wrong-value',
      message: isMissing ? `${what} is missing.` : `${what} does not fit: ${said}.`,
      hint: 'The fields and examples are in /v1/openapi.json.',
    },
  ];
}

/** Walks without recursion, so that depth itself cannot break the walk. */
function refuseHostile(root: unknown): void {
  const open: { value: unknown; path: readonly string[] }[] = [{ value: root, path: [] }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at.value !== 'object' || at.value === null) continue;
    if (at.path.length >= MAX_JSON_DEPTH) {
      throw new HttpProblem(400, 'too-deep', `The body nests deeper than ${MAX_JSON_DEPTH} levels.`, {
        hint: 'Send a flatter object.',
      });
    }
    for (const [key, value] of Object.entries(at.value)) {
      if (REFUSED_KEYS.has(key)) {
        throw new HttpProblem(400, 'refused-key', `The key "${key}" is not taken anywhere.`, {
          path: toPointer([...at.path, key]),
          hint: 'Leave it out.',
        });
      }
      if (typeof value === 'object' && value !== null) open.push({ value, path: [...at.path, key] });
    }
  }
}
