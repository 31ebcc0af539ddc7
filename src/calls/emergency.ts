// 999, 112 and 18000 from a phone: placed at once over the trunk that is marked for them, whatever else is going on.
// Nothing here may refuse; what is missing is an alarm, not a reason (RULES F8).
import { buildOutbound } from '../routing/build-outbound.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import { TelephonyError } from '../ports/telephony.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';
import { ourFault } from './call-end.ts';
import { connect, type ConnectOptions, type ConnectResult } from './verbs/connect.ts';
import { dial, dialOn, type DialOptions } from './verbs/dial.ts';
import { EarlyMedia } from './verbs/early-media.ts';
import { hearWaiting } from './verbs/hear-waiting.ts';
import { phrases, play } from './verbs/speak.ts';
import { walk } from './walk.ts';

/** Emergency operators answer within seconds; nobody gives up before them. */
const RING_MS = 120_000;

/** Stands in for a customer whose plan is not loaded: an emergency call needs none. */
export const WITHOUT_PLAN: RoutingPlan = {
  customer: 'unknown', version: 0, hash: '', numbers: new Map(), registry: new Map(), sites: new Map(), outbound: buildOutbound(undefined), hours: new Map(), switches: new Map(), prompts: new Map(), callerLists: new Map(), extensions: new Map(), groups: new Map(),
  mailboxes: new Map(), steps: new Map(), failsafe: '', limits: { maxCalls: 1, maxCallsPerCaller: 1, maxCallMs: 14_400_000 },
  organisation: { name: 'unknown', contact: '', timeZone: 'Europe/London', nation: 'england', country: 'GB', language: 'en-GB', emergencyNumber: null },
};

/** `legs`: what another process had placed for this call; it goes on ringing. */
export async function emergency(call: Call, plan: RoutingPlan, digits: string, legs: readonly Leg[]): Promise<CallEnd> {
  await call.save({ kind: 'step', step: '' });
  const { observer } = call.deps;
  observer.alarm('emergency-call', `${call.origin.callerExtension ?? 'A phone'} of ${plan.customer} called ${digits}`);
  const trunks = call.deps.emergencyTrunks();
  if (trunks.length === 0) {
    observer.alarm('emergency-trunk', 'An emergency call was placed and no trunk is marked for emergency calls: mark one in the trunk file');
    await play(call, phrases(call, ['cannot-connect']), false);
    return ourFault('no-emergency-trunk');
  }
  if (plan.organisation.emergencyNumber === null) observer.alarm('emergency-number', `${plan.customer} has no emergency number: the emergency services cannot look up the address`);
  const waiting = await hearWaiting(call, 'ringing').catch(() => ({ stop: async () => {} }));
  const number = plan.organisation.emergencyNumber ?? [...plan.numbers.keys()][0];
  // Twice round: a trunk that refuses once may have been full for an instant.
  for (const [attempt, trunk] of [...trunks, ...trunks].entries()) {
    const early = new EarlyMedia(call);
    const options: DialOptions = {
      to: digits, name: 'Emergency services', endpoint: `PJSIP/${digits}@${trunk}`, ringMs: RING_MS, wanted: call.signal,
      variables: number === undefined ? {} : { 'CONNECTEDLINE(num,i)': number, 'PJSIP_HEADER(add,P-Asserted-Identity)': `<sip:${number}@genvoice.invalid>` },
      onEarlyMedia: (leg) => early.begin(leg),
      onPlaced: (leg) => {
        const placed = [{ channel: leg.channel, extension: digits, placedAtMs: leg.record.placedAtMs }];
        void call.save({ kind: 'ringing', step: '', legs: placed, untilMs: call.deps.clock.nowMs() + RING_MS }).catch(() => {});
      },
    };
    const ringing = attempt === 0 ? legs.find((leg) => leg.extension === digits) : undefined;
    const result = await (ringing === undefined ? dial(call, options) : dialOn(call, ringing, options));
    const bridge = await early.settle(result.kind === 'answered' ? result.leg : null);
    if (result.kind === 'answered') {
      const talked = await joined(call, plan, result.leg, { waiting, detail: `${digits} answered`, bridge });
      if (talked === null) continue;
      return talked.kind === 'transferred' ? walk(call, plan, talked.to) : call.end(ourFault('no-end'));
    }
    call.trace({ step: null, kind: 'call', outcome: result.kind, text: `${digits} over ${trunk}: ${result.kind} (${result.cause})`, next: null, tookFallback: false });
  }
  await waiting.stop();
  await play(call, phrases(call, ['cannot-connect']), false);
  return ourFault('emergency-not-connected');
}

/** null = the two could not be joined: the operator is let go, the caller hears ringing again, and the next try follows at once. */
async function joined(call: Call, plan: RoutingPlan, leg: Leg, options: ConnectOptions): Promise<ConnectResult | null> {
  try {
    return await connect(call, plan, '', leg, options);
  } catch (error) {
    call.signal.throwIfAborted();
    if (!(error instanceof TelephonyError) || error.fault === 'no-link') throw error;
    call.trace({ step: null, kind: 'call', outcome: 'not-joined', text: `the operator answered and could not be joined: ${error.message}`, next: null, tookFallback: true });
    await hearWaiting(call, 'ringing').catch(() => {});
    return null;
  }
}
