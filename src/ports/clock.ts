// Time and ids as the flows see them: handed in, so that a test can run an hour in a millisecond.

export interface Clock {
  /** Epoch milliseconds, for people and records. */
  nowMs(): number;
  /** Monotonic milliseconds, for every deadline. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; the function returned cancels. */
  after(delayMs: number, act: () => void): () => void;
}

export interface Ids {
  /**
   * A short, unique call id ([0-9a-z], 10 characters or more). A channel that the switch named gets the same id whenever
   * and by whichever process of ours it is asked for: so a call has one record whoever writes it.
   */
  callId(channel: string): string;
}

/** 0 <= n < 1; for the random ring strategy alone. */
export type Random = () => number;
