// What to do after a trunk did not connect a call: the matrix is data, one row per answer. Never rings anybody twice: when
// the far end may still be alive, no other trunk is tried. Read `afterFailure` first.
import type { TrunkSign } from './breaker.ts';

/** Times of the watch over a leg; ASTERISK.md section 6 has the measurements behind them. */
export const WATCH = {
  /** No response at all, 100 included, within this time: the trunk counts as dead. */
  nothingMs: 500,
  /** 100 and then nothing: no ringing, no audio, no refusal. */
  tryingMs: 5_000,
  /** How long the final answer to our CANCEL is waited for. */
  cancelMs: 2_000,
} as const;

/** How an attempt over a trunk ended. */
export type TrunkOutcome =
  /** The carrier's final answer, or Asterisk's own in its place (no connection: 503, timeout: 408). */
  | { readonly kind: 'refused'; readonly sipCode: number; readonly cause: number; readonly retryAfterMs?: number | null }
  /** Ended without a SIP code: `cause` (Q.850) is all there is. */
  | { readonly kind: 'failed'; readonly cause: number }
  /** Asterisk would not create the leg: no address is reachable. Nothing left. */
  | { readonly kind: 'unreachable' }
  /** Our watch ended it: `nothing` came at all, or 100 and then nothing. `isDead`: the final answer to our CANCEL has come. */
  | { readonly kind: 'silent'; readonly after: 'nothing' | 'trying'; readonly isDead: boolean }
  /** Our own ring time ran out. */
  | { readonly kind: 'no-answer' }
  | { readonly kind: 'answered' }
  /** Nobody wants it any more. */
  | { readonly kind: 'cancelled' };

export type CallResult = 'answered' | 'busy' | 'no-answer' | 'declined' | 'unknown-number' | 'not-possible' | 'trunk-failed' | 'cancelled';

/** What follows. */
export interface AfterFailure {
  /** `next-trunk` when there is one. */
  readonly next: 'next-trunk' | 'stop';
  readonly sign: TrunkSign;
  readonly retryAfterMs: number | null;
  /** What the caller's side is told when no other trunk connects it. */
  readonly result: CallResult;
  /** For the record and for people: a short clause. */
  readonly why: string;
  /** What could not be excluded, for the record; null = nothing. */
  readonly risk: string | null;
}

interface Row {
  readonly next: 'next-trunk' | 'stop';
  readonly sign: TrunkSign;
  readonly result: CallResult;
  readonly why: string;
}
const row = (next: Row['next'], sign: TrunkSign, result: CallResult, why: string): Row => Object.freeze({ next, sign, result, why });

/** Answers of a carrier by SIP code. What is not listed: below 500 and from 600 on it is about the call, else about the trunk, and the call stops. */
export const MATRIX: ReadonlyMap<number, Row> = new Map([
  [400, row('stop', 'works', 'not-possible', 'the carrier did not understand the call')],
  [401, row('next-trunk', 'shut', 'trunk-failed', 'the carrier refused our log-in')],
  // 403 is both "log-in refused" and "this call is barred": the breaker opens only when it comes again and again.
  [403, row('next-trunk', 'failed', 'trunk-failed', 'the carrier forbids it')],
  [404, row('stop', 'works', 'unknown-number', 'the number is not in use')],
  [407, row('next-trunk', 'shut', 'trunk-failed', 'the carrier refused our log-in')],
  [408, row('next-trunk', 'failed', 'trunk-failed', 'the carrier did not answer in time')],
  [410, row('stop', 'works', 'unknown-number', 'the number is no longer in use')],
  [480, row('stop', 'works', 'no-answer', 'the called person is not available')],
  [482, row('stop', 'works', 'not-possible', 'the call went round in a circle')],
  [483, row('stop', 'works', 'not-possible', 'the call was passed on too often')],
  [484, row('stop', 'works', 'unknown-number', 'the number is incomplete')],
  [486, row('stop', 'works', 'busy', 'the called person is busy')],
  [487, row('stop', 'unknown', 'cancelled', 'the call was taken back')],
  [488, row('stop', 'works', 'not-possible', 'no speech format in common')],
  [500, row('next-trunk', 'failed', 'trunk-failed', 'the carrier has a fault')],
  [502, row('next-trunk', 'failed', 'trunk-failed', 'the carrier could not pass it on')],
  [503, row('next-trunk', 'failed', 'trunk-failed', 'the carrier is not available')],
  [504, row('next-trunk', 'failed', 'trunk-failed', 'the carrier had no answer in time')],
  [600, row('stop', 'works', 'busy', 'the called person is busy everywhere')],
  [603, row('stop', 'works', 'declined', 'the called person declined')],
  [604, row('stop', 'works', 'unknown-number', 'the number exists nowhere')],
]);

