// A plan on its way from a compile thread to the main thread: what every plan has in common stays behind, long lists are
// plain texts in a row, large maps come in parts. The main thread pays for each object that it receives. PURE.
// Read `packPlan` and `unpackPlan`.
import type { E164 } from '../numbering/e164.ts';
import { bankHolidaysOf } from '../routing/bank-holidays.ts';
import { deepFreeze } from '../routing/freeze.ts';
import type { RegisteredNumber } from '../routing/outbound.ts';
import type { DdiEntry, HoursTable, RoutingPlan } from '../routing/plan.ts';

/** Maps of a plan, which may be sent in parts. */
export type PlanMap = { [Key in keyof RoutingPlan]: RoutingPlan[Key] extends ReadonlyMap<string, unknown> ? Key : never }[keyof RoutingPlan];
/** What many numbers of a plan say alike. */
type Registration = Omit<RegisteredNumber, 'number' | 'label'>;
/** Entries of one map. */
export type Part =
  /** ddi, label, entry, ddi, label, entry … */
  | { readonly map: 'numbers'; readonly texts: readonly string[] }
  /** number, label, number, label …; `alike` gives for each number which of `registrations` is its own. */
  | { readonly map: 'registry'; readonly texts: readonly string[]; readonly registrations: readonly Registration[]; readonly alike: readonly number[] }
  | { readonly map: OtherMap; readonly entries: readonly (readonly [string, unknown])[] };
export interface Packed {
  /** Without its numbers; without its other maps as well when they are large. */
  readonly plan: RoutingPlan;
  /** Come with the plan: at most `PART_ENTRIES` entries together. */
  readonly first: readonly Part[];
  /** Come one by one. */
  readonly later: readonly Part[];
}

/** Entries in one part: about 1 ms of the main thread. */
export const PART_ENTRIES = 1_000;
type OtherMap = Exclude<PlanMap, 'numbers' | 'registry'>;
const OTHER_MAPS: readonly OtherMap[] = ['sites', 'steps', 'prompts', 'extensions', 'groups', 'mailboxes', 'callerLists', 'hours', 'switches'];
/** Stands for the nation's own bank holidays, of which each thread has the same. */
const ORDINARY = null;

/** `plan` for the way. It shares objects with `plan`, which must not be used by anybody else any more. */
export function packPlan(plan: RoutingPlan): Packed {
  const nation = bankHolidaysOf(plan.organisation.nation);
  const hours = new Map([...plan.hours].map(([name, table]) => [name, table.bankHolidays === nation ? ({ ...table, bankHolidays: ORDINARY } as unknown as HoursTable) : table]));
  const thin = { ...plan, hours, numbers: new Map<E164, DdiEntry>(), registry: new Map<E164, RegisteredNumber>() };
  const numbers = [...inSlices([...plan.numbers.values()])].map((slice): Part => ({ map: 'numbers', texts: slice.flatMap(({ ddi, label, entry }) => [ddi, label, entry]) }));
  const registry = [...inSlices([...plan.registry.values()])].map(registryPart);
  const others = OTHER_MAPS.reduce((sum, map) => sum + thin[map].size, 0);
  if (others <= PART_ENTRIES) {
    const isSmall = plan.numbers.size + plan.registry.size + others <= PART_ENTRIES;
    return { plan: thin, first: isSmall ? [...numbers, ...registry] : [], later: isSmall ? [] : [...numbers, ...registry] };
  }
  const emptied: Partial<Record<PlanMap, ReadonlyMap<string, unknown>>> = Object.fromEntries(OTHER_MAPS.map((map) => [map, new Map()]));
  const rest = OTHER_MAPS.flatMap((map) => [...inSlices([...(thin[map] as ReadonlyMap<string, unknown>)])].map((entries): Part => ({ map, entries })));
  return { plan: { ...thin, ...emptied } as RoutingPlan, first: [], later: [...numbers, ...registry, ...rest] };
}

/** Puts a part where it belongs in a plan that has arrived; its entries are frozen. */
export function joinPart(plan: RoutingPlan, part: Part): void {
  if (part.map === 'numbers') return joinNumbers(plan.numbers as Map<E164, DdiEntry>, part.texts as readonly E164[]);
  if (part.map === 'registry') return joinRegistry(plan.registry as Map<E164, RegisteredNumber>, part);
  const map = plan[part.map] as Map<string, unknown>;
  // Opening hours are not complete yet.
  for (const [key, value] of part.entries) map.set(key, part.map === 'hours' ? value : deepFreeze(value));
}

/** The plan with all its parts joined as `compile` would have made it here, frozen. */
export function unpackPlan(plan: RoutingPlan): RoutingPlan {
  const nation = bankHolidaysOf(plan.organisation.nation);
  const hours = new Map([...plan.hours].map(([name, table]) => [name, (table.bankHolidays as unknown) === ORDINARY ? { ...table, bankHolidays: nation } : table]));
  return deepFreeze({ ...plan, hours });
}

function* inSlices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += PART_ENTRIES) yield items.slice(at, at + PART_ENTRIES);
}

function registryPart(slice: readonly RegisteredNumber[]): Part {
  const known = new Map<string, number>();
  const registrations: Registration[] = [];
  const alike = slice.map(({ number: _number, label: _label, ...registration }) => {
    const key = JSON.stringify(registration);
    const at = known.get(key) ?? registrations.push(registration) - 1;
    known.set(key, at);
    return at;
  });
  return { map: 'registry', texts: slice.flatMap(({ number, label }) => [number, label]), registrations, alike };
}

function joinNumbers(numbers: Map<E164, DdiEntry>, texts: readonly E164[]): void {
  for (let at = 0; at < texts.length; at += 3) {
    const ddi = texts[at] as E164;
    numbers.set(ddi, Object.freeze({ ddi, label: texts[at + 1] ?? '', entry: texts[at + 2] ?? '' }));
  }
}

function joinRegistry(registry: Map<E164, RegisteredNumber>, { texts, registrations, alike }: Extract<Part, { map: 'registry' }>): void {
  deepFreeze(registrations);
  for (const [at, which] of alike.entries()) {
    const registration = registrations[which];
    const number = texts[2 * at] as E164;
    if (registration !== undefined) registry.set(number, Object.freeze({ number, label: texts[2 * at + 1] ?? '', ...registration }));
  }
}
