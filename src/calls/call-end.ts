// How calls end, as one value that says by whom and whose fault. `CallEnded` is the only thing flows throw on purpose.
import type { CallEnd } from '../ports/records.ts';
import { TelephonyError, type HangupReason } from '../ports/telephony.ts';

/** Thrown (and the abort reason of `call.signal`) when the served party is gone or the call was ended. */
export class CallEnded extends Error {
  readonly end: CallEnd;
  constructor(end: CallEnd) {
    // An ordinary end has no use for a stack trace, which costs more than the rest of it.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`call ended by ${end.by}: ${end.code}`);
    Error.stackTraceLimit = limit;
    this.name = 'CallEnded';
    this.end = end;
  }
}

/** Our own side failed: `code` says where. */
export function ourFault(code: string, detail?: string): CallEnd {
  return { by: 'us', fault: 'ours', code, cause: 41, ...(detail === undefined ? {} : { detail }) };
}

/** The caller (or the party served in the caller's place) hung up. 16 unless Asterisk knew better. */
export function hungUpBy(by: 'caller' | 'callee', cause: number): CallEnd {
  // Media that stopped (rtp_timeout) and lost links arrive as causes of their own: not the caller's wish.
  if (cause === 44 || cause === 38 || cause === 41 || cause === 34) return { by: 'carrier', fault: 'carrier', code: 'link-lost', cause };
  return { by, fault: 'none', code: 'hung-up', cause: cause === 0 ? 16 : cause };
}

/** The phone of the one for whom a call was placed refused it before anybody else was called. */
export function ownPhoneNotReached(name: string, cause: number): CallEnd {
  const why = cause === 17 ? 'busy' : cause === 21 ? 'declined' : cause === 20 ? 'the phone is offline' : cause === 0 || cause === 18 || cause === 19 ? 'nobody picked up' : `the phone refused the call (${cause})`;
  return { by: 'caller', fault: 'none', code: 'own-phone-not-reached', cause: cause === 0 ? 19 : cause, detail: `${name}: ${why}` };
}

/** The plan reached an end step. */
export function planEnd(how: 'hang-up' | 'busy' | 'congestion', step: string): CallEnd {
  const cause = how === 'busy' ? 17 : how === 'congestion' ? 42 : 16;
  return { by: 'us', fault: 'none', code: 'plan-end', cause, detail: step };
}

/** Turns whatever a flow threw into an end. Unknown errors are ours until proven otherwise. */
export function classify(error: unknown): CallEnd {
  if (error instanceof CallEnded) return error.end;
  if (error instanceof TelephonyError) return ourFault(`telephony-${error.fault}`, error.message);
  return ourFault('unexpected-error', error instanceof Error ? error.message : String(error));
}

/** What the caller's SIP side is told for an end of ours. */
export function reasonFor(end: CallEnd): HangupReason {
  switch (end.cause) {
    case 1: return 'unknown-number';
    case 17: return 'busy';
    case 19: return 'no-answer';
    case 21: return 'declined';
    case 42: return 'congestion';
    case 41: return 'failure';
    default: return 'normal';
  }
}
