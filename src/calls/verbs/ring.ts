// Rings extensions, groups and people outside until one answers, and connects that person: the ring step of a plan.
// The caller hears ringing or music all the while; a call that is not answered yet stays so until a person answers.
import type { OutsideMember, Outcome, RingStep, RoutingPlan } from '../../routing/plan.ts';
import { isOutside, memberName, membersOf, outsideOf } from '../../routing/ring-members.ts';
import type { Call } from '../call.ts';
import { connect } from './connect.ts';
import { dial, dialOn, type DialOptions } from './dial.ts';
import { EarlyMedia } from './early-media.ts';
import { hearWaiting, type Waiting } from './hear-waiting.ts';
import type { Leg } from '../leg.ts';
import { ringOutside } from './ring-outside.ts';

/** Why somebody has not got the call: as the step sees it, and as people read it. */
interface Refusal {
  readonly outcome: string;
  readonly text: string;
}

interface Turn {
  readonly members: readonly string[];
}

/** `answered` ends the flow (the call's end is set); `transferred` goes on at the step named. */
export type RingResult = Outcome;

/** Legs that another process had ringing for this step, and whose turn would have come next. */
export interface RingResume {
  readonly legs: readonly Leg[];
  readonly untilMs: number;
  readonly remaining: readonly string[];
}

export async function ring(call: Call, plan: RoutingPlan, step: RingStep, resume: RingResume | null = null): Promise<RingResult> {
  const turns = resume === null ? await order(call, plan, step) : resumed(call, step, resume);
  if (turns.length === 0) return { name: 'unreachable', detail: 'nobody to ring' };
  const waiting = await hearWaiting(call, step.hears);
  const refusals = new Map<string, Refusal>();
  let answered: Answered | null = null;
  try {
    for (const [index, turn] of turns.entries()) {
      const remaining = turns.slice(index + 1).flatMap((later) => later.members);
      answered = await ringTogether(call, plan, step, { ...turn, remaining, resume: index === 0 ? resume : null }, refusals);
      if (answered !== null) break;
    }
  } finally {
    if (answered === null) await waiting.stop();
  }
  if (answered === null) return summary(plan, step, refusals);
  return connectTo(call, plan, step, answered, waiting);
}

/** Who answered, and the bridge in which the caller hears them already, if there is one. */
interface Answered {
  readonly leg: Leg;
  readonly bridge: string | null;
}

async function connectTo(call: Call, plan: RoutingPlan, step: RingStep, { leg, bridge }: Answered, waiting: Waiting): Promise<Outcome> {
  const who = memberName(plan, step, leg.extension);
  const others = call.legs.filter((one) => one !== leg && one.record.result === 'answered-elsewhere').map((one) => memberName(plan, step, one.extension));
  const detail = `${who} answered${others.length === 0 ? '' : `; ${others.join(', ')}: answered elsewhere`}`;
  await call.deps.state.putLastTalked(plan.customer, leg.extension, call.deps.clock.nowMs()).catch(() => {});
  const result = await connect(call, plan, step.id, leg, { waiting, detail, bridge });
  return result.kind === 'transferred' ? { name: 'transferred', to: result.to, detail: `${detail}; ${result.detail}` } : { name: 'answered', detail };
}

/** All of `members` ring at once; the first to answer wins, the others end as answered elsewhere. */
async function ringTogether(
  call: Call, plan: RoutingPlan, step: RingStep, turn: Turn & { readonly remaining: readonly string[]; readonly resume: RingResume | null }, refusals: Map<string, Refusal>,
): Promise<Answered | null> {
  const enough = new AbortController();
  const wanted = AbortSignal.any([call.signal, enough.signal]);
  const placed: Leg[] = [];
  let winner: Leg | null = null;
  // What one phone says before it answers can be passed on; of several at once nobody could tell which.
  let early = turn.members.length === 1 ? new EarlyMedia(call) : null;
  const nowMs = call.deps.clock.nowMs();
  const untilMs = turn.resume?.untilMs ?? nowMs + step.ringMs;
  const remember = async (): Promise<void> => {
    await call.save({
      kind: 'ringing', step: step.id, untilMs, remaining: turn.remaining,
      legs: placed.map((leg) => ({ channel: leg.channel, extension: leg.extension, placedAtMs: leg.record.placedAtMs })),
    });
  };
  const take = (leg: Leg): boolean => {
    if (winner !== null) return false;
    winner = leg;
    enough.abort(new Error('answered elsewhere'));
    return true;
  };
  const ringOut = async (member: OutsideMember, ringing: Leg | undefined): Promise<void> => {
    const result = await ringOutside(call, plan, step, member, {
      untilMs, wanted, ringing,
      onEarlyMedia: (leg) => early?.begin(leg),
      onPlaced: (leg) => {
        placed.push(leg);
        void remember().catch(() => {});
      },
      onNext: async () => {
        await early?.settle(null);
        if (early !== null) early = new EarlyMedia(call);
        await remember();
      },
    });
    if (result.kind === 'refused') refusals.set(member.number, result);
    if (result.kind !== 'answered') return;
    if (take(result.leg)) result.take();
    else await result.lose();
  };
  const results = turn.members.map(async (extension) => {
    const rings = turn.resume?.legs.find((leg) => leg.extension === extension);
    const outside = outsideOf(step, extension);
    if (outside !== undefined) return ringOut(outside, rings);
    const options: DialOptions = {
      to: extension,
      name: memberName(plan, step, extension),
      endpoint: call.deps.endpointOf(plan, extension),
      ringMs: Math.max(1, untilMs - nowMs),
      variables: legVariables(call),
      wanted,
      onEarlyMedia: (leg) => early?.begin(leg),
      onPlaced: (leg) => placed.push(leg),
    };
    const result = await (rings === undefined ? dial(call, options) : dialOn(call, rings, options));
    if (result.kind !== 'answered') {
      if (result.kind !== 'cancelled') refusals.set(extension, { outcome: result.kind, text: result.kind.replace('-', ' ') });
      return;
    }
    if (take(result.leg)) return;
    // Two people picked up in the same instant: the second must not sit in silence.
    result.leg.settle('answered-elsewhere', call.deps.clock.nowMs());
    await call.endLeg(result.leg, 'answered-elsewhere');
  });
  // `dial` registers its leg before it first awaits, so `placed` is complete here and kept before anything rings long.
  const remembered = remember().catch(() => {});
  try {
    await firstAnswerOrAll(results, () => winner !== null);
  } catch (error) {
    // The link was away: the step is done again after it, and no phone of this try may ring beside the next one's.
    enough.abort(new Error('given up'));
    throw error;
  }
  await remembered;
  const bridge = (await early?.settle(winner)) ?? null;
  call.signal.throwIfAborted();
  return winner === null ? null : { leg: winner, bridge };
}

