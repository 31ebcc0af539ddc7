// Whether new calls have to be turned away because events are handled late. PURE but for what it is told. Read `isNow`.

export interface LoadSigns {
  /** Median of the event loop's delay in the last second, ms. */
  readonly loopP50Ms: number;
  readonly nowMs: number;
}

/** Handling every event of a second this late means that answers are late, too. */
const LATE_MS = 400;
const LOOP_LATE_MS = 250;
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
  /** Least lag since the last look; Infinity = no event came. */
  #leastNowMs = Infinity;

  /** Told of each event: between Asterisk's stamp and our handling. */
  saw(lagMs: number): void {
    if (lagMs < this.#leastNowMs) this.#leastNowMs = lagMs;
  }

  /**
   * Asked about once a second. A queue that stands makes every event late; one that a moment's standstill left behind is
   * gone before the second is over, and turning calls away for it would cost more of them than it delayed.
   */
  isNow(signs: LoadSigns): boolean {
    const lagMs = this.#leastNowMs;
    this.#leastNowMs = Infinity;
    if (signs.loopP50Ms > LOOP_LATE_MS) return true;
    // While calls are turned away few events come, and an old lag says nothing about now.
    if (lagMs === Infinity) return false;
    if (signs.nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#leastBeforeMs = this.#leastMs;
      this.#leastMs = Infinity;
      this.#windowStartMs = signs.nowMs;
    }
    const offsetMs = Math.min(this.#leastMs, this.#leastBeforeMs);
    this.#leastMs = Math.min(this.#leastMs, lagMs);
    return lagMs - (offsetMs === Infinity ? 0 : offsetMs) > LATE_MS;
  }
}
