// Whether every caller of a number reaches a person, or is told whose number it is and how to reach them (RULES 1-12, F7):
// proven by walking the compiled plan, or refuted by a counter-example in words. Read `Proof`, then `proving`.
import type { E164 } from '../numbering/e164.ts';
import type { HoursTable, RoutingPlan } from '../routing/plan.ts';
import type { CallerWay, ReturnFacts } from './caller-ways.ts';
import { counterExample, findPath, type CounterExample } from './counter-example.ts';
import { Calendar, classesOf, type HourState } from './hour-classes.ts';
import { buildGraph, changedSteps, findEndless, inOneGo, reaching, type ReturnGraph } from './return-graph.ts';

/** What was found about one number on one plan. Plain data. */
export interface Proof {
  readonly number: E164;
  readonly planHash: string;
  readonly isProven: boolean;
  /**
   * There were too many combinations to tell apart: hours and switches were taken as free choices. A number that is
   * proven then is proven; a counter-example then may be one that never comes about.
   */
  readonly isApproximate: boolean;
  /** Hour classes times switch positions on the route. */
  readonly combinations: number;
  readonly counterExample: CounterExample | null;
}

/** Above this, hours and switches are not told apart. */
export const MAX_COMBINATIONS = 4096;
/** Combinations times ways of one group of numbers beyond which the same is done: a bound on time, 100 times what plans need. */
const MAX_WORK = 30_000_000;

/** Numbers or steps between two yields: well under a millisecond. */
const SLICE = 100;

export interface ProvingOptions extends ReturnFacts {
  /** Local day of the customer (days since 1970); listed dates before it are over. */
  readonly today: number;
}

/** Proofs of all numbers of a plan, with what the next version needs to prove only what an edit touches. */
export interface ProofBook {
  readonly plan: RoutingPlan;
  readonly proofs: ReadonlyMap<E164, Proof>;
  /** Numbers that were walked for this book; the others are as in the one before. */
  readonly walked: number;
  readonly graph: ReturnGraph;
}

/** `proving` in one go. */
export function prove(plan: RoutingPlan, options: ProvingOptions, before: ProofBook | null = null): ProofBook {
  return inOneGo(proving(plan, options, before));
}

/**
 * Proofs of every number that callers can dial, outbound-only ones by the route of the number they return to. A call keeps
 * the hours and switches that it began with. Yields after each piece of work, well under a millisecond.
 */
export function* proving(plan: RoutingPlan, options: ProvingOptions, before: ProofBook | null = null): Generator<void, ProofBook> {
  const graph = yield* buildGraph(plan, options, before?.graph ?? null);
  const isSameZone = before?.plan.organisation.timeZone === plan.organisation.timeZone;
  const changed = before === null || !isSameZone ? null : yield* reaching(graph.before, yield* changedSteps(graph, before.graph), graph.ids.length);
  yield;
  const kept = new Map<number, Finding>();
  const entries = new Set<number>();
  let looked = 0;
  for (const { ddi, entry } of plan.numbers.values()) {
    looked += 1;
    if (looked % SLICE === 0) yield;
    const at = graph.indexOf.get(entry) ?? -1;
    const known = before?.plan.numbers.get(ddi)?.entry === entry ? before.proofs.get(ddi) : undefined;
    // A date that is over may have been the counter-example.
    if (known !== undefined && known.isProven && changed?.[at] === 0) kept.set(at, known);
    else if (known !== undefined && changed?.[at] === 0 && before !== null && bookDay.get(before) === options.today) kept.set(at, known);
    else entries.add(at);
  }
  for (const at of [...kept.keys(), -1]) entries.delete(at);
  const found = yield* new Prover(graph, new Calendar(plan.organisation.timeZone, options.today)).run([...entries]);
  const proofs = new Map<E164, Proof>();
  let walked = 0;
  for (const { ddi, entry } of plan.numbers.values()) {
    const at = graph.indexOf.get(entry) ?? -1;
    const proof = kept.get(at) ?? found.get(at) ?? LEADS_NOWHERE;
    if (!kept.has(at)) walked += 1;
    proofs.set(ddi, { ...proof, number: ddi, planHash: plan.hash });
    if (proofs.size % SLICE === 0) yield;
  }
  const book: ProofBook = { plan, proofs, walked, graph };
  bookDay.set(book, options.today);
  return book;
}

