// What a caller of a plan can come to at each step while nobody has told who was reached: the graph that the proof walks.
// Outcomes are turned into steps by the same `decide` as a live call. Read `CallerWay`, then `waysOf`.
import { decide } from '../routing/decide.ts';
import type { EndHow } from '../routing/decide.ts';
import { FAULT, OUTCOMES } from '../routing/outcomes.ts';
import type { CallerCase, Outcome, RingStep, RoutingPlan, SayItem, Step, StepId } from '../routing/plan.ts';
import { extensionsOf } from '../routing/ring-members.ts';
import type { HourState } from './hour-classes.ts';
import { identifies, type JudgedTexts } from './identification.ts';

/** One way on, or the end (`to` null) of a call that told nothing. */
export interface CallerWay {
  readonly to: StepId | null;
  readonly ends: Exclude<EndHow, 'answered'> | null;
  readonly outcome: string;
  /** Keys that lead here; '' = by themselves, a case or silence. */
  readonly keys: string;
  /** The caller did something: pressed keys, left a message. */
  readonly isByCaller: boolean;
  /** Sentence part: `when nobody answers at "sales"`; '' = nothing to say. */
  readonly note: string;
  readonly hours: { readonly table: string; readonly state: HourState } | null;
  readonly switch: { readonly name: string; readonly position: string } | null;
}

/** Facts beside the plan. */
export interface ReturnFacts {
  /** Whether a phone is assigned to an extension; whether it is online does not matter. */
  hasPhone(extension: string): boolean;
}

/** Where menus with `dialExtension` lead: all extensions at once, so that a thousand menus do not list them each. */
export const ANY_EXTENSION: StepId = '@';

const PLAIN = { keys: '', isByCaller: false, note: '', hours: null, switch: null } as const;

/**
 * Ways out of `step` on which the caller has not been told the name and the contact. None = whoever gets here is told, or
 * talks to a person. Faults of our own side are not among them: they are no choice of a caller, and have their alarms.
 * Nor is it counted against a plan that a caller skips a message by a key, or hangs up in the middle of it.
 */
export function waysOf(plan: RoutingPlan, step: Step, facts: ReturnFacts, judged: JudgedTexts): readonly CallerWay[] {
  const ways: CallerWay[] = [];
  const leave = (outcome: Outcome, more: Partial<CallerWay> = {}): void => {
    const next = decide(plan, step, outcome);
    const base = { ...PLAIN, outcome: outcome.name, ...more };
    if (next.kind === 'go') ways.push({ ...base, to: next.to, ends: null });
    else if (next.how !== 'answered') ways.push({ ...base, to: null, ends: next.how });
  };
  const tells = (say: readonly SayItem[]): boolean => identifies(plan, say, judged);
  switch (step.kind) {
    case 'hours':
      if (!plan.hours.has(step.hours)) leave({ name: FAULT });
      else for (const state of OUTCOMES.hours) leave({ name: state }, { hours: { table: step.hours, state } });
      break;
    case 'switch':
      if (!plan.switches.has(step.switch)) leave({ name: FAULT });
      for (const position of plan.switches.get(step.switch)?.positions ?? []) leave({ name: position }, { switch: { name: step.switch, position } });
      break;
    case 'caller':
      for (const test of step.cases) leave({ name: 'case', to: test.to }, { note: callerNote(test) });
      leave({ name: 'otherwise' });
      break;
    case 'branch':
      // The value itself is not told: it may be a PIN.
      step.cases.forEach(({ to }, index) => leave({ name: 'case', to }, { note: `when ${step.variable} fits case ${index + 1} of "${step.id}"` }));
      leave({ name: 'otherwise' });
      break;
    case 'goto':
      leave({ name: 'goto', to: step.to });
      break;
    case 'play':
      if (!tells(step.say)) leave({ name: 'done' });
      break;
    case 'menu':
      if (tells(step.say)) break;
      leave({ name: 'no-input' });
      for (const keys of Object.keys(step.choices)) leave({ name: 'choice', digits: keys }, { keys, isByCaller: true });
      leave({ name: 'no-match' }, { keys: 'that are no choice', isByCaller: true });
      if (step.dialExtension) ways.push(...extensionWays(plan, step));
      break;
    case 'collect':
      if (tells(step.say)) break;
      leave({ name: 'no-input' });
      leave({ name: 'collected' }, { keys: `for ${step.variable}`, isByCaller: true });
      leave({ name: 'no-match' }, { keys: 'that do not fit', isByCaller: true });
      break;
    case 'lookup':
      for (const name of OUTCOMES.lookup) leave({ name }, { note: `when "${step.id}" ${name === 'found' ? 'finds something' : name === 'failed' ? 'fails' : 'finds nothing'}` });
      break;
    case 'ring':
      for (const name of refusalsOf(plan, step, facts)) leave({ name }, { note: ringNote(plan, step, facts, name) });
      break;
    case 'voicemail':
      // A full mailbox plays no greeting.
      leave({ name: 'mailbox-full' }, { note: `when the mailbox "${step.mailbox}" is full` });
      if (tells(step.greeting.length > 0 ? step.greeting : plan.mailboxes.get(step.mailbox)?.greeting ?? [])) break;
      leave({ name: 'nothing-recorded' });
      leave({ name: 'recorded' }, { isByCaller: true, note: 'after a message was left' });
      break;
    case 'end':
      if (!tells(step.say)) leave({ name: 'ended' });
      break;
  }
  return ways;
}

