// G.711 sample conversion (ITU-T G.711) by tables: A-law is what we keep, mu-law is changed on the way in and out. PURE.
// Read `alawLevel` first.

/** One A-law byte of digital silence. */
export const ALAW_SILENCE = 0xd5;

function decodeAlaw(byte: number): number {
  const a = byte ^ 0x55;
  const exponent = (a >> 4) & 7;
  const base = ((a & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? base : (base + 0x100) << (exponent - 1);
  return a & 0x80 ? magnitude : -magnitude;
}

function decodeUlaw(byte: number): number {
  const u = ~byte & 0xff;
  const magnitude = ((((u & 0x0f) << 3) + 0x84) << ((u >> 4) & 7)) - 0x84;
  return u & 0x80 ? -magnitude : magnitude;
}

function encodeAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_767);
  let exponent = 7;
  for (let mask = 0x4000; exponent > 0 && !(magnitude & mask); mask >>= 1) exponent--;
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

const ALAW = Int16Array.from({ length: 256 }, (_, i) => decodeAlaw(i));
const ULAW = Int16Array.from({ length: 256 }, (_, i) => decodeUlaw(i));
const ULAW_TO_ALAW = Uint8Array.from(ULAW, encodeAlaw);
/** For each A-law byte the nearest mu-law byte. */
const ALAW_TO_ULAW = Uint8Array.from(ALAW, (sample) => {
  let best = 0;
  for (let i = 1; i < 256; i++) if (Math.abs((ULAW[i] ?? 0) - sample) < Math.abs((ULAW[best] ?? 0) - sample)) best = i;
  return best;
});

/** Returns the samples of A-law audio as 16-bit values. */
export const alawToLinear = (audio: Uint8Array): Int16Array => Int16Array.from(audio, (b) => ALAW[b] ?? 0);

/** Returns 16-bit samples as A-law audio; values past 16 bits are clipped. */
export const linearToAlaw = (samples: ArrayLike<number>): Uint8Array => Uint8Array.from(samples, (s) => encodeAlaw(s));

/** Returns mu-law audio as A-law. */
export const ulawToAlaw = (audio: Uint8Array): Uint8Array => audio.map((b) => ULAW_TO_ALAW[b] ?? ALAW_SILENCE);

/** Returns A-law audio as mu-law. */
export const alawToUlaw = (audio: Uint8Array): Uint8Array => audio.map((b) => ALAW_TO_ULAW[b] ?? 0xff);

/** Returns the mean absolute sample value, 0 to 32767; digital silence gives 8. */
export function alawLevel(audio: Uint8Array): number {
  let sum = 0;
  for (const byte of audio) sum += Math.abs(ALAW[byte] ?? 0);
  return audio.length === 0 ? 0 : sum / audio.length;
}

/** Returns `durationMs` of a sine tone in A-law, 8 kHz; `level` is the peak sample. */
export function alawTone(frequencyHz: number, durationMs: number, level = 8_000): Uint8Array {
  const samples = Array.from({ length: Math.round(durationMs * 8) }, (_, i) => Math.round(level * Math.sin((2 * Math.PI * frequencyHz * i) / 8_000)));
  return linearToAlaw(samples);
}
