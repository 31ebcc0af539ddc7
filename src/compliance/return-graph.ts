// The whole plan as a graph of what a caller can come to without being told who was reached, with everything marked that
// could end badly if hours and switches were free choices. One pass for all numbers. Read `buildGraph` first.
import type { HoursTable, RoutingPlan, StepId } from '../routing/plan.ts';
import { ANY_EXTENSION, dialledWays, waysOf, type CallerWay, type ReturnFacts } from './caller-ways.ts';
import type { JudgedTexts } from './identification.ts';

export interface ReturnGraph {
  readonly plan: RoutingPlan;
  /** Extensions with a phone, as one text. */
  readonly phones: string;
  /** Steps in the plan's order, `ANY_EXTENSION` last. */
  readonly ids: readonly StepId[];
  readonly indexOf: ReadonlyMap<StepId, number>;
  readonly ways: readonly (readonly CallerWay[])[];
  /** Index of each way's step; -1 = the end. */
  readonly targets: readonly (readonly number[])[];
  readonly before: readonly (readonly number[])[];
  /** 1: a bad end can be reached from here, hours and switches taken as free choices. */
  readonly suspect: Uint8Array;
  /** 1: a call could go round here for ever while the caller does nothing. */
  readonly endless: Uint8Array;
}

/** What the ways of a step depend on beside the step itself. */
const SURROUNDINGS = ['organisation', 'prompts', 'mailboxes', 'groups', 'extensions', 'switches', 'hours'] as const;
/** Work between two yields: well under a millisecond. */
const SLICE = 100;

/** Linear in the plan; of `old`, the graph of the version before, every step that is the same is taken over. Yields often, so that a caller can do other things in between. */
export function* buildGraph(plan: RoutingPlan, facts: ReturnFacts, old: ReturnGraph | null = null): Generator<void, ReturnGraph> {
  const ids = [...plan.steps.keys(), ANY_EXTENSION];
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const judged: JudgedTexts = new Map();
  const ways: (readonly CallerWay[])[] = [];
  const phones = [...plan.extensions.keys()].filter((extension) => facts.hasPhone(extension)).join();
  const kept = old !== null && phones === old.phones && SURROUNDINGS.every((part) => isSame(plan[part], old.plan[part])) ? old : null;
  for (const [id, step] of plan.steps) {
    const place = kept?.indexOf.get(id);
    const known = place !== undefined && isSame(step, kept?.plan.steps.get(id)) ? kept?.ways[place] : undefined;
    ways.push(known ?? waysOf(plan, step, facts, judged));
    if (ways.length % SLICE === 0) yield;
  }
  ways.push(dialledWays(plan));
  const targets = ways.map((list) => list.map(({ to }) => (to === null ? -1 : indexOf.get(to) ?? -1)));
  yield;
  const before: number[][] = ids.map(() => []);
  targets.forEach((list, from) => {
    for (const to of new Set(list)) if (to >= 0) before[to]?.push(from);
  });
  yield;
  const endless = endlessOf(ways, targets, before, () => true);
  yield;
  const seeds = ids.map((_, index) => index).filter((index) => endless[index] === 1 || (targets[index] ?? []).includes(-1));
  return { plan, phones, ids, indexOf, ways, targets, before, endless, suspect: reaching(before, seeds, ids.length) };
}

/** Every step from which one of `seeds` can be reached. */
export function reaching(before: readonly (readonly number[])[], seeds: readonly number[], count: number): Uint8Array {
  const marked = new Uint8Array(count);
  const open: number[] = [];
  const mark = (index: number): void => {
    if (marked[index] === 1) return;
    marked[index] = 1;
    open.push(index);
  };
  seeds.forEach(mark);
  for (let at = open.pop(); at !== undefined; at = open.pop()) (before[at] ?? []).forEach(mark);
  return marked;
}

/**
 * The largest set of steps of which each has an open way into the set that needs nothing of the caller: in it a call can
 * go round for ever. Compile refuses most of these; a person who declines each time is one it allows.
 */
export function endlessOf(
  ways: ReturnGraph['ways'], targets: ReturnGraph['targets'], before: ReturnGraph['before'], isOpen: (way: CallerWay) => boolean, among: readonly number[] = ways.map((_, index) => index),
): Uint8Array {
  const inside = new Uint8Array(ways.length);
  const left = new Int32Array(ways.length);
  for (const index of among) inside[index] = 1;
  /** Open ways out of `from` that need nobody, to `to` or to anywhere inside. */
  const count = (from: number, to: number | null): number => {
    const list = ways[from] ?? [];
    let found = 0;
    for (let at = 0; at < list.length; at += 1) {
      const way = list[at];
      const target = targets[from]?.[at] ?? -1;
      if (way !== undefined && !way.isByCaller && (to === null ? inside[target] === 1 : target === to) && isOpen(way)) found += 1;
    }
    return found;
  };
  for (const index of among) left[index] = count(index, null);
  const gone = among.filter((index) => left[index] === 0);
  for (const index of gone) inside[index] = 0;
  for (let at = gone.pop(); at !== undefined; at = gone.pop()) {
    for (const from of before[at] ?? []) {
      if (inside[from] !== 1) continue;
      left[from] = (left[from] ?? 0) - count(from, at);
      if ((left[from] ?? 0) > 0) continue;
      inside[from] = 0;
      gone.push(from);
    }
  }
  return inside;
}

/** Steps at which the two plans differ for a caller, by index in `now`, new ones included. */
export function* changedSteps(now: ReturnGraph, old: ReturnGraph): Generator<void, readonly number[]> {
  const tables = new Map<string, boolean>();
  const isTableSame = (name: string): boolean => {
    let same = tables.get(name);
    if (same === undefined) {
      same = isSameTable(now.plan.hours.get(name), old.plan.hours.get(name));
      tables.set(name, same);
    }
    return same;
  };
  const changed: number[] = [];
  for (const [index, id] of now.ids.entries()) {
    if (index % SLICE === 0) yield;
    const before = old.indexOf.get(id);
    const ways = now.ways[index] ?? [];
    const same = before !== undefined && isSame(ways, old.ways[before]) && ways.every(({ hours }) => hours === null || isTableSame(hours.table));
    if (!same) changed.push(index);
  }
  return changed;
}

function isSameTable(now: HoursTable | undefined, old: HoursTable | undefined): boolean {
  return isSame(now, old);
}

/** Deep equality of plain data and maps; the order of a map's entries counts, which errs on the safe side. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index += 1) if (!isSame(a[index], b[index])) return false;
    return true;
  }
  if (a instanceof Map) return b instanceof Map && a.size === b.size && isSame([...a], [...b]);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  return true;
}
