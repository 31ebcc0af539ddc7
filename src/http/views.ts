// Our records as the wire has them. The one place that decides what of a call leaves the process: no variables, no
// channel names, and no network number (it identifies a caller who may have withheld it).
import type { Caller } from '../numbering/caller.ts';
import type { CallEnd, CallRecord, LegRecord, TraceLine, VoicemailMessage } from '../ports/records.ts';
import type { CallSnapshot } from '../ports/state.ts';
import type { CallEvent, HttpDeps } from './deps.ts';
import type {
  CallDetail,
  CallEndWire,
  CallerWire,
  CallEventWire,
  CallSummary,
  LegWire,
  MessageRow,
  TraceLineWire,
} from './wire.ts';

/** Zone for calls that belong to no customer. */
const HOME_ZONE = 'Europe/London';

/** ISO 8601 in UTC. */
export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : iso(atMs);
}

export function callerWire(caller: Caller): CallerWire {
  const { number } = caller;
  const name = caller.displayName ?? null;
  switch (number.kind) {
    case 'e164':
      return { kind: 'e164', number: number.e164, name };
    case 'extension':
      return { kind: 'extension', number: number.number, name };
    case 'other':
      return { kind: 'other', number: number.text, name };
    case 'withheld':
    case 'none':
      return { kind: number.kind, number: null, name };
  }
}

export function endWire(end: CallEnd): CallEndWire {
  return { by: end.by, fault: end.fault, code: end.code, cause: end.cause, detail: end.detail ?? null };
}

export function traceWire(line: TraceLine): TraceLineWire {
  const { atMs, ...rest } = line;
  return { at: iso(atMs), ...rest };
}

function legWire(leg: LegRecord): LegWire {
  return {
    to: leg.to,
    name: leg.name,
    isTestPhone: leg.isTestPhone,
    placedAt: iso(leg.placedAtMs),
    ringingAt: isoOrNull(leg.ringingAtMs),
    answeredAt: isoOrNull(leg.answeredAtMs),
    endedAt: isoOrNull(leg.endedAtMs),
    result: leg.result,
    cause: leg.cause,
    sipStatus: leg.techCause,
  };
}

/** A call under way; its plan version is known as long as that version is the live one. */
export function liveSummary(deps: HttpDeps, call: CallSnapshot): CallSummary {
  const plan = call.customer === null ? null : deps.planOf(call.customer);
  return {
    ...common(deps, call),
    state: 'live',
    planVersion: plan !== null && plan.hash === call.planHash ? plan.version : null,
    endedAt: null,
    step: call.activity.step,
    doing: call.activity.kind,
    end: null,
  };
}

export function endedSummary(deps: HttpDeps, record: CallRecord): CallSummary {
  return {
    ...common(deps, record),
    state: 'ended',
    planVersion: record.planVersion,
    endedAt: iso(record.endedAtMs),
    step: record.trace.at(-1)?.step ?? null,
    doing: null,
    end: endWire(record.end),
  };
}

export function liveDetail(deps: HttpDeps, call: CallSnapshot): CallDetail {
  return { ...liveSummary(deps, call), ...deep(call), adoptions: 0 };
}

export function endedDetail(deps: HttpDeps, record: CallRecord): CallDetail {
  return { ...endedSummary(deps, record), ...deep(record), adoptions: record.adoptions };
}

export function eventWire(event: CallEvent): CallEventWire {
  const head = { kind: event.kind, callId: event.callId, customer: event.customer, at: iso(event.atMs) };
  switch (event.kind) {
    case 'call-started':
      return {
        ...head,
        direction: event.direction,
        dialled: event.dialled,
        caller: event.caller,
        isTest: event.isTest,
      };
    case 'call-answered':
      return head;
    case 'call-step':
      return { ...head, line: traceWire(event.line) };
    case 'call-ended':
      return { ...head, end: endWire(event.end) };
  }
}

export function messageWire(message: VoicemailMessage): MessageRow {
  const { id, callId, durationMs, isNew } = message;
  return { id, callId, caller: callerWire(message.caller), receivedAt: iso(message.receivedAtMs), durationMs, isNew };
}

type Common = Pick<
  CallSummary,
  'id' | 'customer' | 'timeZone' | 'direction' | 'isTest' | 'dialled' | 'ddi' | 'caller' | 'startedAt' | 'answeredAt'
>;
function common(deps: HttpDeps, call: CallSnapshot | CallRecord): Common {
  const { id, customer, direction, isTest, dialled, ddi } = call;
  const timeZone = (customer === null ? null : deps.planOf(customer)?.timeZone) ?? HOME_ZONE;
  return {
    id,
    customer,
    timeZone,
    direction,
    isTest,
    dialled,
    ddi,
    caller: callerWire(call.caller),
    startedAt: iso(call.startedAtMs),
    answeredAt: isoOrNull(call.answeredAtMs),
  };
}

function deep(call: CallSnapshot | CallRecord): Pick<CallDetail, 'planHash' | 'trace' | 'legs' | 'sip'> {
  return {
    planHash: call.planHash,
    trace: call.trace.map(traceWire),
    legs: call.legs.map(legWire),
    sip: { ...call.sip },
  };
}
