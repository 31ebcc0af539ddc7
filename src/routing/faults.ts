// Turns what the schema library found into problems in plain words, each with a mend taken from the manual's examples.
import { z } from 'zod';
import { pointer, quote } from './problem.ts';
import type { ProblemList } from './problem.ts';
import { nearest } from './nearest.ts';

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;
type Path = readonly PropertyKey[];

/** Adds a problem for every issue found when `schema` read `value`. */
export function addFaults(problems: ProblemList, schema: Schema, value: unknown, issues: readonly Issue[]): void {
  const context: Context = { problems, schema, value };
  for (const issue of issues) addFault(context, issue, []);
}

interface Context {
  readonly problems: ProblemList;
  readonly schema: Schema;
  readonly value: unknown;
}

function addFault(context: Context, issue: Issue, before: Path): void {
  const path = [...before, ...issue.path];
  const at = pointer(...path.map(String));
  const add = (code: string, message: string, hint: string): void => context.problems.problem(at, code, message, hint);
  switch (issue.code) {
    case 'unrecognized_keys':
      addUnknownKeys(context, path, issue.keys);
      return;
    case 'invalid_union':
      addUnion(context, issue, path);
      return;
    case 'invalid_key':
      add('wrong-name', `cannot be named ${quote(String(path.at(-1)))}: ${keyWords(issue)}`, 'Rename it, here and wherever it is used.');
      return;
    case 'invalid_type':
      addType(context, issue, path);
      return;
    case 'too_small':
    case 'too_big':
      add(issue.code === 'too_big' ? 'too-much' : 'too-little', `${boundWords(issue)}, and this is ${sizeWords(context.value, path)}`, example(context, path));
      return;
    case 'invalid_value': {
      const options = issue.values.map((option) => JSON.stringify(option)).join(', ');
      add('wrong-value', `is ${show(valueAt(context.value, path))}; it ${issue.values.length > 1 ? 'can' : 'must'} be ${options}`, suggestion(valueAt(context.value, path), issue.values) ?? (issue.values.length > 1 ? 'Use one of these.' : `Write ${options}.`));
      return;
    }
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      add('wrong-form', `is ${show(valueAt(context.value, path))}; ${issue.message}`, example(context, path));
      return;
  }
}

function addUnknownKeys(context: Context, path: Path, keys: readonly string[]): void {
  const known = fieldsAt(context, path);
  for (const key of keys) {
    const isOutcome = path.at(-1) === 'on';
    const meant = nearest(key, known);
    const list = known.length === 0 ? 'Take it out.' : `Known here: ${known.join(', ')}.`;
    const message = isOutcome ? `is no outcome of this kind of step` : `is a field that is not known here`;
    context.problems.problem(pointer(...path.map(String), key), isOutcome ? 'unknown-outcome' : 'unknown-field', message, meant === null ? list : `Did you mean "${meant}"? ${list}`);
  }
}

