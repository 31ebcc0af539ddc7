// Prompts of the live tests: each is a tone of its own, so that a test hears which prompt a caller got, and whose.
// Read `heardTones`.
import { alawToLinear } from '../../src/sipua/g711.ts';

/** Hz of each prompt; the second customer's are the same plus `OTHER_CUSTOMER_HZ`. */
export const TONES = {
  menu: 500, sub: 600, one: 700, nothing: 800, wrong: 900, day: 1_000, night: 1_100, greeting: 1_200, gold: 1_300, plain: 1_400, failed: 1_500, bye: 1_600, long: 1_700, other: 1_800,
} as const;
export type ToneName = keyof typeof TONES;
export const OTHER_CUSTOMER_HZ = 1_400;

const RATE = 8_000;
const FRAME = 160;
/** A tone counts when it fills this many 20 ms frames in a row. */
const LEAST_FRAMES = 5;
/** Share of a frame's power that has to lie in the tone. */
const PURE = 0.75;

/** Tones in A-law audio in the order heard, each once per stretch; speech and ringing are left out. */
export function heardTones(audio: Uint8Array, candidates: readonly number[]): number[] {
  const heard: number[] = [];
  let running: number | undefined;
  let frames = 0;
  for (let from = 0; from + FRAME <= audio.length; from += FRAME) {
    const tone = toneOf(alawToLinear(audio.subarray(from, from + FRAME)), candidates);
    frames = tone === running ? frames + 1 : 1;
    running = tone;
    if (tone !== undefined && frames === LEAST_FRAMES) heard.push(tone);
  }
  return heard;
}

/** Whether `hz` fills any stretch of the audio. */
export function hasTone(audio: Uint8Array, hz: number): boolean {
  return heardTones(audio, [hz]).length > 0;
}

function toneOf(frame: Int16Array, candidates: readonly number[]): number | undefined {
  let energy = 0;
  for (const sample of frame) energy += sample * sample;
  if (energy / frame.length < 300 * 300) return undefined;
  return candidates.find((hz) => goertzel(frame, hz) / energy > PURE);
}

/** Energy of `frame` at `hz`, in the measure of the frame's own sum of squares. */
function goertzel(frame: Int16Array, hz: number): number {
  const omega = (2 * Math.PI * hz) / RATE;
  let one = 0;
  let two = 0;
  for (const sample of frame) {
    const next = sample + 2 * Math.cos(omega) * one - two;
    two = one;
    one = next;
  }
  return (2 * (one * one + two * two - 2 * Math.cos(omega) * one * two)) / frame.length;
}
