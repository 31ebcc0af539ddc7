// How long the event loop is held up, for the overload guard, the metrics and the rule that no task takes over 20 ms.
// A timer of its own and not perf_hooks' histogram: that one skips the first sample after each reset (Node 24.21), so
// that a long task right after a reset was never seen.

const SAMPLE_EVERY_MS = 10;
const WINDOW_MS = 1_000;

/** How late the loop came back to us, in ms, over the last full second. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
export interface LoopWatch {
  /** Of the last full second; zeros in the first. */
  last(): LoopDelay;
  /** Longest delay since the start or the last call of this function. */
  takeLongestMs(): number;
  stop(): void;
}

/** Begins to measure; does not keep the process alive. */
export function watchLoop(onWindow: (delay: LoopDelay) => void = () => undefined): LoopWatch {
  let window: number[] = [];
  let last: LoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  let longest = 0;
  let seenAt = performance.now();
  let windowEndsAt = seenAt + WINDOW_MS;
  const sample = (): void => {
    const now = performance.now();
    const late = Math.max(0, now - seenAt - SAMPLE_EVERY_MS);
    seenAt = now;
    longest = Math.max(longest, late);
    window.push(late);
    if (now < windowEndsAt) return;
    window.sort((a, b) => a - b);
    last = { p50Ms: at(window, 0.5), p99Ms: at(window, 0.99), maxMs: at(window, 1) };
    window = [];
    windowEndsAt = now + WINDOW_MS;
    onWindow(last);
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  timer.unref();
  return {
    last: () => last,
    takeLongestMs() {
      // A task that is ending now has not been sampled yet.
      sample();
      const taken = longest;
      longest = 0;
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
