// How long the main thread works without a pause by its own processor time: on a machine that others use as well, how late
// a timer comes tells more of them than of us.
import process from 'node:process';

const TICK_MS = 5;

/** Begins to measure; does not keep the process alive. */
export function watchOwnTime(): { longestMs(): number; stop(): void } {
  let longest = 0;
  let since = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(since);
    longest = Math.max(longest, (user + system) / 1_000);
    since = process.threadCpuUsage();
  }, TICK_MS);
  timer.unref();
  return { longestMs: () => longest, stop: () => clearInterval(timer) };
}
