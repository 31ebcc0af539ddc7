// Timers that die together: whoever owns a TimerSet can prove that nothing fires after its close.
// Also holds the RFC 3261 timer values. Read `createTimers` first.

/** RFC 3261 section 17 base values in ms; all other timers are derived from them. */
export interface SipTimerValues {
  /** Round-trip estimate; first retransmission. RFC: 500. */
  readonly t1Ms: number;
  /** Longest retransmission interval. RFC: 4000. */
  readonly t2Ms: number;
  /** How long a message may stay in the network. RFC: 5000. */
  readonly t4Ms: number;
}

/** The values for any network; only loopback may use shorter ones. */
export const RFC_TIMERS: SipTimerValues = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

/** Gives up after this time: timers B, F, H, and how long finished transactions are remembered. */
export const giveUpMs = (t: SipTimerValues): number => 64 * t.t1Ms;

export interface TimerSet {
  /** Runs `act` once after `delayMs`; the returned function cancels it. After `clear` nothing is armed any more. */
  after(delayMs: number, act: () => void): () => void;
  /** Cancels everything, for good. */
  clear(): void;
  /** Timers that are armed now. */
  readonly size: number;
}

/** Returns an empty set. */
export function createTimers(): TimerSet {
  const armed = new Set<NodeJS.Timeout>();
  let isClosed = false;
  return {
    after(delayMs, act) {
      if (isClosed) return () => undefined;
      const timer = setTimeout(() => {
        armed.delete(timer);
        act();
      }, delayMs);
      armed.add(timer);
      return () => {
        clearTimeout(timer);
        armed.delete(timer);
      };
    },
    clear() {
      isClosed = true;
      for (const timer of armed) clearTimeout(timer);
      armed.clear();
    },
    get size() {
      return armed.size;
    },
  };
}

/** Calls `send` again after T1, 2*T1 and so on, at most every T2 (no cap when `capMs` is Infinity), until cancelled. */
export function retransmit(timers: TimerSet, firstMs: number, capMs: number, send: () => void): () => void {
  let stop: () => void = () => undefined;
  const arm = (delayMs: number): void => {
    stop = timers.after(delayMs, () => {
      send();
      arm(Math.min(delayMs * 2, capMs));
    });
  };
  arm(firstMs);
  return () => stop();
}
