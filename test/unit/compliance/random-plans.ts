// Small plans of every step kind for fast-check, compiled as the product compiles them; and the instants at which their
// hours can differ. Times of opening are quarters of an hour.
import * as fc from 'fast-check';
import { compile } from '../../../src/routing/compile.ts';
import { dayOf } from '../../../src/routing/local-time.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';

export const TODAY = '2026-11-23';
const DAY_MS = 86_400_000;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** Listed dates: an ordinary Wednesday, both changes of the clocks, Christmas Eve. */
const DATES = ['2026-12-02', '2027-03-28', '2027-10-31', '2026-12-24'];
const HOLIDAYS = ['2026-12-25', '2026-12-28', '2027-03-26'];

const clock = fc.integer({ min: 0, max: 95 }).map((quarter) => `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`);
const interval = fc.tuple(clock, clock).filter(([from, to]) => from !== to && to !== '00:00').map(([from, to]) => `${from}-${to}`);
const open = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant(['00:00-24:00']) }, { weight: 3, arbitrary: interval.map((one) => [one]) });
const table = fc.record({
  week: fc.record(Object.fromEntries(DAYS.map((day) => [day, open]))),
  dates: fc.dictionary(fc.constantFrom(...DATES), open.map((times) => ({ label: 'Listed', open: times })), { maxKeys: 2 }),
  bankHolidays: fc.oneof(fc.constant('ordinary'), open.map((times) => ({ open: times }))),
});

const KINDS = ['hours', 'hours', 'switch', 'caller', 'menu', 'menu', 'play', 'collect', 'lookup', 'branch', 'ring', 'voicemail', 'goto', 'end'] as const;
const SAYS = ['plain', 'name', 'number', 'both', 'both'] as const;
const count = 9;
const steps = fc.array(fc.record({
  kind: fc.constantFrom(...KINDS), say: fc.constantFrom(...SAYS), to: fc.array(fc.nat(count), { minLength: 6, maxLength: 6 }),
  which: fc.boolean(), listed: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), how: fc.constantFrom('hang-up', 'busy', 'congestion'), isBack: fc.integer({ min: 0, max: 5 }),
}), { minLength: count, maxLength: count });
type Drawn = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never;

/** JSON of a plan and its phones; many do not compile, as loops are likely. */
export const planJson = fc.record({
  steps, tables: fc.tuple(table, table), greeting: fc.constantFrom(...SAYS), own: fc.constantFrom(...SAYS),
  phones: fc.subarray(['201', '202']), last: fc.constantFrom(...SAYS), hasNumber: fc.boolean(),
});