function fieldsAt(context: Context, path: Path): string[] {
  let schema = schemaAt(context.schema, path, context.value);
  while (schema && inner(schema)) schema = inner(schema);
  if (schema instanceof z.ZodUnion) schema = variant(schema, valueAt(context.value, path));
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function addType(context: Context, issue: Extract<Issue, { code: 'invalid_type' }>, path: Path): void {
  const value = valueAt(context.value, path);
  const field = String(path.at(-1) ?? '');
  if (value !== undefined) {
    const expected = TYPE_WORDS[issue.expected] ?? issue.expected;
    context.problems.problem(pointer(...path.map(String)), 'wrong-type', `is ${show(value)}, and must be ${expected}`, example(context, path));
    return;
  }
  const parent = pointer(...path.slice(0, -1).map(String));
  if (field === 'fallback') {
    context.problems.problem(parent, 'no-fallback', 'has no fallback: nothing says where the call goes when something else happens or the step fails', 'Add "fallback" with the id of a step.');
    return;
  }
  context.problems.problem(parent, 'missing-field', `has no "${field}"`, `Add "${field}". ${example(context, path)}`);
}

/** Of the forms that a value may have, the one it was meant for: the form with the fewest issues. */
function addUnion(context: Context, issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): void {
  if (issue.discriminator !== undefined) {
    const kind = valueAt(context.value, path);
    const kinds = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    const message = kind === undefined ? 'has no "kind"' : `is ${show(kind)}, which is no kind of step`;
    const hint = `${suggestion(kind, kinds) ?? ''} Kinds: ${kinds.join(', ')}.`.trim();
    const at = kind === undefined ? path.slice(0, -1) : path;
    context.problems.problem(pointer(...at.map(String)), 'unknown-kind', message, hint);
    return;
  }
  let best: readonly Issue[] | null = null;
  for (const issues of issue.errors) {
    const isOtherForm = issues.some((inner) => inner.code === 'invalid_type' && (inner.path.length === 0 || valueAt(valueAt(context.value, path), inner.path) === undefined));
    if (!isOtherForm && (best === null || issues.length < best.length)) best = issues;
  }
  if (best) {
    for (const inner of best) addFault(context, inner, path);
    return;
  }
  context.problems.problem(pointer(...path.map(String)), 'wrong-form', `is ${show(valueAt(context.value, path))}, which is none of the forms known here`, example(context, path));
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text in quotes', number: 'a number', int: 'a whole number', boolean: 'true or false',
  object: 'an object in { }', record: 'an object in { }', array: 'a list in [ ]',
};

function keyWords(issue: Extract<Issue, { code: 'invalid_key' }>): string {
  return issue.issues.map((inner) => inner.message).join('; ');
}

function boundWords(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const bound = issue.code === 'too_big' ? issue.maximum : issue.minimum;
  const limit = `${issue.code === 'too_big' ? 'at most' : 'at least'} ${bound}`;
  if (issue.origin === 'string') return `must have ${limit} ${bound === 1 ? 'character' : 'characters'}`;
  if (issue.origin === 'array') return `must have ${limit} ${bound === 1 ? 'entry' : 'entries'}`;
  return `must be ${limit}`;
}

function sizeWords(root: unknown, path: Path): string {
  const value = valueAt(root, path);
  if (typeof value === 'string' || Array.isArray(value)) return String(value.length);
  return show(value);
}

function suggestion(value: unknown, options: readonly unknown[]): string | null {
  const meant = typeof value === 'string' ? nearest(value, options.map(String)) : null;
  return meant === null ? null : `Did you mean "${meant}"?`;
}

/** A value of the file, short enough for a sentence. */
function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** `For example: …` from the manual, or words that always hold. */
function example(context: Context, path: Path): string {
  const schema = schemaAt(context.schema, path, context.value);
  if (path.length === 0) return 'Begin with { and end with }.';
  const found = schema === null ? undefined : examplesOf(schema)?.[0];
  return found === undefined ? 'Look it up in the manual of the plan format.' : `For example: ${JSON.stringify(found)}`;
}

function examplesOf(schema: Schema): readonly unknown[] | undefined {
  for (let at: Schema | null = schema; at !== null; at = inner(at)) {
    const examples = z.globalRegistry.get(at)?.['examples'];
    if (Array.isArray(examples)) return examples;
  }
  return undefined;
}

/** What an optional or defaulted schema wraps. */
function inner(schema: Schema): Schema | null {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.unwrap() : null;
}

/** The schema that reads the value at `path`; null when the path leaves what is known. */
function schemaAt(root: Schema, path: Path, value: unknown): Schema | null {
  let schema: Schema | null = root;
  let at = value;
  for (const key of path) {
    while (schema && inner(schema)) schema = inner(schema);
    if (schema instanceof z.ZodUnion) schema = variant(schema, at);
    if (schema instanceof z.ZodObject) schema = Object.hasOwn(schema.shape, key) ? schema.shape[String(key)] as Schema : null;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else if (schema instanceof z.ZodArray) schema = schema.element as Schema;
    else return null;
    at = valueAt(at, [key]);
  }
  return schema;
}

/** The object form of a union that has the value's kind, or its first field. */
function variant(union: z.ZodUnion, value: unknown): Schema | null {
  if (typeof value !== 'object' || value === null) return null;
  const keys = Object.keys(value);
  for (const option of union.options) {
    if (!(option instanceof z.ZodObject)) continue;
    const kind: unknown = option.shape['kind'];
    if (kind instanceof z.ZodLiteral) {
      if (kind.values.has(valueAt(value, ['kind']) as never)) return option;
    } else if (Object.keys(option.shape).some((key) => key !== 'to' && keys.includes(key))) {
      return option;
    }
  }
  return null;
}
