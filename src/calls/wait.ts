// The single place where a flow waits: for an event, a deadline or the end of its signal, whichever is first.
import type { Clock } from '../ports/clock.ts';

/** The deadline came first. */
export const DEADLINE: unique symbol = Symbol('deadline');
export type Deadline = typeof DEADLINE;

/**
 * Resolves with what `subscribe` settles with, or DEADLINE after `deadlineMs`; rejects with the signal's reason.
 * `subscribe` runs before anything is awaited (events may come at once) and returns its own unsubscribe, which is
 * always called.
 */
export function wait<T>(
  clock: Clock,
  signal: AbortSignal,
  deadlineMs: number | null,
  subscribe: (settle: (value: T) => void) => () => void,
): Promise<T | Deadline> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let isDone = false;
    let cancelTimer: (() => void) | null = null;
    let unsubscribe: (() => void) | null = null;
    const finish = (): boolean => {
      if (isDone) return false;
      isDone = true;
      cancelTimer?.();
      unsubscribe?.();
      signal.removeEventListener('abort', onAbort);
      return true;
    };
    const onAbort = (): void => {
      if (finish()) reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort);
    const off = subscribe((value) => {
      if (finish()) resolve(value);
    });
    if (isDone) {
      off();
      return;
    }
    unsubscribe = off;
    if (deadlineMs !== null) {
      cancelTimer = clock.after(deadlineMs, () => {
        if (finish()) resolve(DEADLINE);
      });
    }
  });
}

/** Waits for time alone; rejects with the signal's reason. */
export async function pause(clock: Clock, signal: AbortSignal, ms: number): Promise<void> {
  await wait<never>(clock, signal, ms, () => () => {});
}