/** null = does not compile. Bank holidays are cut to a few, so that walking all of them takes no minute. */
export function planOf(drawn: typeof planJson extends fc.Arbitrary<infer One> ? One : never): RoutingPlan | null {
  const made = Object.fromEntries(drawn.steps.map((step, index) => [`s${index}`, stepOf(step, index)]));
  const { plan } = compile({
    schema: 1,
    organisation: { name: 'Smith & Jones', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: { '+441632960018': { label: 'Main', entry: 's0' } },
    hours: { one: drawn.tables[0], two: drawn.tables[1] },
    switches: { night: { label: 'Night', positions: ['off', 'on'] }, snow: { label: 'Snow', positions: ['no', 'yes', 'deep'] } },
    prompts: {
      plain: { file: 'a.wav', text: 'One moment.' }, name: { file: 'a.wav', text: 'This is SMITH and Jones.' },
      number: { file: 'a.wav', text: 'Call us on (01632) 960 018.' }, both: { file: 'a.wav', text: 'Smith and Jones, 0163 296 0018.' },
    },
    callerLists: { vip: ['+441632960200'] },
    extensions: { 201: { name: 'One', mailbox: 'box' }, 202: { name: 'Two' } },
    groups: { both: { name: 'Both', members: ['201', '202'] } },
    mailboxes: { box: { name: 'Box', greeting: [drawn.greeting] } },
    steps: { ...made, [`s${count}`]: { kind: 'end', how: 'hang-up', say: [drawn.last] } },
    failsafe: `s${count}`,
  }, { customer: 'acme', version: 1, hash: JSON.stringify(drawn).length.toString() });
  if (plan === null) return null;
  const few = new Map(HOLIDAYS.map((date) => [date, 'A bank holiday']));
  return { ...plan, hours: new Map([...plan.hours].map(([name, one]) => [name, { ...one, bankHolidays: few }])) };
}

function stepOf({ kind, say, to, which, listed, how, isBack }: Drawn, index: number): unknown {
  /** Forward, so that most plans have no endless loop. */
  const on = (place: number): string => `s${index + 1 + ((to[place] ?? 0) % (count - index))}`;
  const anywhere = `s${to[5] ?? 0}`;
  const some = (names: readonly string[]): Record<string, string> => Object.fromEntries(names.flatMap((name, place) => (listed[place] === true ? [[name, on(place)]] : [])));
  const table = which ? 'one' : 'two';
  const fallback = on(4);
  switch (kind) {
    case 'hours':
      return { kind, hours: table, on: some(['open', 'closed', 'holiday']), fallback };
    case 'switch':
      return which ? { kind, switch: 'night', on: some(['off', 'on']), fallback } : { kind, switch: 'snow', on: some(['no', 'yes', 'deep']), fallback };
    case 'caller':
      return { kind, cases: [{ withheld: true, to: on(0) }, { list: 'vip', to: on(1) }, ...(which ? [{ prefix: '+4420', to: on(2) }, { country: 'FR', to: on(3) }] : [{ noNumber: true, to: on(2) }])], on: some(['otherwise']), fallback };
    case 'menu':
      return { kind, say: [say], choices: { 1: isBack === 0 ? anywhere : on(0), ...(which ? { 201: on(1) } : { '*': anywhere }) }, dialExtension: listed[3], on: some(['no-input', 'no-match']), fallback };
    case 'play':
      return { kind, say: which ? [say] : ['plain', say], on: some(['done']), fallback };
    case 'collect':
      return { kind, variable: 'tier', say: [say], minDigits: 2, maxDigits: 2, on: { ...some(['collected', 'no-input']), ...(isBack === 1 ? { 'no-match': anywhere } : {}) }, fallback };
    case 'lookup':
      return { kind, url: 'https://crm.example/', on: some(['found', 'not-found', 'failed']), fallback };
    case 'branch':
      return { kind, variable: 'tier', cases: [{ equals: 'gold', to: on(0) }, { prefix: '12', to: on(1) }, { atLeast: 50, to: on(2) }], on: some(['otherwise']), fallback };
    case 'ring':
      return { kind, targets: which ? [{ group: 'both' }] : [{ extension: '202' }], on: { ...some(['busy', 'no-answer', 'unreachable']), ...(isBack === 2 ? { declined: anywhere } : {}) }, fallback };
    case 'voicemail':
      return { kind, mailbox: 'box', ...(which ? { greeting: [say] } : {}), on: some(['recorded', 'nothing-recorded', 'mailbox-full']), fallback };
    case 'goto':
      return { kind, to: on(0) };
    case 'end':
      return { kind, how, say: which ? [say] : [] };
  }
}

/** Every `stepMinutes` of an ordinary week and of each listed date and bank holiday with the day after, and the minute before each. */
export function instantsOf(plan: RoutingPlan, stepMinutes: number): readonly number[] {
  const days = new Set<number>();
  for (let at = 0; at < 7; at += 1) days.add((dayOf('2027-06-07') ?? 0) + at);
  for (const { dates, bankHolidays, bankHolidayOpen } of plan.hours.values()) {
    for (const date of [...dates.keys(), ...(bankHolidayOpen === null ? [] : bankHolidays.keys())]) for (const more of [0, 1]) days.add((dayOf(date) ?? 0) + more);
  }
  const instants: number[] = [];
  // Two hours before and after, as local days do not begin at midnight UTC.
  for (const day of days) for (let minute = -120; minute < 1560; minute += stepMinutes) instants.push(day * DAY_MS + minute * 60_000, day * DAY_MS + (minute - 1) * 60_000);
  return instants;
}