/** Resolves as soon as one answered; the losers' clean-up goes on in the background (their legs are the call's). */
function firstAnswerOrAll(results: readonly Promise<void>[], hasWinner: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = results.length;
    for (const result of results) {
      result.then(
        () => {
          open -= 1;
          if (open === 0 || hasWinner()) resolve();
        },
        reject,
      );
    }
  });
}

/** The caller's number goes to the phone as its connected line; the name only as validated text. */
export function legVariables(call: Call): Record<string, string> {
  const variables: Record<string, string> = { 'PJSIP_TRANSFER_HANDLING()': 'ari-only' };
  // After a transfer the one who waits is the one who is shown, not the one who has left.
  const served = call.party.extension;
  if (served !== '') return { ...variables, 'CONNECTEDLINE(num,i)': served, 'CONNECTEDLINE(name,i)': call.party.record.name };
  const number = call.origin.caller.number;
  if (number.kind === 'e164') variables['CONNECTEDLINE(num,i)'] = number.e164;
  else if (number.kind === 'extension') variables['CONNECTEDLINE(num,i)'] = number.number;
  else variables['CONNECTEDLINE(pres,i)'] = 'prohib_passed_screen';
  const name = call.origin.caller.displayName;
  if (name !== undefined && number.kind !== 'withheld') variables['CONNECTEDLINE(name,i)'] = name;
  return variables;
}

/** Who rang goes on ringing; nobody is rung twice. */
function resumed(call: Call, step: RingStep, resume: RingResume): readonly Turn[] {
  const first = [...resume.legs.map((leg) => leg.extension), ...betweenTrunks(call, step, resume)];
  return [...(first.length === 0 ? [] : [{ members: first }]), ...resume.remaining.map((member) => ({ members: [member] }))];
}

/** People outside whose trunk had refused when the other process died: the next one is tried. */
function betweenTrunks(call: Call, step: RingStep, { legs }: RingResume): readonly string[] {
  return call.decisions.unclaimed.flatMap(({ input: { destination }, attempts, end }) => {
    const isBetween = destination !== null && end === null && attempts.length > 0 && attempts.every(({ result }) => result !== null);
    return isBetween && outsideOf(step, destination) !== undefined && legs.every((leg) => leg.extension !== destination) ? [destination] : [];
  });
}

async function order(call: Call, plan: RoutingPlan, step: RingStep): Promise<readonly Turn[]> {
  // Nobody is rung by their own call: whoever is served, which after a transfer is not who began it.
  const own = call.party.extension === '' ? call.origin.callerExtension : call.party.extension;
  const members = membersOf(plan, step).filter((member) => member !== own && (isOutside(member) || plan.extensions.has(member)));
  if (members.length === 0) return [];
  const sorted = await sort(call, plan, step, members);
  return step.strategy === 'all' ? [{ members: sorted }] : sorted.map((member) => ({ members: [member] }));
}

async function sort(call: Call, plan: RoutingPlan, step: RingStep, members: readonly string[]): Promise<readonly string[]> {
  switch (step.strategy) {
    case 'all':
    case 'in-order':
      return members;
    case 'random': {
      const left = [...members];
      const out: string[] = [];
      while (left.length > 0) out.push(...left.splice(Math.floor(call.deps.random() * left.length), 1));
      return out;
    }
    case 'round-robin': {
      const turn = await call.deps.state.nextTurn(`${plan.customer}/${step.id}`).catch(() => 0);
      const at = turn % members.length;
      return [...members.slice(at), ...members.slice(0, at)];
    }
    case 'least-recent': {
      const talked = await call.deps.state.lastTalked(plan.customer, members).catch(() => new Map<string, number>());
      return [...members].sort((a, b) => (talked.get(a) ?? 0) - (talked.get(b) ?? 0));
    }
  }
}

/** The best that anybody came to, from the caller's point of view. */
function summary(plan: RoutingPlan, step: RingStep, refusals: ReadonlyMap<string, Refusal>): Outcome {
  const kinds = [...refusals.values()].map(({ outcome }) => outcome);
  const name = (['no-answer', 'busy', 'declined', 'unreachable'] as const).find((kind) => kinds.includes(kind)) ?? 'unreachable';
  const texts = [...refusals].map(([member, { text }]) => `${memberName(plan, step, member)}: ${text}`);
  return { name, detail: texts.join(', ') };
}
