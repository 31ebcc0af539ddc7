// From the admin's JSON to the plan that calls walk, or to all that is wrong with it at once. Read `compile` first.
import { buildParts } from './build.ts';
import type { ReadJson } from './build.ts';
import { checkParts } from './check.ts';
import { addFaults } from './faults.ts';
import { deepFreeze } from './freeze.ts';
import type { RoutingPlan } from './plan.ts';
import { ProblemList, quote } from './problem.ts';
import type { Problem } from './problem.ts';
import { planSchema } from './schema.ts';

export { canonical } from './canonical.ts';
export type { Problem } from './problem.ts';

/** What compile needs to know besides the JSON. */
export interface CompileOptions {
  /** Customer id: the name of the plan file. */
  readonly customer: string;
  readonly version: number;
  /** Hash of the canonical JSON. */
  readonly hash: string;
  /** Files in the customer's media folder; left out = not checked. */
  readonly media?: ReadonlySet<string>;
  /** Phrases of the product's own voice; left out = not checked. */
  readonly phrases?: ReadonlySet<string>;
  /** Whether lookups may go to http addresses of this machine (a setting, for trials). */
  readonly allowLoopbackLookups?: boolean;
}

/** `plan` is null when there is at least one problem; warnings do not stop it. */
export interface Compiled {
  readonly plan: RoutingPlan | null;
  readonly problems: readonly Problem[];
}

/**
 * The plan that `json` describes, deep-frozen, every reference in it checked; or null and every problem found, at most
 * 500 (and as many warnings). Never throws, whatever `json` is. Time grows in proportion to the size of `json`.
 */
export function compile(json: unknown, options: CompileOptions): Compiled {
  const compiled = compileUnfrozen(json, options);
  return compiled.plan === null ? compiled : { ...compiled, plan: deepFreeze(compiled.plan) };
}

/** As `compile`, for who hands the plan over to another thread at once: the copy that arrives there is frozen, not this one. */
export function compileUnfrozen(json: unknown, options: CompileOptions): Compiled {
  const problems = new ProblemList();
  if (!isCustomerId(options.customer)) {
    problems.problem('', 'wrong-customer-id', `belongs to the customer ${quote(options.customer)}, which is no customer id`,
      'Name the file in small letters, digits and hyphens, a letter first, at most 40 characters.');
  }
  const { read, isWhole } = readJson(json, problems);
  const parts = buildParts(read);
  checkParts(parts, read, { ...options, isWhole, raw: json }, problems);
  const { organisation, failsafe } = parts;
  if (problems.failed || organisation === null || failsafe === null) return { plan: null, problems: problems.finish() };
  const { customer, version, hash } = options;
  return { plan: { customer, version, hash, ...parts, organisation, failsafe }, problems: problems.finish() };
}

/** True for a customer id: it is a file name, a folder name and part of Asterisk's endpoint names. */
export function isCustomerId(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,39}$/.test(text);
}

const leniently = planSchema.partial();
/** Sections whose entries stand for themselves: one that cannot be read does not hide the others. */
const SECTIONS: ReadonlySet<string> = new Set(['numbers', 'sites', 'hours', 'switches', 'prompts', 'callerLists', 'extensions', 'groups', 'mailboxes', 'steps']);

/** What of the JSON the schema accepts, so that references can be checked beside its faults. */
function readJson(json: unknown, problems: ProblemList): { read: ReadJson; isWhole: boolean } {
  const whole = planSchema.safeParse(json);
  if (whole.success) return { read: whole.data, isWhole: true };
  addFaults(problems, planSchema, json, whole.error.issues);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { read: {}, isWhole: false };
  const rest: Record<string, unknown> = { ...json };
  const copied = new Set<string>();
  for (const issue of whole.error.issues) drop(rest, copied, issue.path, issue.code === 'unrecognized_keys' ? issue.keys : []);
  const partly = leniently.safeParse(rest);
  return { read: partly.success ? partly.data : {}, isWhole: false };
}

/** Takes the smallest part with a fault out of `rest`: an entry of a section, otherwise the whole top-level field. */
function drop(rest: Record<string, unknown>, copied: Set<string>, path: readonly PropertyKey[], unknownKeys: readonly string[]): void {
  if (path[0] === undefined) {
    for (const key of unknownKeys) delete rest[key];
    return;
  }
  const top = String(path[0]);
  const section = rest[top];
  if (path[1] === undefined || !SECTIONS.has(top) || typeof section !== 'object' || section === null) {
    delete rest[top];
    return;
  }
  // Copied once: the admin's JSON stays as it came, and the work stays linear.
  if (!copied.has(top)) rest[top] = { ...section };
  copied.add(top);
  delete (rest[top] as Record<string, unknown>)[String(path[1])];
}
