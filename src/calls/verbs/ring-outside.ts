// Rings somebody outside for a ring step: judged like any call that leaves, placed over trunks, and asked to press 1 where
// the plan wants that. What it came to stands in the trace and in one decision. Read `ringOutside`.
import { formatNumber, isE164, type E164 } from '../../numbering/e164.ts';
import { classOf } from '../../numbering/ranges.ts';
import type { OutsideMember, Outcome, RingStep, RoutingPlan } from '../../routing/plan.ts';
import type { Forwarded } from '../../trunks/header-recipe.ts';
import type { Call } from '../call.ts';
import { mayLeave, type Leave, type MayLeave } from '../leaving.ts';
import type { Leg } from '../leg.ts';
import { Acceptance } from './acceptance.ts';
import { dialOut, type DialOutResult } from './dial-out.ts';

export interface OutsideOptions {
  readonly untilMs: number;
  /** Aborts when somebody else has the call, or nobody wants it any more. */
  readonly wanted: AbortSignal;
  /** A leg that another process had ringing, or had asked, for this member. */
  readonly ringing: Leg | undefined;
  readonly onPlaced: (leg: Leg) => void;
  readonly onEarlyMedia: (leg: Leg) => void;
  readonly onNext: () => Promise<void>;
}

/** `answered`: they have the call if `take` is called, and hear or see that it has gone if `lose` is. */
export type OutsideResult =
  | { readonly kind: 'answered'; readonly leg: Leg; readonly take: () => void; readonly lose: () => Promise<void> }
  | { readonly kind: 'refused'; readonly outcome: Outcome['name']; readonly text: string }
  | { readonly kind: 'cancelled' };

/** Rejects with the call's end, or when the link is away. */
export async function ringOutside(call: Call, plan: RoutingPlan, step: RingStep, member: OutsideMember, options: OutsideOptions): Promise<OutsideResult> {
  const { wanted, ringing } = options;
  const judged = await judge(call, plan, member);
  const who = `${member.name}, ${formatNumber(member.number)}`;
  const trace = (outcome: string, text: string): void => call.trace({ step: step.id, kind: 'ring', outcome, text, next: null, tookFallback: false });
  if (judged.kind === 'refused') {
    trace('not-rung', `${who}, is not rung: ${judged.refused.text}`);
    if (ringing !== undefined) await call.endLeg(ringing, 'normal');
    return { kind: 'refused', outcome: 'unreachable', text: 'may not be called' };
  }
  const { leave } = judged;
  const { running } = leave;
  const over = async (end: string): Promise<void> => {
    leave.decision.endsAs(end);
    await running.end();
  };
  if (wanted.aborted) {
    await over('answered-elsewhere');
    call.signal.throwIfAborted();
    return { kind: 'cancelled' };
  }
  const shown = leave.verdict.presentation;
  trace('leaves', `${who}${shown === null ? '' : `, showing ${formatNumber(shown)}`}`);
  let result: DialOutResult;
  try {
    result = await dialled(call, leave, member, options);
  } catch (error) {
    if (wanted.aborted && !call.signal.aborted) {
      await over('answered-elsewhere');
      return { kind: 'cancelled' };
    }
    throw error;
  }
  if (result.kind === 'failed') {
    await over(result.result === 'cancelled' ? 'answered-elsewhere' : result.result);
    if (result.result === 'cancelled') return { kind: 'cancelled' };
    if (result.result === 'trunk-failed') call.deps.observer.alarm('no-trunk', `A call to ${who} found no trunk that took it. Last: ${result.text}`);
    return { kind: 'refused', outcome: OUTCOME_OF[result.result] ?? 'unreachable', text: result.result.replace('-', ' ') };
  }
  const { leg } = result;
  running.answered(leg.record.answeredAtMs ?? call.deps.clock.nowMs());
  return member.pressToAccept ? asked(call, plan, { member, leg, leave, wanted, over, trace }) : answered(call, leg, leave, async () => {
    await call.endLeg(leg, 'answered-elsewhere');
    await over('answered-elsewhere');
  });
}

