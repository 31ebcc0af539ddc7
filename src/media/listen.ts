// What can be seen in the samples of a recording before it is levelled: silence, peaks, waits. Judged here rather than
// by the converter's own report, whose wording changes between its versions.
import { setImmediate as turn } from 'node:timers/promises';

/** 16 kHz mono float samples are judged in steps of 10 ms. */
export const ANALYSIS_RATE = 16_000;
const STEP = ANALYSIS_RATE / 100;
/** A step this far under the loudest one is a pause, not speech. */
const PAUSE_BELOW_PEAK_DB = 40;

export interface Heard {
  readonly durationMs: number;
  readonly peakDb: number;
  /** Before the first and after the last thing heard, and the longest pause between. */
  readonly leadMs: number;
  readonly tailMs: number;
  readonly longestPauseMs: number;
}

/** Samples looked at before other work gets its turn: 5 s of sound, about 1 ms. */
const SLICE = 5 * ANALYSIS_RATE;

/**
 * Looks through mono float samples at 16 kHz; null when one of them is no finite number. `peakDb` is -Infinity for
 * digital silence. Gives way to other work, so that ten minutes of music do not hold up a live call.
 */
export async function listen(pcm: Float32Array): Promise<Heard | null> {
  const peaks = new Float32Array(Math.ceil(pcm.length / STEP));
  for (let from = 0; from < peaks.length; from += SLICE / STEP) {
    for (let i = from; i < Math.min(peaks.length, from + SLICE / STEP); i += 1) peaks[i] = peakOf(pcm, i * STEP);
    await turn();
  }
  if (peaks.some((v) => !Number.isFinite(v))) return null;
  const peak = peaks.reduce((m, v) => Math.max(m, v), 0);
  const floor = peak * 10 ** (-PAUSE_BELOW_PEAK_DB / 20);
  return { durationMs: Math.round((pcm.length * 1000) / ANALYSIS_RATE), peakDb: 20 * Math.log10(peak), ...pauses(peaks, floor) };
}

/** NaN or infinity when the step holds one. */
function peakOf(pcm: Float32Array, from: number): number {
  let peak = 0;
  for (let i = from; i < Math.min(pcm.length, from + STEP); i += 1) {
    const v = Math.abs(pcm[i] ?? 0);
    if (!(v <= peak)) peak = v;
    if (!Number.isFinite(peak)) return peak;
  }
  return peak;
}

function pauses(peaks: Float32Array, floor: number): Pick<Heard, 'leadMs' | 'tailMs' | 'longestPauseMs'> {
  const stepMs = (STEP * 1000) / ANALYSIS_RATE;
  let first = -1;
  let last = -1;
  let longest = 0;
  peaks.forEach((v, i) => {
    if (v <= floor) return;
    if (first < 0) first = i;
    else longest = Math.max(longest, i - last - 1);
    last = i;
  });
  const silentSteps = first < 0 ? peaks.length : 0;
  return { leadMs: (first < 0 ? silentSteps : first) * stepMs, tailMs: (peaks.length - 1 - last) * stepMs, longestPauseMs: longest * stepMs };
}