/** The day that a book was made for. */
const bookDay = new WeakMap<ProofBook, number>();

/** What was found about an entry, whatever numbers lead to it. */
type Finding = Omit<Proof, 'number' | 'planHash'>;
const PROVEN = { isProven: true, counterExample: null } as const;
/** No compiled plan has such a number; one that had would not be proven. */
const LEADS_NOWHERE: Finding = {
  isProven: false, isApproximate: false, combinations: 0,
  counterExample: { when: 'At any time', switches: {}, keys: [], path: [], endsAt: '', text: 'At any time with no key pressed leads to no step of the plan' },
};

/** Hours and switches that matter on a part of the graph. */
interface Choices {
  readonly tables: readonly HoursTable[];
  readonly switches: readonly string[];
}
/** Numbers whose suspect steps ask the same hours and switches, worked through together. */
interface Group extends Choices {
  readonly entries: { readonly at: number; readonly combinations: number }[];
  readonly steps: Set<number>;
}

class Prover {
  readonly #graph: ReturnGraph;
  readonly #calendar: Calendar;
  readonly #found = new Map<number, Finding>();
  readonly #stamps: Int32Array;
  #stamp = 0;

  constructor(graph: ReturnGraph, calendar: Calendar) {
    this.#graph = graph;
    this.#calendar = calendar;
    this.#stamps = new Int32Array(graph.ids.length);
  }

  *run(entries: readonly number[]): Generator<void, ReadonlyMap<number, Finding>> {
    const groups = new Map<string, Group>();
    for (const at of entries) {
      const combinations = this.#count(this.#choicesOf(this.#region(at, false)));
      const isApproximate = combinations > MAX_COMBINATIONS;
      if (this.#graph.suspect[at] !== 1) this.#found.set(at, { ...PROVEN, combinations, isApproximate });
      else if (isApproximate) this.#refute(at, combinations, null);
      else this.#addTo(groups, at, combinations);
      yield;
    }
    for (const group of groups.values()) yield* this.#tryAll(group);
    return this.#found;
  }

  /** Steps that calls reach from `at`, all of them or only suspect ones. */
  #region(at: number, isSuspectOnly: boolean): readonly number[] {
    this.#stamp += 1;
    const region = [at];
    this.#stamps[at] = this.#stamp;
    for (const from of region) {
      for (const to of this.#graph.targets[from] ?? []) {
        if (to < 0 || this.#stamps[to] === this.#stamp || (isSuspectOnly && this.#graph.suspect[to] !== 1)) continue;
        this.#stamps[to] = this.#stamp;
        region.push(to);
      }
    }
    return region;
  }

  #choicesOf(region: readonly number[]): Choices {
    const tables = new Set<string>();
    const switches = new Set<string>();
    for (const at of region) {
      // All ways of a step ask the same thing.
      const way = this.#graph.ways[at]?.[0];
      if (way?.hours) tables.add(way.hours.table);
      if (way?.switch) switches.add(way.switch.name);
    }
    const { plan } = this.#graph;
    return { tables: [...tables].sort().flatMap((name) => plan.hours.get(name) ?? []), switches: [...switches].sort() };
  }

  #count({ tables, switches }: Choices): number {
    const classes = tables.length === 0 ? 1 : classesOf(this.#calendar.spansOf(tables)).length;
    return switches.reduce((product, name) => product * this.#positions(name).length, classes);
  }

  #positions(name: string): readonly string[] {
    return this.#graph.plan.switches.get(name)?.positions ?? [];
  }