/** A choice hides the extension with the same digits. */
function extensionWays(plan: RoutingPlan, step: Extract<Step, { kind: 'menu' }>): readonly CallerWay[] {
  const isHidden = Object.keys(step.choices).some((keys) => plan.extensions.has(keys));
  if (!isHidden) return [{ ...PLAIN, to: ANY_EXTENSION, ends: null, outcome: 'extension', isByCaller: true }];
  return dialledWays(plan).filter(({ keys }) => !Object.hasOwn(step.choices, keys));
}

/** Ways of `ANY_EXTENSION`. */
export function dialledWays(plan: RoutingPlan): readonly CallerWay[] {
  return [...plan.extensions.keys()].map((number) => ({ ...PLAIN, to: `@${number}`, ends: null, outcome: 'extension', keys: number, isByCaller: true }));
}

/**
 * How ringing ends when nobody talks to the caller. An offline phone is no counter-example: where a phone is assigned,
 * `unreachable` is not walked. Without one, nobody is there, whatever the outcome is called; outside members do not
 * count as people of ours.
 */
function refusalsOf(plan: RoutingPlan, step: RingStep, facts: ReturnFacts): readonly string[] {
  return hasAnyPhone(plan, step, facts) ? REFUSALS : [...REFUSALS, 'unreachable'];
}

/** The usual one first: it is the one that people read of. */
const REFUSALS = ['no-answer', 'busy', 'declined'] as const satisfies readonly (typeof OUTCOMES.ring)[number][];

function hasAnyPhone(plan: RoutingPlan, step: RingStep, facts: ReturnFacts): boolean {
  return extensionsOf(plan, step).some((extension) => plan.extensions.has(extension) && facts.hasPhone(extension));
}

function ringNote(plan: RoutingPlan, step: RingStep, facts: ReturnFacts, outcome: string): string {
  if (!hasAnyPhone(plan, step, facts)) return `as nobody at "${step.id}" has a phone`;
  return outcome === 'busy' ? `when "${step.id}" is busy` : outcome === 'declined' ? `when "${step.id}" declines` : `when nobody answers at "${step.id}"`;
}

function callerNote(test: CallerCase): string {
  switch (test.kind) {
    case 'withheld':
      return 'from a withheld number';
    case 'no-number':
      return 'from a caller without a number';
    case 'prefix':
      return `from a number that begins with ${test.prefix}`;
    case 'country':
      return `from a number of ${test.country}`;
    case 'list':
      return `from a caller on the list "${test.list}"`;
  }
}
