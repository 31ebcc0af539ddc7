// Whether new calls have to be turned away because events are handled late. PURE but for what it is told. Read `isNow`.

export interface LoadSigns {
  /** Between Asterisk's stamp and our handling of the newest event, ms. */
  readonly eventLagMs: number;
  /** Arrival of the newest event, epoch ms; null = none yet. */
  readonly lastEventMs: number | null;
  /** 99th percentile of the event loop's delay in the last second, ms. */
  readonly loopP99Ms: number;
  readonly nowMs: number;
}

/** Handling an event this late means that answers are late, too. */
const LATE_MS = 400;
const LOOP_LATE_MS = 250;
/** An older lag says nothing about now: while calls are turned away few events come, and it would hold for ever. */
const STALE_MS = 2_000;
/** The least lag of a minute is the difference of the two clocks, not work that waits. */
const WINDOW_MS = 60_000;

/**
 * Value of the dialplan's GV_OVERLOAD that turns new calls away for `forMs`, in epoch seconds: a process that was killed
 * meanwhile leaves nothing behind, and calls then take their last known route.
 */
export function turnAwayUntil(nowMs: number, forMs: number): string {
  return String(Math.ceil((nowMs + forMs) / 1_000));
}

export class Overload {
  #windowStartMs = -Infinity;
  #leastMs = Infinity;
  #leastBeforeMs = Infinity;

  /** Asked about once a second. */
  isNow(signs: LoadSigns): boolean {
    if (signs.loopP99Ms > LOOP_LATE_MS) return true;
    if (signs.lastEventMs === null || signs.nowMs - signs.lastEventMs > STALE_MS) return false;
    if (signs.nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#leastBeforeMs = this.#leastMs;
      this.#leastMs = Infinity;
      this.#windowStartMs = signs.nowMs;
    }
    const offsetMs = Math.min(this.#leastMs, this.#leastBeforeMs);
    this.#leastMs = Math.min(this.#leastMs, signs.eventLagMs);
    return signs.eventLagMs - (offsetMs === Infinity ? 0 : offsetMs) > LATE_MS;
  }
}
