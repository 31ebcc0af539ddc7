// The rules that go beyond one field: what refers to what, and what a call could run into. Each rule has a fixture in
// test/plans/bad. All are linear in the size of the plan. Read `checkParts` first.
import type { Parts, ReadJson } from './build.ts';
import { checkGraph } from './check-graph.ts';
import { checkDirectory } from './check-directory.ts';
import { checkOutbound } from './check-outbound.ts';
import { checkSteps } from './check-steps.ts';
import { edgesOf } from './edges.ts';
import type { Edge } from './edges.ts';
import { nearest } from './nearest.ts';
import type { RoutingPlan, StepId } from './plan.ts';
import { pointer, quote } from './problem.ts';
import type { Problem, ProblemList } from './problem.ts';

/** Sections whose entries are referred to by name. */
export type Section = 'numbers' | 'sites' | 'hours' | 'switches' | 'prompts' | 'callerLists' | 'extensions' | 'groups' | 'mailboxes' | 'steps';

export interface CheckOptions {
  readonly media?: ReadonlySet<string>;
  readonly phrases?: ReadonlySet<string>;
  readonly allowLoopbackLookups?: boolean;
  /** False when parts of the JSON could not be read: rules that need the whole graph wait until they can. */
  readonly isWhole: boolean;
  /** The JSON as it came: entries that could not be read still exist by name. */
  readonly raw: unknown;
}

/** What the rules work on. */
export interface Check {
  readonly parts: Parts;
  readonly read: ReadJson;
  readonly options: CheckOptions;
  readonly problems: ProblemList;
  /** Ways out of each step that the admin wrote. */
  readonly edges: ReadonlyMap<StepId, readonly Edge[]>;
  /** Reports `name` at `path` unless the section has an entry of that name. */
  readonly refer: (section: Section, name: string, path: string) => void;
}

const SECTION_WORDS: Readonly<Record<Section, { readonly noun: string; readonly code: string }>> = {
  numbers: { noun: 'a number', code: 'unknown-number' },
  sites: { noun: 'a site', code: 'unknown-site' },
  hours: { noun: 'a table of opening hours', code: 'unknown-hours' },
  switches: { noun: 'a switch', code: 'unknown-switch' },
  prompts: { noun: 'a prompt', code: 'unknown-prompt' },
  callerLists: { noun: 'a caller list', code: 'unknown-caller-list' },
  extensions: { noun: 'an extension', code: 'unknown-extension' },
  groups: { noun: 'a group', code: 'unknown-group' },
  mailboxes: { noun: 'a mailbox', code: 'unknown-mailbox' },
  steps: { noun: 'a step', code: 'dangling-target' },
};

/** After this many problems no more guesses at what was meant are made. */
const MAX_GUESSES = 100;

/** Adds everything that is wrong between the parts of one plan. */
export function checkParts(parts: Parts, read: ReadJson, options: CheckOptions, problems: ProblemList): void {
  const edges = new Map<StepId, readonly Edge[]>();
  for (const step of parts.steps.values()) if (!step.id.startsWith('@')) edges.set(step.id, edgesOf(step));
  const check: Check = {
    parts, read, options, problems, edges,
    refer: (section, name, path) => {
      if ((parts[section] as ReadonlyMap<string, unknown>).has(name) || isDeclared(options.raw, section, name)) return;
      const { noun, code } = SECTION_WORDS[section];
      // Extensions and numbers differ by one digit from each other: a guess would be as good as any. The search is not free.
      const meant = section === 'extensions' || section === 'numbers' || problems.size > MAX_GUESSES ? null : nearest(name, namesIn(options.raw, section));
      const message = section === 'steps' ? `goes to ${quote(name)}, which is no step` : `names ${quote(name)}, which is not ${noun} of this plan`;
      const hint = meant === null ? `Add ${quote(name)} under "${section}", or name one that is there.` : `Did you mean "${meant}"?`;
      problems.problem(path, code, message, hint);
    },
  };
  checkDirectory(check);
  checkOutbound(check);
  checkSteps(check);
  if (options.isWhole && parts.failsafe !== null) checkGraph(check, parts.failsafe);
}

function isDeclared(raw: unknown, section: Section, name: string): boolean {
  if (typeof raw !== 'object' || raw === null) return false;
  const entries: unknown = (raw as Record<string, unknown>)[section];
  return typeof entries === 'object' && entries !== null && Object.hasOwn(entries, name);
}

function namesIn(raw: unknown, section: Section): string[] {
  if (typeof raw !== 'object' || raw === null) return [];
  const entries: unknown = (raw as Record<string, unknown>)[section];
  return typeof entries === 'object' && entries !== null ? Object.keys(entries) : [];
}

/** A problem of several plans together, told to the customer whose plan came later. */
export interface CrossProblem extends Problem {
  readonly customer: string;
}

/** DDIs that more than one plan claims; the first plan in the list keeps a number. */
export function crossCheck(plans: Iterable<RoutingPlan>): CrossProblem[] {
  const owners = new Map<string, string>();
  const problems: CrossProblem[] = [];
  for (const { customer, numbers } of plans) {
    for (const ddi of numbers.keys()) {
      const owner = owners.get(ddi);
      if (owner === undefined) {
        owners.set(ddi, customer);
      } else if (owner !== customer) {
        problems.push({
          customer, path: pointer('numbers', ddi), code: 'number-of-another-customer', severity: 'problem',
          message: `belongs to the customer "${owner}" already`, hint: `Take it out here or in the plan of "${owner}".`,
        });
      }
    }
  }
  return problems;
}
