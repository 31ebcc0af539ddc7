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

/** The result of work that yields, at one go. */
export function inOneGo<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Linear in the plan; of `old`, the graph of the version before, every step that is the same is taken over. Yields often, so that a caller can do other things in between. */
export function* buildGraph(plan: RoutingPlan, facts: ReturnFacts, old: ReturnGraph | null = null): Generator<void, ReturnGraph> {
  const ids = [...plan.steps.keys(), ANY_EXTENSION];
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  yield;
  const judged: JudgedTexts = new Map();
  const ways: (readonly CallerWay[])[] = [];
  const phones = [...plan.extensions.keys()].filter((extension) => facts.hasPhone(extension)).join();
  yield;
  const kept = old !== null && phones === old.phones && (yield* hasSameSurroundings(plan, old.plan)) ? old : null;
  for (const [id, step] of plan.steps) {
    const place = kept?.indexOf.get(id);
    const known = place !== undefined && isSame(step, kept?.plan.steps.get(id)) ? kept?.ways[place] : undefined;
    ways.push(known ?? waysOf(plan, step, facts, judged));
    if (ways.length % SLICE === 0) yield;
  }
  ways.push(dialledWays(plan));
  yield;
  const { targets, before } = yield* linked(ways, indexOf);
  const endless = yield* findEndless(ways, targets, before, () => true);
  const seeds: number[] = [];
  for (let index = 0; index < ids.length; index += 1) {
    if (endless[index] === 1 || (targets[index] ?? []).includes(-1)) seeds.push(index);
    if (index % SLICE === 0) yield;
  }
  return { plan, phones, ids, indexOf, ways, targets, before, endless, suspect: yield* reaching(before, seeds, ids.length) };
}

function* hasSameSurroundings(now: RoutingPlan, old: RoutingPlan): Generator<void, boolean> {
  for (const part of SURROUNDINGS) {
    if (!(yield* isSameInSlices(now[part], old[part]))) return false;
    yield;
  }
  return true;
}

/** Where each way leads, and from where each step is reached. */
function* linked(ways: ReturnGraph['ways'], indexOf: ReadonlyMap<StepId, number>): Generator<void, Pick<ReturnGraph, 'targets' | 'before'>> {
  const targets: (readonly number[])[] = [];
  const before: number[][] = ways.map(() => []);
  for (const list of ways) {
    const to = list.map((way) => (way.to === null ? -1 : indexOf.get(way.to) ?? -1));
    for (const one of new Set(to)) if (one >= 0) before[one]?.push(targets.length);
    targets.push(to);
    if (targets.length % SLICE === 0) yield;
  }
  return { targets, before };
}

/** Every step from which one of `seeds` can be reached. */
export function* reaching(before: readonly (readonly number[])[], seeds: readonly number[], count: number): Generator<void, Uint8Array> {
  const marked = new Uint8Array(count);
  const open: number[] = [];
  const mark = (index: number): void => {
    if (marked[index] === 1) return;
    marked[index] = 1;
    open.push(index);
  };
  seeds.forEach(mark);
  let done = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    (before[at] ?? []).forEach(mark);
    done += 1;
    if (done % SLICE === 0) yield;
  }
  return marked;
}

/**
 * The largest set of steps of which each has an open way into the set that needs nothing of the caller: in it a call can
 * go round for ever. Compile refuses most of these; a person who declines each time is one it allows.
 */
export function* findEndless(
  ways: ReturnGraph['ways'], targets: ReturnGraph['targets'], before: ReturnGraph['before'], isOpen: (way: CallerWay) => boolean, among: readonly number[] = ways.map((_, index) => index),
): Generator<void, Uint8Array> {
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
  let done = 0;
  for (const index of among) {
    left[index] = count(index, null);
    done += 1;
    if (done % SLICE === 0) yield;
  }
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
    done += 1;
    if (done % SLICE === 0) yield;
  }
  return inside;
}

/** `findEndless` at one go, for few steps. */
export function endlessOf(...given: Parameters<typeof findEndless>): Uint8Array {
  return inOneGo(findEndless(...given));
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

/** `isSame` of two lists or tables of a plan, which can be as long as the plan. */
function* isSameInSlices(a: unknown, b: unknown): Generator<void, boolean> {
  if (a === b || !(a instanceof Map) || !(b instanceof Map)) return isSame(a, b);
  if (a.size !== b.size) return false;
  const others = b.entries();
  let done = 0;
  for (const entry of a) {
    if (!isSame(entry, others.next().value)) return false;
    done += 1;
    if (done % SLICE === 0) yield;
  }
  return true;
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
