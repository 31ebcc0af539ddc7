// The proof's opponent: walks a plan at real instants, with real callers, keys and values, and tries everything a caller
// can do. Shares with the proof what a live call uses (evaluate, decide, digit matching) and nothing else.
import { decide } from '../../../src/routing/decide.ts';
import { evaluate, isPureStep } from '../../../src/routing/evaluate.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import { collectOutcome, menuOutcome } from '../../../src/routing/match-digits.ts';
import type { Outcome, RoutingPlan, SayItem, Step } from '../../../src/routing/plan.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { CallerNumber } from '../../../src/numbering/caller.ts';

const CALLERS: readonly CallerNumber[] = [
  { kind: 'withheld' }, { kind: 'none' }, { kind: 'e164', e164: '+447700900123' as E164 }, { kind: 'e164', e164: '+442079460018' as E164 },
  { kind: 'e164', e164: '+441632960200' as E164 }, { kind: 'e164', e164: '+33123456789' as E164 },
];
const VALUES: readonly (string | null)[] = [null, 'gold', '1234', '77'];
const KEYS = '0123456789*#'.split('');

export interface World {
  readonly isIdentifying: (say: readonly SayItem[]) => boolean;
  readonly hasPhone: (extension: string) => boolean;
}

/** An outcome, and whether the caller had to do something for it. */
interface Tried {
  readonly outcome: Outcome;
  readonly isAct: boolean;
}

/** True when a caller of `entry` can be left without having been told, at one of `instants`, with any switch anywhere. */
export function canBeLeft(plan: RoutingPlan, entry: string, instants: Iterable<number>, world: World): boolean {
  const hoursSteps = [...plan.steps.values()].filter((step) => step.kind === 'hours');
  const seen = new Set<string>();
  for (const nowMs of instants) {
    const states = hoursSteps.map((step) => evaluate(plan, step, factsOf(nowMs, new Map())).name).join();
    // What the hours steps say is all that the time does.
    if (seen.has(states)) continue;
    seen.add(states);
    for (const switches of allPositions(plan)) if (isLeftAt(plan, entry, nowMs, switches, world)) return true;
  }
  return false;
}

function factsOf(nowMs: number, switches: ReadonlyMap<string, string>, number: CallerNumber = { kind: 'none' }, value: string | null = null): Facts {
  return { nowMs, caller: { number }, switches, variables: { values: value === null ? new Map() : new Map([['tier', value]]), secrets: new Set() } };
}

function* allPositions(plan: RoutingPlan): Generator<ReadonlyMap<string, string>> {
  const specs = [...plan.switches.values()];
  const go = function* (index: number, set: ReadonlyMap<string, string>): Generator<ReadonlyMap<string, string>> {
    const spec = specs[index];
    if (spec === undefined) yield set;
    else for (const position of spec.positions) yield* go(index + 1, new Map([...set, [spec.name, position]]));
  };
  yield* go(0, new Map());
}

function isLeftAt(plan: RoutingPlan, entry: string, nowMs: number, switches: ReadonlyMap<string, string>, world: World): boolean {
  const reached = new Set<string>();
  let frontier = [entry];
  const silent = new Map<string, string[]>();
  for (let depth = 0; depth <= plan.steps.size && frontier.length > 0; depth += 1) {
    const next: string[] = [];
    for (const id of frontier) {
      if (reached.has(id)) continue;
      reached.add(id);
      const step = plan.steps.get(id);
      if (step === undefined) return true;
      for (const { outcome, isAct } of untold(plan, step, nowMs, switches, world)) {
        const after = decide(plan, step, outcome);
        if (after.kind === 'end') {
          if (after.how !== 'answered') return true;
          continue;
        }
        if (!isAct) silent.set(id, [...(silent.get(id) ?? []), after.to]);
        next.push(after.to);
      }
    }
    frontier = next;
  }
  return [...reached].some((id) => comesBack(silent, id));
}

/** True when a call goes round through `id` although nobody does anything. */
function comesBack(silent: ReadonlyMap<string, readonly string[]>, id: string): boolean {
  const seen = new Set<string>();
  const open = [...(silent.get(id) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === id) return true;
    if (!seen.has(at)) open.push(...(silent.get(at) ?? []));
    seen.add(at);
  }
  return false;
}

/** What this step can come to for a caller who has heard nothing that identifies. */
function untold(plan: RoutingPlan, step: Step, nowMs: number, switches: ReadonlyMap<string, string>, world: World): Tried[] {
  if (isPureStep(step)) {
    const facts = CALLERS.flatMap((number) => VALUES.map((value) => factsOf(nowMs, switches, number, value)));
    return facts.map((one) => ({ outcome: evaluate(plan, step, one), isAct: false }));
  }
  const silence = (name: string): Tried => ({ outcome: { name }, isAct: false });
  switch (step.kind) {
    case 'play':
      return world.isIdentifying(step.say) ? [] : [silence('done')];
    case 'end':
      return world.isIdentifying(step.say) ? [] : [silence('ended')];
    case 'menu': {
      if (world.isIdentifying(step.say)) return [];
      const buffers = ['', ...KEYS, ...KEYS.map((key) => `99${key}`), ...Object.keys(step.choices), ...plan.extensions.keys()];
      return buffers.map((buffer) => ({ outcome: menuOutcome(step, buffer, plan.extensions), isAct: buffer !== '' }));
    }
    case 'collect': {
      if (world.isIdentifying(step.say)) return [];
      return ['', '*', '1'.repeat(step.maxDigits), '1'.repeat(step.maxDigits + 1)].map((buffer) => ({ outcome: collectOutcome(step, buffer), isAct: buffer !== '' }));
    }
    case 'lookup':
      return ['found', 'not-found', 'failed'].map(silence);
    case 'ring': {
      const members = step.targets.flatMap((target) => (target.kind === 'group' ? plan.groups.get(target.group)?.members ?? [] : target.kind === 'extension' ? [target.extension] : []));
      return ['busy', 'no-answer', 'declined', members.some(world.hasPhone) ? 'answered' : 'unreachable'].map(silence);
    }
    case 'voicemail': {
      const greeting = step.greeting.length > 0 ? step.greeting : plan.mailboxes.get(step.mailbox)?.greeting ?? [];
      const left = world.isIdentifying(greeting) ? [] : [silence('nothing-recorded'), { outcome: { name: 'recorded' }, isAct: true }];
      return [silence('mailbox-full'), ...left];
    }
  }
}
