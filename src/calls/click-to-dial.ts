// A call that the API places for an extension: its own phone rings first, and only when its person is there is anybody
// else dialled, as if the phone had dialled it. Read `ringOwnPhone`.
import { extensionCaller } from '../numbering/caller.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Purpose } from '../routing/outbound.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import { TelephonyError } from '../ports/telephony.ts';
import { Call } from './call.ts';
import { CallEnded } from './call-end.ts';
import type { CallDeps } from './deps.ts';
import { Leg } from './leg.ts';
import { DEADLINE, wait } from './wait.ts';

export interface ClickToDial {
  /** Of the call, made before anything of it is kept. */
  readonly id: string;
  readonly plan: RoutingPlan;
  readonly extension: Extension;
  /** As it would be dialled on the phone; bounded by whoever takes the request. */
  readonly to: string;
  readonly explicitCli: E164 | null;
  readonly purpose: Purpose | null;
  /** Asks the phone to pick up by itself. */
  readonly isAutoAnswer: boolean;
  /** For the record: address of whoever asked. */
  readonly sourceAddress: string;
}

const ENTER_LIMIT_MS = 3_000;
const BACKSTOP_MS = 5_000;
/** Both ways of asking are in use: RFC 5373's draft form and the vendors' Alert-Info. */
const AUTO_ANSWER = { 'PJSIP_HEADER(add,Call-Info)': '<sip:genvoice.invalid>;answer-after=0', 'PJSIP_HEADER(add,Alert-Info)': '<http://genvoice.invalid>;info=alert-autoanswer;delay=0' } as const;

/** The call with the extension's phone as the party that is served; nothing rings yet. */
export function clickedCall(deps: CallDeps, request: ClickToDial): Call {
  const { plan, extension } = request;
  const endpoint = deps.endpointOf(plan, extension.number);
  const nowMs = deps.clock.nowMs();
  const { id } = request;
  const party = new Leg(deps.hub, {
    channel: `leg-${id}-${deps.owner}0`, to: extension.number, name: extension.name, isTestPhone: deps.isTestPhone(endpoint),
    placedAtMs: nowMs, ringingAtMs: null, answeredAtMs: null, endedAtMs: null, result: null, cause: 0, techCause: null,
  }, 'placed');
  const call = new Call(deps, {
    id, direction: 'internal', isTest: false, dialled: request.to, ddi: null, caller: extensionCaller(extension.number, extension.name),
    callerEndpoint: endpoint.replace(/^PJSIP\//, ''), callerExtension: extension.number, startedAtMs: nowMs,
    isClickToDial: true, explicitCli: request.explicitCli, purpose: request.purpose,
    sip: { endpoint: endpoint.replace(/^PJSIP\//, ''), sourceAddress: request.sourceAddress, transport: 'API', sipCallId: '' },
  }, party);
  call.plan = plan;
  return call;
}

/** Rings the phone of the one for whom the call is placed. Rejects with the call's end when nobody picks up. */
export async function ringOwnPhone(call: Call, { plan, extension, isAutoAnswer }: ClickToDial): Promise<void> {
  const { clock, telephony } = call.deps;
  const { party } = call;
  await call.save({ kind: 'step', step: '' });
  call.trace({ step: null, kind: 'call', outcome: 'rings-own-phone', text: `the phone of ${extension.name} (${extension.number}) is rung first`, next: null, tookFallback: false });
  const variables: Record<string, string> = { 'PJSIP_TRANSFER_HANDLING()': 'ari-only', 'CONNECTEDLINE(num,i)': call.origin.dialled.replace(/[^0-9+*#]/g, '').slice(0, 32), ...(isAutoAnswer ? AUTO_ANSWER : {}) };
  try {
    await telephony.createLeg({ channel: party.channel, endpoint: call.deps.endpointOf(plan, extension.number), variables, originator: null });
    const entered = await wait<true>(clock, call.signal, ENTER_LIMIT_MS, (settle) => {
      if (party.state !== 'placed') settle(true);
      return party.onChange(() => settle(true));
    });
    if (entered === DEADLINE) throw new TelephonyError('timeout', 'the leg did not enter the application');
    await call.onParty(telephony.dialLeg(party.channel, extension.ringMs + BACKSTOP_MS));
  } catch (error) {
    throwIfLeft(call);
    if (error instanceof TelephonyError && error.fault === 'no-link') throw error;
    throw notThere(call, error instanceof TelephonyError && error.fault === 'unreachable' ? 'the phone is offline' : 'the phone could not be rung');
  }
}

/** Waits until the own phone has been picked up; at once when it has. Nobody else is dialled before. Rejects with the call's end. */
export async function ownPhoneAnswers(call: Call): Promise<void> {
  const { party } = call;
  const ringMs = call.plan?.extensions.get(call.origin.callerExtension ?? '')?.ringMs ?? 20_000;
  let seen: true | typeof DEADLINE;
  try {
    seen = await wait<true>(call.deps.clock, call.signal, ringMs, (settle) => {
      const look = (): void => {
        if (party.state === 'up') settle(true);
      };
      const off = party.onChange(look);
      look();
      return off;
    });
  } catch (error) {
    throwIfLeft(call);
    throw error;
  }
  if (seen === DEADLINE) throw notThere(call, 'nobody picked up');
  if (!call.isAnswered) {
    call.markAnswered(party.record.answeredAtMs ?? undefined);
    call.trace({ step: null, kind: 'call', outcome: 'picked-up', text: `${party.record.name} picked up`, next: null, tookFallback: false });
    await call.save({ kind: 'step', step: '' });
  }
}

/** The call's end, once the phone has refused; why stands in the trace. */
function throwIfLeft(call: Call): void {
  if (!call.signal.aborted) return;
  const { end } = call.signal.reason as CallEnded;
  if (end.code === 'own-phone-not-reached') tellNotThere(call, end.detail ?? end.code);
  call.signal.throwIfAborted();
}

function tellNotThere(call: Call, text: string): void {
  call.trace({ step: null, kind: 'call', outcome: 'not-picked-up', text, next: null, tookFallback: false });
}

function notThere(call: Call, why: string): CallEnded {
  const text = `${call.party.record.name}: ${why}`;
  tellNotThere(call, text);
  return new CallEnded(call.end({ by: 'us', fault: 'none', code: 'own-phone-not-reached', cause: 19, detail: text }));
}
