// The record of a call that this application never had: turned away by the dialplan, carried without us, or taken back
// before we were told of it. PURE but for the questions about plans. Read `missedRecord`.
import { classifyDialled } from '../numbering/dialled.ts';
import { normaliseDdi } from '../numbering/ddi.ts';
import type { CallEnd, CallRecord, LegRecord } from '../ports/records.ts';
import { originOf, type ArrivalDeps } from './arrival.ts';
import type { Entry } from './entry.ts';

/** What is known of such a call from Asterisk's own log. */
export interface MissedCall {
  readonly id: string;
  readonly entry: Entry;
  /** Where the dialplan had it last; `gate` = in front of the application. */
  readonly place: 'gate' | 'turned-away' | 'no-way' | 'last-known-route' | 'emergency';
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
  /** Q.850. */
  readonly cause: number;
  readonly isEndedByCaller: boolean;
  /** Phones or trunks that were rung meanwhile. */
  readonly legs: readonly { readonly channel: string; readonly endpoint: string; readonly answeredAtMs: number | null; readonly endedAtMs: number; readonly cause: number }[];
}

const NO_EXTENSIONS: ReadonlySet<string> = new Set();

/** Exactly what a served call would leave, as far as it is known. */
export function missedRecord(deps: ArrivalDeps, missed: MissedCall): CallRecord {
  const { id, entry, startedAtMs, answeredAtMs, endedAtMs } = missed;
  const origin = originOf(deps, entry, { id, startedAtMs });
  const owner = entry.from === 'phone' ? deps.phoneOwner(entry.name) : null;
  const ddi = origin.ddi === null ? null : normaliseDdi(origin.ddi, 'GB');
  const plan = owner !== null ? deps.plans.byCustomer(owner.customer) : ddi === null ? null : deps.plans.byDdi(ddi);
  const isEmergency = missed.place === 'emergency' || (missed.place === 'no-way' && isEmergencyNumber(origin.dialled));
  const { end, text } = endOf(missed, isEmergency);
  return {
    id, customer: plan?.customer ?? owner?.customer ?? null, planVersion: plan?.version ?? null, planHash: plan?.hash ?? null,
    direction: origin.direction, isTest: origin.isTest, dialled: origin.dialled, ddi: origin.ddi, caller: origin.caller, startedAtMs, answeredAtMs, endedAtMs, end,
    trace: [{ atMs: endedAtMs, step: null, kind: 'call', outcome: end.code, text, next: null, tookFallback: false }],
    legs: missed.legs.map((leg) => legRecord(deps, leg, missed, isEmergency ? origin.dialled : null)), sip: origin.sip, adoptions: 0,
  };
}

function isEmergencyNumber(dialled: string): boolean {
  return classifyDialled(dialled, { extensions: NO_EXTENSIONS, country: 'GB' }).kind === 'emergency';
}

function endOf(missed: MissedCall, isEmergency: boolean): { readonly end: CallEnd; readonly text: string } {
  const wasAnswered = missed.answeredAtMs !== null;
  const by = missed.isEndedByCaller ? 'caller' : wasAnswered ? 'callee' : 'us';
  if (isEmergency) {
    return {
      end: { by, fault: wasAnswered || missed.isEndedByCaller ? 'none' : 'unknown', code: 'emergency-without-application', cause: missed.cause },
      text: `emergency call while the application was away: ${wasAnswered ? 'the operator answered' : missed.isEndedByCaller ? 'the caller left before an answer' : 'no trunk took it'}`,
    };
  }
  switch (missed.place) {
    case 'turned-away': return { end: { by: 'us', fault: 'none', code: 'overload', cause: 42 }, text: 'turned away with 503: new calls were not taken at this time' };
    case 'emergency':
    case 'no-way': return { end: { by: 'us', fault: 'ours', code: 'application-away', cause: missed.cause }, text: 'refused with 503: the application was away and there was no other way' };
    case 'last-known-route': return {
      end: { by, fault: 'none', code: 'served-by-last-known-route', cause: missed.cause },
      text: `the application was away: the last known route ${wasAnswered ? 'answered' : missed.isEndedByCaller ? 'rang until the caller left' : 'found nobody'}`,
    };
    case 'gate': return missed.isEndedByCaller
      ? { end: { by: 'caller', fault: 'none', code: 'cancelled-before-service', cause: missed.cause }, text: 'the caller left before the application had the call' }
      : { end: { by: 'us', fault: 'ours', code: 'ended-before-service', cause: missed.cause }, text: 'the call ended before the application had it' };
  }
}

function legRecord(deps: ArrivalDeps, leg: MissedCall['legs'][number], missed: MissedCall, emergency: string | null): LegRecord {
  const owner = deps.phoneOwner(leg.endpoint);
  const extension = owner === null ? undefined : deps.plans.byCustomer(owner.customer)?.extensions.get(owner.extension);
  return {
    channel: leg.channel, to: emergency ?? owner?.extension ?? leg.endpoint, name: emergency === null ? (extension?.name ?? leg.endpoint) : 'Emergency services',
    isTestPhone: deps.isTestPhone(leg.endpoint), placedAtMs: missed.startedAtMs, ringingAtMs: null, answeredAtMs: leg.answeredAtMs, endedAtMs: leg.endedAtMs,
    result: leg.answeredAtMs !== null ? 'answered' : missed.answeredAtMs !== null ? 'answered-elsewhere' : missed.isEndedByCaller ? 'caller-left' : 'no-answer',
    cause: leg.cause, techCause: null,
  };
}
