// 999, 112 and 18000 from a phone: placed at once over the trunk that is marked for them, whatever else is going on.
// Nothing here may refuse; what is missing is an alarm, not a reason (RULES F8).
import { buildOutbound } from '../routing/build-outbound.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import { TelephonyError } from '../ports/telephony.ts';
import type { Call } from './call.ts';
import { emergencyVerdict } from '../compliance/cli-policy.ts';
import type { AllowedVerdict } from '../compliance/verdict.ts';
import { WATCH } from '../trunks/failover.ts';
import { trunkLeg, type TrunkLegSpec } from '../trunks/header-recipe.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';
import type { Decision } from './decision.ts';
import { siteOf } from './leaving.ts';
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

/** A carrier that has taken an emergency call is given longer than for others: it may be finding the right operator. */
const TRYING_MS = 15_000;

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
  const trunks = call.deps.desk.emergencyRoute(plan);
  const verdict = verdictOf(call, plan);
  const decision = begun(call, plan, digits, verdict);
  if (trunks.length === 0) {
    decision.endsAs('no-emergency-trunk');
    observer.alarm('emergency-trunk', 'An emergency call was placed and no trunk is marked for emergency calls: mark one in the trunk file');
    await play(call, phrases(call, ['cannot-connect']), false);
    return ourFault('no-emergency-trunk');
  }
  if (plan.organisation.emergencyNumber === null) observer.alarm('emergency-number', `${plan.customer} has no emergency number: the emergency services cannot look up the address`);
  const waiting = await hearWaiting(call, 'ringing').catch(() => ({ stop: async () => {} }));
  const { clock, telephony } = call.deps;
  // Twice round: a trunk that refuses once may have been full for an instant.
  for (const [attempt, trunk] of [...trunks, ...trunks].entries()) {
    const spec = legOver(call, trunk, verdict, digits);
    if (spec === null) continue;
    const early = new EarlyMedia(call);
    const options: DialOptions = {
      to: digits, name: 'Emergency services', endpoint: spec, ringMs: RING_MS, wanted: call.signal, variables: {},
      silence: { nothingMs: WATCH.nothingMs, tryingMs: TRYING_MS, hasResponse: (channel) => telephony.hasResponse(channel) },
      onEarlyMedia: (leg) => early.begin(leg),
      onDialling: async () => {
        decision.dials(clock.nowMs());
        await call.save(call.activity);
      },
      onPlaced: (leg) => {
        const giveBack = call.deps.desk.takeChannel(trunk.id);
        leg.signal.addEventListener('abort', giveBack, { once: true });
        call.scope.defer(async () => giveBack());
        decision.tries(trunk.id, leg, clock.nowMs());
        const placed = [{ channel: leg.channel, extension: digits, placedAtMs: leg.record.placedAtMs }];
        void call.save({ kind: 'ringing', step: '', legs: placed, untilMs: clock.nowMs() + RING_MS }).catch(() => {});
      },
    };
    const ringing = attempt === 0 ? legs.find((leg) => leg.extension === digits) : undefined;
    const result = await (ringing === undefined ? dial(call, options) : dialOn(call, ringing, options));
    const bridge = await early.settle(result.kind === 'answered' ? result.leg : null);
    decision.settles(result.kind, result.kind === 'answered' ? 'answered' : 'the next trunk', null);
    if (result.kind === 'answered') {
      decision.answered(result.leg.record.answeredAtMs ?? clock.nowMs());
      const talked = await joined(call, plan, result.leg, { waiting, detail: `${digits} answered`, bridge });
      if (talked === null) continue;
      return talked.kind === 'transferred' ? walk(call, plan, talked.to) : call.end(ourFault('no-end'));
    }
    call.trace({ step: null, kind: 'call', outcome: result.kind, text: `${digits} over ${trunk.name}: ${result.kind} (${result.cause})`, next: null, tookFallback: false });
  }
  await waiting.stop();
  decision.endsAs('emergency-not-connected');
  await play(call, phrases(call, ['cannot-connect']), false);
  return ourFault('emergency-not-connected');
}

/** null = this trunk's data makes no leg: an alarm, and the next one is tried. */
function legOver(call: Call, trunk: OutboundTrunk, verdict: AllowedVerdict, digits: string): TrunkLegSpec | null {
  try {
    return trunkLeg(verdict, trunk, digits);
  } catch (error) {
    call.deps.observer.alarm('emergency-trunk', `${trunk.name} could not take an emergency call: ${error instanceof Error ? error.message : String(error)}. Mend it in the trunk file.`);
    return null;
  }
}

/** Always allowed: chooses what is shown, and notes what is missing for the people who can mend it. */
function verdictOf(call: Call, plan: RoutingPlan): AllowedVerdict {
  const site = siteOf(plan, plan.extensions.get(call.origin.callerExtension ?? '') ?? null);
  return emergencyVerdict({ site, emergencyNumber: plan.organisation.emergencyNumber, held: [...plan.registry.values()] });
}

function begun(call: Call, plan: RoutingPlan, digits: string, verdict: AllowedVerdict): Decision {
  const decision = call.decisions.add({
    id: `${call.id}-d${call.decisions.size + 1}`, callId: call.id, customer: plan.customer, extension: call.origin.callerExtension, atMs: call.deps.clock.nowMs(), origin: 'emergency',
    input: { dialled: call.origin.dialled, destination: digits, class: 'emergency', country: 'GB', purpose: 'emergency', wantedCli: verdict.presentation, source: 'emergency', isWithheld: false },
    reasons: [], refusedBy: null, presentation: null, network: null, planHash: plan.hash, holders: [], pencePerMinute: null, longestMs: null, attempts: [], answeredAtMs: null, end: null,
  });
  decision.add(verdict.reasons);
  decision.shows(verdict);
  return decision;
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