/** A 480 whose Reason says that it is about the way, not the person (Q.850). */
export const UNAVAILABLE_BY_ROUTE: ReadonlyMap<number, Row> = new Map([
  [3, row('next-trunk', 'failed', 'trunk-failed', 'no route to the number')],
  [34, row('next-trunk', 'failed', 'trunk-failed', 'no free line')],
  [38, row('next-trunk', 'failed', 'trunk-failed', 'the network is out of order')],
  [41, row('next-trunk', 'failed', 'trunk-failed', 'a passing fault of the network')],
  [42, row('next-trunk', 'failed', 'trunk-failed', 'the network is congested')],
]);

/** Ends without a SIP code, by Q.850 cause. What is not listed stops the call. */
export const BY_CAUSE: ReadonlyMap<number, Row> = new Map([
  [1, row('stop', 'works', 'unknown-number', 'the number is not in use')],
  [17, row('stop', 'works', 'busy', 'the called person is busy')],
  [18, row('next-trunk', 'failed', 'trunk-failed', 'the carrier did not answer')],
  [19, row('stop', 'works', 'no-answer', 'nobody answered')],
  [20, row('next-trunk', 'failed', 'trunk-failed', 'the trunk has no reachable address')],
  [21, row('stop', 'works', 'declined', 'the called person declined')],
  [27, row('next-trunk', 'failed', 'trunk-failed', 'the carrier is out of order')],
  [28, row('stop', 'works', 'unknown-number', 'the number is incomplete')],
  [44, row('next-trunk', 'failed', 'trunk-failed', 'no free line')],
  ...UNAVAILABLE_BY_ROUTE,
]);

const OTHER_REFUSAL = row('stop', 'works', 'not-possible', 'the carrier refused the call');
const OTHER_FAULT = row('stop', 'failed', 'trunk-failed', 'the carrier has a fault of an unusual kind');
const DIVERTED = row('stop', 'works', 'declined', 'the carrier named another target, which nobody has judged');
const UNREACHABLE = row('next-trunk', 'failed', 'trunk-failed', 'the trunk has no reachable address');
const NOTHING = row('next-trunk', 'failed', 'trunk-failed', 'the carrier sent no response at all');
const TRYING = row('next-trunk', 'failed', 'trunk-failed', 'the carrier said that it was trying, and nothing more');
const STILL_RINGING = row('stop', 'unknown', 'no-answer', 'the called phone may still ring');
const NO_ANSWER = row('stop', 'works', 'no-answer', 'nobody answered');
const ANSWERED = row('stop', 'works', 'answered', 'answered');
const CANCELLED = row('stop', 'unknown', 'cancelled', 'nobody wanted the call any more');

/**
 * What follows an attempt. `hasRung`: a 18x came, so that the next trunk is only tried when this attempt is known to be
 * dead. Total: every outcome has an answer, and what nobody foresaw stops the call.
 */
export function afterFailure(outcome: TrunkOutcome, hasRung: boolean): AfterFailure {
  const found = rowOf(outcome);
  const isDead = outcome.kind === 'refused' || outcome.kind === 'failed' || outcome.kind === 'unreachable' || (outcome.kind === 'silent' && outcome.isDead);
  const decided = found.next === 'next-trunk' && hasRung && !isDead ? STILL_RINGING : found;
  const retryAfterMs = outcome.kind === 'refused' ? (outcome.retryAfterMs ?? null) : null;
  const risk = outcome.kind === 'silent' && !outcome.isDead ? RISK[outcome.after] : null;
  return { next: decided.next, sign: decided.sign, retryAfterMs, result: decided.result, why: decided.why, risk };
}

/** What stays possible when a far end that said nothing is left (ASTERISK.md section 6: a late 200 is acknowledged and ended). */
const RISK = {
  nothing: 'The request may have arrived although no response came: the called phone could ring for some seconds. An answer there is ended at once.',
  trying: 'The carrier has not confirmed that it took the call back: the called phone could still ring. An answer there is ended at once.',
} as const;

function rowOf(outcome: TrunkOutcome): Row {
  switch (outcome.kind) {
    case 'refused': return bySip(outcome.sipCode, outcome.cause);
    case 'failed': return BY_CAUSE.get(outcome.cause) ?? OTHER_REFUSAL;
    case 'unreachable': return UNREACHABLE;
    case 'silent': return outcome.after === 'nothing' ? NOTHING : TRYING;
    case 'no-answer': return NO_ANSWER;
    case 'answered': return ANSWERED;
    case 'cancelled': return CANCELLED;
  }
}

function bySip(code: number, cause: number): Row {
  const byRoute = code === 480 ? UNAVAILABLE_BY_ROUTE.get(cause) : undefined;
  if (byRoute !== undefined) return byRoute;
  const listed = MATRIX.get(code);
  if (listed !== undefined) return listed;
  if (code >= 300 && code < 400) return DIVERTED;
  return code >= 500 && code < 600 ? OTHER_FAULT : OTHER_REFUSAL;
}
