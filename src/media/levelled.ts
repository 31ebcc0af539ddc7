// The short way for our own recordings (16 kHz mono 16-bit WAV, levelled when they were made): no converter is started,
// so the first start is quick, and the product's own voice works even where the converter is missing.
import { setImmediate as turn } from 'node:timers/promises';
import { alawByte } from './alaw.ts';
import type { PromptAudio } from './convert.ts';
import { PromptError } from './prompt-error.ts';
import { sniff } from './sniff.ts';

const RATE = 16_000;
/** Half-band low-pass before every second sample is dropped: flat to 3.4 kHz, 60 dB down from 4.2 kHz. */
const TAPS = 95;
const CUTOFF = 3_800 / RATE;
const KERNEL = lowPass();

function lowPass(): Float64Array {
  const kernel = new Float64Array(TAPS);
  const middle = (TAPS - 1) / 2;
  let sum = 0;
  for (let i = 0; i < TAPS; i += 1) {
    const x = i - middle;
    const sinc = x === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x);
    const phase = (2 * Math.PI * i) / (TAPS - 1);
    kernel[i] = sinc * (0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase));
    sum += kernel[i] ?? 0;
  }
  return kernel.map((v) => v / sum);
}

/** Both files for Asterisk from a levelled master; throws PromptError when it has another shape. */
export async function convertLevelled(master: Buffer, file: string): Promise<PromptAudio> {
  const found = sniff(master, file);
  if (found.type !== 'wav' || found.shape.format !== 1 || found.shape.channels !== 1 || found.shape.rateHz !== RATE || found.shape.bits !== 16) {
    throw new PromptError('unsupported-encoding', file, 'a levelled master must be a mono 16-bit WAV with 16 kHz', 'Make it again with sounds/generate.mjs');
  }
  const { dataAt, dataBytes } = found.shape;
  const sln16 = Buffer.from(master.subarray(dataAt, dataAt + dataBytes - (dataBytes % 2)));
  const length = sln16.length / 2;
  return { alaw: await halve(sln16, length), sln16, report: { durationMs: Math.round((length * 1000) / RATE), gainDb: 0, warnings: [] } };
}

/** Output samples made before other work gets its turn: 1 s of sound, a few ms. */
const SLICE = 8_000;

async function halve(sln16: Buffer, length: number): Promise<Buffer> {
  const middle = (TAPS - 1) / 2;
  // Silence on both sides, so that the inner loop never has to ask where it is.
  const padded = new Float64Array(length + 2 * TAPS);
  for (let i = 0; i < length; i += 1) padded[i + middle] = sln16.readInt16LE(i * 2);
  const out = Buffer.alloc(Math.ceil(length / 2));
  for (let from = 0; from < out.length; from += SLICE) {
    for (let i = from; i < Math.min(out.length, from + SLICE); i += 1) out[i] = alawByte(filtered(padded, i * 2));
    await turn();
  }
  return out;
}

function filtered(padded: Float64Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < TAPS; k += 1) sum += (KERNEL[k] ?? 0) * (padded[at + k] ?? 0);
  return Math.max(-32768, Math.min(32767, Math.round(sum)));
}
