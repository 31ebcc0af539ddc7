// What a file really is, judged by its first bytes and never by its name; refuses shapes that would cost the converter
// more than they are worth. Header lengths are claims of a stranger: nothing is allocated or skipped on their word.
import { setImmediate as turn } from 'node:timers/promises';
import { PromptError } from './prompt-error.ts';

/** `fmt ` chunk of a WAV, as far as we judge it. */
export interface WavShape {
  readonly format: number;
  readonly channels: number;
  readonly rateHz: number;
  readonly bits: number;
  /** Where the sound begins, and how much of it is really there. */
  readonly dataAt: number;
  readonly dataBytes: number;
}

export type Sniffed = { readonly type: 'wav'; readonly shape: WavShape } | { readonly type: 'mp3' };

const PCM = 1;
const FLOAT = 3;
/** Float samples looked at before other work gets its turn: a few ms. */
const SLICE = 1_000_000;
const EXTENSIBLE = 0xfffe;
/** PCM, float, A-law, mu-law, extensible (which holds one of these). */
const FORMATS: ReadonlyMap<number, string> = new Map([[PCM, 'PCM'], [FLOAT, 'float'], [6, 'A-law'], [7, 'mu-law'], [EXTENSIBLE, 'extensible']]);
const MAX_CHUNKS = 200;
const SAVE_AS = 'Save it as WAV (PCM, 16 bit, 8 to 48 kHz, mono or stereo) or as MP3';

/** The type of `bytes`, or a PromptError naming `file` (`empty`, `unknown-type`, `unsupported-encoding`, `broken`). */
export function sniff(bytes: Buffer, file: string): Sniffed {
  if (bytes.length === 0) throw new PromptError('empty', file, 'the file is empty', 'Record or export it again');
  const tag = bytes.toString('latin1', 0, 4);
  if (tag === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE') return { type: 'wav', shape: wavShape(bytes, file) };
  if (tag.startsWith('ID3') || isMpegFrame(bytes)) return { type: 'mp3' };
  throw new PromptError('unknown-type', file, 'this is neither a WAV nor an MP3 file, whatever its name says', SAVE_AS);
}

/** An MPEG audio frame header (ISO 11172-3, 2.4.1.3): sync, layer III, a bit rate and a sample rate that exist. */
function isMpegFrame(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const [a = 0, b = 0, c = 0] = bytes;
  const version = (b >> 3) & 3;
  const layer = (b >> 1) & 3;
  return a === 0xff && (b & 0xe0) === 0xe0 && version !== 1 && layer === 1 && c >> 4 !== 15 && c >> 4 !== 0 && ((c >> 2) & 3) !== 3;
}

function wavShape(bytes: Buffer, file: string): WavShape {
  let fmt: Omit<WavShape, 'dataAt' | 'dataBytes'> | null = null;
  let at = 12;
  for (let n = 0; n < MAX_CHUNKS && at + 8 <= bytes.length; n += 1) {
    const name = bytes.toString('latin1', at, at + 4);
    const claimed = bytes.readUInt32LE(at + 4);
    if (name === 'fmt ' && claimed >= 16 && at + 24 <= bytes.length) fmt = readFmt(bytes, at + 8, claimed);
    if (name === 'data') {
      if (fmt === null) break;
      const dataBytes = Math.min(claimed, bytes.length - at - 8);
      if (dataBytes === 0) throw new PromptError('empty', file, 'the WAV file holds no sound', 'Record or export it again');
      return accept({ ...fmt, dataAt: at + 8, dataBytes }, file);
    }
    at += 8 + claimed + (claimed % 2);
  }
  throw new PromptError('broken', file, 'the WAV file has no readable header', 'Export it again; the file may have been cut off');
}

function readFmt(bytes: Buffer, at: number, claimed: number): Omit<WavShape, 'dataAt' | 'dataBytes'> {
  const written = bytes.readUInt16LE(at);
  const sub = written === EXTENSIBLE && claimed >= 26 && at + 26 <= bytes.length ? bytes.readUInt16LE(at + 24) : written;
  return { format: sub, channels: bytes.readUInt16LE(at + 2), rateHz: bytes.readUInt32LE(at + 4), bits: bytes.readUInt16LE(at + 14) };
}

function accept(shape: WavShape, file: string): WavShape {
  const refuse = (what: string) => new PromptError('unsupported-encoding', file, what, SAVE_AS);
  if (!FORMATS.has(shape.format)) throw refuse(`the WAV file uses coding ${shape.format}, which is not taken`);
  if (shape.channels < 1 || shape.channels > 8) throw refuse(`the WAV file says it has ${shape.channels} channels`);
  if (shape.rateHz < 4_000 || shape.rateHz > 192_000) throw refuse(`the WAV file says it has ${shape.rateHz} samples a second`);
  const widths = shape.format === FLOAT ? [32, 64] : [8, 16, 24, 32];
  if (!widths.includes(shape.bits)) throw refuse(`the WAV file says it has ${shape.bits} bits a sample`);
  return shape;
}

/** Whether a WAV of floats holds NaN or infinity, which the converter would turn into full-scale noise. */
export async function hasBadFloat(bytes: Buffer, shape: WavShape): Promise<boolean> {
  if (shape.format !== FLOAT) return false;
  const width = shape.bits / 8;
  const end = shape.dataAt + shape.dataBytes - width;
  for (let at = shape.dataAt, n = 1; at <= end; at += width, n += 1) {
    if (!Number.isFinite(width === 8 ? bytes.readDoubleLE(at) : bytes.readFloatLE(at))) return true;
    if (n % SLICE === 0) await turn();
  }
  return false;
}
