// The circuit breaker of one trunk as a state machine: after failures of the carrier it is left alone for a time, then one
// call tries it. Times are arguments; it starts no timer. Read `mayUse` first.

export interface BreakerSettings {
  /** Failures in a row after which it opens. */
  readonly failuresToOpen: number;
  /** How long it stays open the first time; doubled with each probe that fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** A probe without a result for so long no longer holds others off. */
  readonly probeLimitMs: number;
}
/** Three failures are no accident; 5 s is two looks of the qualify; a minute keeps a carrier that is back from being left idle. */
export const BREAKER: BreakerSettings = { failuresToOpen: 3, openMs: 5_000, maxOpenMs: 60_000, probeLimitMs: 15_000 };
/** A carrier's Retry-After longer than this is not believed: it would take the trunk out of use for good. */
const MAX_RETRY_AFTER_MS = 600_000;

export type Breaker =
  /** In use. */
  | { readonly state: 'closed'; readonly failures: number }
  /** Left alone until `untilMs`; then one call may try. */
  | { readonly state: 'open'; readonly sinceMs: number; readonly untilMs: number; readonly openMs: number; readonly why: string }
  /** One call is trying; others go elsewhere. */
  | { readonly state: 'half-open'; readonly sinceMs: number; readonly probeAtMs: number; readonly openMs: number; readonly why: string };

export const CLOSED: Breaker = Object.freeze({ state: 'closed', failures: 0 });

/**
 * What a call showed of the trunk. `works`: the far end was reached, whatever the person did. `failed`: the trunk did not
 * do its work. `shut`: it will not until somebody mends it (log-in refused). `unknown`: the call ended by itself before.
 */
export type TrunkSign = 'works' | 'failed' | 'shut' | 'unknown';

/** True when a call may be placed now; with an open breaker whose time is over that call is the probe. */
export function mayUse(breaker: Breaker, nowMs: number, settings = BREAKER): boolean {
  switch (breaker.state) {
    case 'closed': return true;
    case 'open': return nowMs >= breaker.untilMs;
    case 'half-open': return nowMs >= breaker.probeAtMs + settings.probeLimitMs;
  }
}

/** A call goes out over the trunk. An emergency call goes past an open breaker and changes nothing about it. */
export function onPlaced(breaker: Breaker, nowMs: number, settings = BREAKER): Breaker {
  if (breaker.state === 'closed' || !mayUse(breaker, nowMs, settings)) return breaker;
  return { state: 'half-open', sinceMs: breaker.sinceMs, probeAtMs: nowMs, openMs: breaker.openMs, why: breaker.why };
}

/** How a call went. `retryAfterMs`: what the carrier asked for, honoured up to ten minutes; null or 0 = it asked for nothing. */
export function onSign(breaker: Breaker, sign: TrunkSign, nowMs: number, why: string, retryAfterMs: number | null = null, settings = BREAKER): Breaker {
  const askedMs = Math.min(Math.max(0, retryAfterMs ?? 0), MAX_RETRY_AFTER_MS);
  switch (sign) {
    case 'unknown':
      // The probe told nothing: the next call may be another.
      return breaker.state === 'half-open' ? { state: 'open', sinceMs: breaker.sinceMs, untilMs: nowMs, openMs: breaker.openMs, why: breaker.why } : breaker;
    case 'works': return breaker.state === 'closed' && breaker.failures === 0 ? breaker : CLOSED;
    case 'shut': return opened(breaker, nowMs, why, askedMs, settings);
    case 'failed': {
      const failures = breaker.state === 'closed' ? breaker.failures + 1 : settings.failuresToOpen;
      if (failures < settings.failuresToOpen && askedMs === 0) return { state: 'closed', failures };
      return opened(breaker, nowMs, why, askedMs, settings);
    }
  }
}

/** A late failure of a call that was placed before the breaker opened does not lengthen it; the failure of a probe does. */
function opened(breaker: Breaker, nowMs: number, why: string, askedMs: number, settings: BreakerSettings): Breaker {
  switch (breaker.state) {
    case 'closed': return { state: 'open', sinceMs: nowMs, untilMs: nowMs + Math.max(settings.openMs, askedMs), openMs: settings.openMs, why };
    case 'open': return { ...breaker, untilMs: Math.max(breaker.untilMs, nowMs + askedMs) };
    case 'half-open': {
      const openMs = Math.min(settings.maxOpenMs, breaker.openMs * 2);
      return { state: 'open', sinceMs: breaker.sinceMs, untilMs: nowMs + Math.max(openMs, askedMs), openMs, why };
    }
  }
}
