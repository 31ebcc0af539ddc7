// Gain with a ceiling. The converter's own limiter bends every sample (2 dB less level at 30 dB of gain, more level at
// negative gain: both measured), so loudness is set here: quiet parts get the plain gain, only peaks are held.
import { setImmediate as turn } from 'node:timers/promises';
import { ANALYSIS_RATE } from './listen.ts';

/** Highest sample of any prompt: -3 dBFS leaves room for A-law and for the carrier's own gain. */
const CEILING = 10 ** (-3 / 20);
/** The gain is decided for each 5 ms and glides between them. */
const BLOCK = ANALYSIS_RATE / 200;
/** Glide per block: down within 20 ms of a peak (seen ahead), up again over about half a second. */
const DOWN = 10 ** (-3 / 20);
const UP = 10 ** (0.1 / 20);
const SLICE_BLOCKS = 1_000;

/** Raises or lowers `pcm` (16 kHz mono floats) in place by `gainDb`; no sample ends above -3 dBFS. */
export async function applyGain(pcm: Float32Array, gainDb: number): Promise<void> {
  const factor = 10 ** (gainDb / 20);
  const gains = new Float64Array(Math.ceil(pcm.length / BLOCK) + 1).fill(factor);
  await inSlices(gains.length - 1, (block) => {
    const held = Math.min(factor, CEILING / blockPeak(pcm, block));
    // Both ends of a block hold its peak down, so that the glide between them never passes the ceiling.
    gains[block] = Math.min(gains[block] ?? factor, held);
    gains[block + 1] = held;
  });
  glide(gains);
  await inSlices(gains.length - 1, (block) => scaleBlock(pcm, block, gains[block] ?? factor, gains[block + 1] ?? factor));
}

function glide(gains: Float64Array): void {
  for (let i = 1; i < gains.length; i += 1) gains[i] = Math.min(gains[i] ?? 0, (gains[i - 1] ?? 0) * UP);
  for (let i = gains.length - 2; i >= 0; i -= 1) gains[i] = Math.min(gains[i] ?? 0, (gains[i + 1] ?? 0) / DOWN);
}

function blockPeak(pcm: Float32Array, block: number): number {
  let peak = 1e-9;
  for (let i = block * BLOCK; i < Math.min(pcm.length, (block + 1) * BLOCK); i += 1) peak = Math.max(peak, Math.abs(pcm[i] ?? 0));
  return peak;
}

function scaleBlock(pcm: Float32Array, block: number, from: number, to: number): void {
  const start = block * BLOCK;
  for (let i = start; i < Math.min(pcm.length, start + BLOCK); i += 1) {
    pcm[i] = (pcm[i] ?? 0) * (from + ((to - from) * (i - start)) / BLOCK);
  }
}

/** Gives other work its turn every 5 s of sound. */
async function inSlices(blocks: number, work: (block: number) => void): Promise<void> {
  for (let from = 0; from < blocks; from += SLICE_BLOCKS) {
    for (let block = from; block < Math.min(blocks, from + SLICE_BLOCKS); block += 1) work(block);
    await turn();
  }
}