  #addTo(groups: Map<string, Group>, at: number, combinations: number): void {
    const region = this.#region(at, true);
    const choices = this.#choicesOf(region);
    const key = JSON.stringify([choices.tables.map(({ name }) => name), choices.switches]);
    const group = groups.get(key) ?? { ...choices, entries: [], steps: new Set<number>() };
    groups.set(key, group);
    group.entries.push({ at, combinations });
    for (const step of region) group.steps.add(step);
  }

  /** Each combination for all numbers of the group at once, backwards from the bad ends. */
  *#tryAll(group: Group): Generator<void, void> {
    const steps = [...group.steps];
    const work = this.#count(group) * steps.reduce((sum, at) => sum + (this.#graph.ways[at]?.length ?? 0) + 1, 0);
    if (work > MAX_WORK) {
      for (const { at, combinations } of group.entries) {
        this.#refute(at, combinations, null);
        yield;
      }
      return;
    }
    let open = group.entries;
    for (const choice of this.#combinations(group)) {
      const bad = yield* this.#badUnder(choice, steps);
      const still: Group['entries'] = [];
      for (const entry of open) {
        if (bad[entry.at] !== 1) {
          still.push(entry);
          continue;
        }
        this.#refute(entry.at, entry.combinations, choice);
        yield;
      }
      open = still;
      if (open.length === 0) return;
      yield;
    }
    for (const { at, combinations } of open) this.#found.set(at, { ...PROVEN, combinations, isApproximate: false });
  }

  *#combinations({ tables, switches }: Choices): Generator<Choice> {
    const classes = tables.length === 0 ? [[]] : classesOf(this.#calendar.spansOf(tables));
    const positions = switches.map((name) => this.#positions(name));
    const count = positions.reduce((product, { length }) => product * length, 1);
    for (let place = 0; place < count; place += 1) {
      const set = new Map<string, string>();
      let rest = place;
      switches.forEach((name, index) => {
        const list = positions[index] ?? [];
        set.set(name, list[rest % list.length] ?? '');
        rest = Math.floor(rest / list.length);
      });
      for (const states of classes) yield new Choice(new Map(tables.map(({ name }, index) => [name, states[index] ?? 'closed'])), set);
    }
  }

  *#badUnder(choice: Choice, steps: readonly number[]): Generator<void, Uint8Array> {
    const { ways, targets, before, endless } = this.#graph;
    const isOpen = (way: CallerWay): boolean => choice.allows(way);
    const mayRound = steps.filter((at) => endless[at] === 1);
    const rounds = mayRound.length > 0 ? yield* findEndless(ways, targets, before, isOpen, mayRound) : null;
    const bad = new Uint8Array(ways.length);
    const queue: number[] = [];
    const mark = (at: number): void => {
      bad[at] = 1;
      queue.push(at);
    };
    let looked = 0;
    for (const at of steps) {
      looked += 1;
      if (looked % SLICE === 0) yield;
      if (rounds?.[at] === 1 || (targets[at] ?? []).some((to, index) => to === -1 && isOpen(ways[at]?.[index] as CallerWay))) mark(at);
    }
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      looked += 1;
      if (looked % SLICE === 0) yield;
      for (const from of before[at] ?? []) {
        if (bad[from] === 0 && (targets[from] ?? []).some((to, index) => to === at && isOpen(ways[from]?.[index] as CallerWay))) mark(from);
      }
    }
    return bad;
  }

  /** `choice` null: hours and switches were free. */
  #refute(at: number, combinations: number, choice: Choice | null): void {
    const isOpen = (way: CallerWay): boolean => choice === null || choice.allows(way);
    const path = findPath(this.#graph, at, isOpen);
    this.#found.set(at, { ...PROVEN, isProven: false, combinations, isApproximate: choice === null, counterExample: counterExample(this.#graph, this.#calendar, path, choice === null) });
  }
}

/** One class of hours with one position of every switch. */
class Choice {
  readonly #states: ReadonlyMap<string, HourState>;
  readonly #positions: ReadonlyMap<string, string>;

  constructor(states: ReadonlyMap<string, HourState>, positions: ReadonlyMap<string, string>) {
    this.#states = states;
    this.#positions = positions;
  }

  allows({ hours, switch: set }: CallerWay): boolean {
    if (hours !== null) return this.#states.get(hours.table) === hours.state;
    return set === null || this.#positions.get(set.name) === set.position;
  }
}