const OUTCOME_OF: Readonly<Record<string, Outcome['name']>> = { busy: 'busy', 'no-answer': 'no-answer', declined: 'declined' };

function judge(call: Call, plan: RoutingPlan, { number, origin, extension }: OutsideMember): Promise<MayLeave> {
  return mayLeave(call, plan, {
    origin, dialled: { kind: 'e164', e164: number, class: classOf(number), prefixes: {} }, raw: number, extension: extension === null ? null : plan.extensions.get(extension) ?? null,
    purpose: plan.outbound.purpose, explicit: null, mayAskPin: false,
  });
}

function dialled(call: Call, leave: Leave, member: OutsideMember, options: OutsideOptions): Promise<DialOutResult> {
  const { ringing, wanted, onNext } = options;
  const forwarded = forwardedOf(call);
  return dialOut(call, leave, {
    name: member.name, ringMs: Math.max(1, options.untilMs - call.deps.clock.nowMs()), wanted, ringing, onNext, isAsked: member.pressToAccept, ...(forwarded === null ? {} : { forwarded }),
    // Who has not taken the call is not heard: the caller goes on hearing ringing.
    onEarlyMedia: (leg) => (member.pressToAccept ? undefined : options.onEarlyMedia(leg)),
    // A leg that is about to be given up leaves no trace in what the call is doing.
    onPlaced: (leg) => (wanted.aborted ? undefined : options.onPlaced(leg)),
  });
}

/** What the carrier is told of whoever called; null = nobody outside did. */
function forwardedOf(call: Call): Forwarded | null {
  const { direction, caller, ddi } = call.origin;
  if (direction !== 'inbound') return null;
  const { number } = caller;
  const originalCaller: E164 | null = number.kind === 'e164' ? number.e164 : null;
  return { originalCaller, isShownAllowed: originalCaller !== null, ...(ddi !== null && isE164(ddi) ? { divertedFrom: ddi } : {}) };
}

function answered(call: Call, leg: Leg, { decision }: Leave, lose: () => Promise<void>): OutsideResult {
  const take = (): void => {
    const nowMs = call.deps.clock.nowMs();
    call.endWith(leg, null);
    leg.settle('answered', nowMs);
    decision.answered(leg.record.answeredAtMs ?? nowMs);
  };
  const lost = async (): Promise<void> => {
    leg.settle('answered-elsewhere', call.deps.clock.nowMs());
    await lose();
  };
  return { kind: 'answered', leg, take, lose: lost };
}

interface Asked {
  readonly member: OutsideMember;
  readonly leg: Leg;
  readonly leave: Leave;
  readonly wanted: AbortSignal;
  readonly over: (end: string) => Promise<void>;
  readonly trace: (outcome: string, text: string) => void;
}

/** A voicemail, or somebody who does not want the call, never has it: the leg is ended and the others go on ringing. */
async function asked(call: Call, plan: RoutingPlan, { member, leg, leave, wanted, over, trace }: Asked): Promise<OutsideResult> {
  const acceptance = new Acceptance(call, plan, leg);
  const lose = async (): Promise<void> => {
    await acceptance.gone();
    await over('answered-elsewhere');
  };
  trace('asked', `${member.name} picked up and is asked to press 1`);
  let isAccepted = false;
  try {
    isAccepted = await acceptance.ask(wanted);
  } catch (error) {
    if (call.signal.aborted) throw error;
    if (!wanted.aborted) {
      call.endWith(leg, null);
      void call.endLeg(leg, 'normal');
      throw error;
    }
    leg.settle('answered-elsewhere', call.deps.clock.nowMs());
    await lose();
    return { kind: 'cancelled' };
  }
  if (isAccepted) return answered(call, leg, leave, lose);
  trace('not-accepted', `${member.name} did not press 1`);
  leg.settle('not-accepted', call.deps.clock.nowMs());
  call.endWith(leg, null);
  await call.endLeg(leg, 'normal');
  await over('not-accepted');
  return { kind: 'refused', outcome: 'no-answer', text: 'did not press 1' };
}
