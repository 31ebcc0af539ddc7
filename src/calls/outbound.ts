// A call from a phone to an outside number: judged, placed over a trunk that works, connected; or refused in a few
// spoken words. Everything that decides is in leaving.ts and verbs/dial-out.ts. Read `outbound`.
import { formatNumber, isE164 } from '../numbering/e164.ts';
import type { CallEnd } from '../ports/records.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Call } from './call.ts';
import { ourFault } from './call-end.ts';
import { mayLeave, type Leave, type LeaveRequest, type Refused } from './leaving.ts';
import type { Leg } from './leg.ts';
import { connect } from './verbs/connect.ts';
import { dialOut, type DialOutResult } from './verbs/dial-out.ts';
import { EarlyMedia } from './verbs/early-media.ts';
import { hearWaiting } from './verbs/hear-waiting.ts';
import { phrases, play } from './verbs/speak.ts';
import { walk } from './walk.ts';

/** Mobiles ring about 30 s before voicemail; who lets it ring for two minutes means it. */
export const OUTSIDE_RING_MS = 120_000;

/** `legs`: what another process had placed for this call; it goes on ringing. Rejects with the call's end. */
export async function outbound(call: Call, plan: RoutingPlan, request: LeaveRequest, legs: readonly Leg[]): Promise<CallEnd> {
  call.goesOut();
  await call.save({ kind: 'step', step: '' });
  const may = await mayLeave(call, plan, request);
  if (may.kind === 'refused') return refused(call, may.refused);
  return placed(call, plan, may.leave, legs);
}

/** Says in a few words why, then ends: no fast busy. */
async function refused(call: Call, { rule, text, phrase }: Refused): Promise<CallEnd> {
  await call.save({ kind: 'step', step: '' });
  call.trace({ step: null, kind: 'call', outcome: 'refused', text, next: null, tookFallback: false });
  await play(call, phrases(call, [phrase]), false);
  return { by: 'us', fault: 'none', code: rule, cause: 21, detail: text };
}

async function placed(call: Call, plan: RoutingPlan, leave: Leave, legs: readonly Leg[]): Promise<CallEnd> {
  const { clock } = call.deps;
  const { decision, destination, verdict, running } = leave;
  const name = readable(destination);
  const shown = verdict.presentation === null ? "the trunk's number" : formatNumber(verdict.presentation);
  call.trace({ step: null, kind: 'call', outcome: 'leaves', text: `${name}, showing ${shown}${verdict.isWithheld ? ' (withheld)' : ''}`, next: null, tookFallback: false });
  const waiting = await hearWaiting(call, 'ringing');
  let early = new EarlyMedia(call);
  let result: DialOutResult;
  try {
    result = await dialOut(call, leave, {
      name, ringMs: OUTSIDE_RING_MS, wanted: call.signal, ringing: legs.find((leg) => leg.extension === destination && leg.gone === null),
      onEarlyMedia: (leg) => early.begin(leg),
      onPlaced: (leg) => {
        const ringing = [{ channel: leg.channel, extension: destination, placedAtMs: leg.record.placedAtMs }];
        void call.save({ kind: 'ringing', step: '', legs: ringing, untilMs: clock.nowMs() + OUTSIDE_RING_MS }).catch(() => {});
      },
      onNext: async () => {
        await early.settle(null);
        early = new EarlyMedia(call);
      },
    });
  } catch (error) {
    await early.settle(null);
    throw error;
  }
  const bridge = await early.settle(result.kind === 'answered' ? result.leg : null);
  if (result.kind === 'failed') {
    await waiting.stop();
    return notReached(call, leave, result, name);
  }
  running.answered(result.leg.record.answeredAtMs ?? clock.nowMs());
  decision.answered(result.leg.record.answeredAtMs ?? clock.nowMs());
  const talked = await connect(call, plan, '', result.leg, { waiting, detail: `${name} answered over ${result.trunk.name}`, bridge });
  return talked.kind === 'transferred' ? walk(call, plan, talked.to) : call.end(ourFault('no-end'));
}

/** Busy and no answer are told by the phone's own tones; what a tone does not explain is said. */
async function notReached(call: Call, { decision }: Leave, { result, cause, text }: Extract<DialOutResult, { kind: 'failed' }>, name: string): Promise<CallEnd> {
  decision.endsAs(result);
  call.trace({ step: null, kind: 'call', outcome: result, text: `${name}: ${text}`, next: null, tookFallback: false });
  switch (result) {
    case 'busy': return { by: 'callee', fault: 'none', code: 'busy', cause: 17, detail: text };
    case 'no-answer': return { by: 'callee', fault: 'none', code: 'no-answer', cause: 19, detail: text };
    case 'declined': return { by: 'callee', fault: 'none', code: 'declined', cause: 21, detail: text };
    case 'unknown-number':
      await play(call, phrases(call, ['number-not-in-service']), false);
      return { by: 'carrier', fault: 'caller', code: 'unknown-number', cause: 1, detail: text };
    case 'answered':
    case 'cancelled':
    case 'not-possible':
    case 'trunk-failed':
      if (result === 'trunk-failed') call.deps.observer.alarm('no-trunk', `A call to ${name} found no trunk that took it. Last: ${text}`);
      await play(call, phrases(call, ['all-lines-busy']), false);
      return { by: 'carrier', fault: 'carrier', code: result, cause: cause === 0 ? 34 : cause, detail: text };
  }
}

/** As people read it; short codes and relay numbers as they are. */
export function readable(destination: string): string {
  return isE164(destination) ? formatNumber(destination) : destination;
}
