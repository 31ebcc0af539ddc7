// Any WAV or MP3 an admin hands in -> two files for Asterisk (A-law at 8 kHz, linear at 16 kHz) at one loudness, or a
// PromptError that says what to mend. Three or four runs of the converter: decode and look for clipping, measure, outputs.
// Read convertPrompt first.
import { applyGain } from './limit.ts';
import { ANALYSIS_RATE, listen, type Heard } from './listen.ts';
import { PromptError } from './prompt-error.ts';
import type { RunSox, SoxResult } from './run-sox.ts';
import { hasBadFloat, sniff } from './sniff.ts';

/** Changes whenever the same master would come out differently: cached copies of an older recipe are then not used. */
export const RECIPE = 'speech-1';

export interface PromptAudio {
  /** G.711 A-law, 8 kHz, no header. */
  readonly alaw: Buffer;
  /** Signed 16-bit little-endian, 16 kHz, mono, no header. */
  readonly sln16: Buffer;
  readonly report: PromptReport;
}
export interface PromptReport {
  readonly durationMs: number;
  /** What was added to bring the recording to the level. */
  readonly gainDb: number;
  /** Sentences for the admin: usable, but better recorded again. */
  readonly warnings: readonly string[];
}

/** Largest master taken. */
export const MAX_MASTER_BYTES = 32 * 1024 * 1024;
/** Nobody listens to a longer prompt, and 10 min of float samples (38 MB) is what one conversion may hold. */
export const MAX_DURATION_MS = 600_000;
/**
 * Active speech level (ITU-T P.56) of every prompt, dBov: about -20 LUFS, 6 dB over carriers' test level so that it
 * does not sound weak beside their tones, with room left for dense voices.
 */
const SPEECH_DBOV = -19.5;
/** Music on hold lies 6 dB under speech, so that the announcement after it does not sound weak. */
const MUSIC_DBOV = -25.5;
/** Nothing under this is meant to be heard. */
const TOO_QUIET_DB = -60;
/** From here on the noise of the room comes up with the voice. */
const HIGH_GAIN_DB = 20;
/**
 * The flat tops of clipped speech: the converter's flat factor is 0 for clean linear recordings and 4.9 when 8 dB are
 * cut off. A-law's coarse steps look flat as well, so the tops must also be at full scale.
 */
const CLIPPED_FLAT_FACTOR = 3;
const CLIPPED_PEAK_DB = -0.5;
const LONG_LEAD_MS = 1_000;
/** A caller who hears nothing for 4 s thinks the line is dead. */
const DEAD_AIR_MS = 4_000;
/** Far more than 10 min of sound takes on a small machine (measured: about 1 s a run). */
const RUN_TIMEOUT_MS = 30_000;

/** Taken off while decoding: a full-scale recording must not clip when its sample rate changes. */
const HEADROOM_DB = 6;

const FLOAT = ['-t', 'raw', '-e', 'floating-point', '-b', '32', '-c', '1', '-r', String(ANALYSIS_RATE)] as const;
const MAX_FLOAT_BYTES = (MAX_DURATION_MS / 1000) * ANALYSIS_RATE * 4;

/**
 * Both files for Asterisk, levelled as `kind` asks; throws PromptError naming `file` (as the admin knows it), nothing
 * else.
 */
export async function convertPrompt(runSox: RunSox, master: Buffer, file: string, kind: 'speech' | 'music' = 'speech'): Promise<PromptAudio> {
  if (master.length > MAX_MASTER_BYTES) throw tooBig(file, master.length);
  const found = sniff(master, file);
  if (found.type === 'wav' && (await hasBadFloat(master, found.shape))) throw notNumbers(file);
  const decoded = await decode(runSox, master, found.type, file);
  const heard = await listen(decoded.pcm);
  if (heard === null) throw notNumbers(file);
  if (heard.durationMs === 0) throw new PromptError('broken', file, 'there is no sound in the file', 'Export it again');
  if (heard.peakDb < TOO_QUIET_DB - HEADROOM_DB) throw tooQuiet(file);
  const speechDb = await speechLevel(runSox, decoded.bytes, heard, file);
  if (speechDb < TOO_QUIET_DB) throw tooQuiet(file);
  const gainDb = (kind === 'music' ? MUSIC_DBOV : SPEECH_DBOV) - speechDb;
  await applyGain(decoded.pcm, gainDb + HEADROOM_DB);
  const alaw = await output(runSox, decoded.bytes, ['-t', 'al', '-r', '8000', '-c', '1', '-', 'rate', '-v', '8000'], file);
  const sln16 = await output(runSox, decoded.bytes, ['-t', 'raw', '-e', 'signed-integer', '-b', '16', '-r', '16000', '-c', '1', '-'], file);
  const warnings = warningsFor(heard, gainDb, decoded.isClipped);
  return { alaw, sln16, report: { durationMs: heard.durationMs, gainDb: round(gainDb), warnings } };
}

/** The refusal of a master over 32 MB. */
export function tooBig(file: string, bytes: number): PromptError {
  const size = Math.ceil(bytes / 1024 / 1024);
  return new PromptError('too-big', file, `the file has ${size} MB; the limit is 32 MB`, 'Save it as MP3, or as mono WAV with 16 kHz');
}

const notNumbers = (file: string) => new PromptError('broken', file, 'the file holds samples that are no numbers', 'Export it again as 16-bit WAV');

const tooQuiet = (file: string) =>
  new PromptError('too-quiet', file, 'nothing can be heard in the recording (under -60 dB)', 'Check the microphone and record it again');

interface Decoded {
  /** 16 kHz mono floats, 6 dB under the master, without rumble; `bytes` is the same memory. */
  readonly pcm: Float32Array;
  readonly bytes: Buffer;
  readonly isClipped: boolean;
}

async function decode(runSox: RunSox, master: Buffer, type: 'wav' | 'mp3', file: string): Promise<Decoded> {
  const effects = ['stats', 'gain', String(-HEADROOM_DB), 'channels', '1', 'rate', '-h', String(ANALYSIS_RATE), 'highpass', '100'];
  const result = await runSox(['-V1', '-t', type, '-', ...FLOAT, '-', ...effects], master, { timeoutMs: RUN_TIMEOUT_MS, maxBytes: MAX_FLOAT_BYTES });
  if (result.kind === 'too-much') {
    throw new PromptError('too-long', file, 'the recording is longer than 10 minutes', 'Cut it into shorter prompts');
  }
  const { stdout, stderr } = must(result, file);
  const pcm = floatsOf(stdout);
  return { pcm, bytes: Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength), isClipped: isClipped(stderr) };
}

/** The same memory where it may be: copying 38 MB would hold up other calls. */
function floatsOf(bytes: Buffer): Float32Array {
  const whole = bytes.length - (bytes.length % 4);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(Uint8Array.from(bytes).buffer);
  return new Float32Array(aligned.buffer, aligned.byteOffset, whole / 4);
}

/**
 * Active speech level of the master in dBov: the RMS of what is left when pauses are cut, within 0.2 dB of P.56.
 * Measured at a common peak, because the pause threshold is absolute.
 */
async function speechLevel(runSox: RunSox, pcm: Buffer, heard: Heard, file: string): Promise<number> {
  const lift = -3 - heard.peakDb;
  const effects = ['gain', lift.toFixed(2), 'silence', '-l', '1', '0.01', '-45d', '-1', '0.15', '-45d', 'stats'];
  const done = must(await runSox(['-V1', ...FLOAT, '-', '-n', ...effects], pcm, { timeoutMs: RUN_TIMEOUT_MS, maxBytes: 1024 }), file);
  const level = figure(done.stderr, 'RMS lev dB');
  // Nothing lasts 10 ms: a click, which no gain makes into speech.
  if (level === null) throw tooQuiet(file);
  return level - lift + HEADROOM_DB;
}

async function output(runSox: RunSox, pcm: Buffer, format: readonly string[], file: string): Promise<Buffer> {
  const done = must(await runSox(['-V1', ...FLOAT, '-', ...format], pcm, { timeoutMs: RUN_TIMEOUT_MS, maxBytes: MAX_FLOAT_BYTES }), file);
  if (done.stdout.length === 0) throw new PromptError('broken', file, 'the converter gave no sound back', 'Export it again as 16-bit WAV');
  return done.stdout;
}

function must(result: SoxResult, file: string): Extract<SoxResult, { kind: 'done' }> {
  switch (result.kind) {
    case 'done':
      return result;
    case 'missing':
      throw new PromptError('converter-missing', file, `the converter sox could not be started (${result.reason})`, 'Install the packages sox and libsox-fmt-mp3, or let GENVoice use its own Asterisk');
    case 'timeout':
      throw new PromptError('converter-timeout', file, `the converter did not finish within ${RUN_TIMEOUT_MS / 1000} s`, 'Save the recording as 16-bit WAV');
    case 'too-much':
      throw new PromptError('broken', file, 'the converter gave back more sound than was put in', 'Export it again as 16-bit WAV');
    case 'failed':
      throw new PromptError('broken', file, `the recording could not be read (${firstLine(result.stderr)})`, 'Export it again as 16-bit WAV');
  }
}

const isClipped = (stderr: string) => (figure(stderr, 'Flat factor') ?? 0) >= CLIPPED_FLAT_FACTOR && (figure(stderr, 'Pk lev dB') ?? -Infinity) >= CLIPPED_PEAK_DB;

/** The first figure of a line of the converter's `stats`, whose first column is the overall one. */
function figure(stderr: string, name: string): number | null {
  const line = stderr.split('\n').find((l) => l.startsWith(name));
  const value = line === undefined ? NaN : Number.parseFloat(line.slice(name.length).trim());
  return Number.isFinite(value) ? value : null;
}

/** Control characters from a hostile file must not reach a terminal. */
function firstLine(stderr: string): string {
  const line = stderr.split('\n').find((l) => l.trim() !== '') ?? 'no reason given';
  return line.replace(/[^\x20-\x7e]/g, '?').replace(/^sox \w+ /, '').slice(0, 160);
}

function warningsFor(heard: Heard, gainDb: number, isClipped: boolean): string[] {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const out: string[] = [];
  if (isClipped) out.push('The recording is clipped (recorded too loud) and sounds harsh. Record it again at a lower level.');
  if (gainDb > HIGH_GAIN_DB) out.push(`The recording is very quiet; it was raised by ${Math.round(gainDb)} dB, and its noise with it. Record it again closer to the microphone.`);
  if (heard.leadMs > LONG_LEAD_MS) out.push(`Callers hear nothing for the first ${seconds(heard.leadMs)} s. Cut the beginning.`);
  if (heard.tailMs > DEAD_AIR_MS) out.push(`Callers hear nothing for the last ${seconds(heard.tailMs)} s. Cut the end.`);
  if (heard.longestPauseMs >= DEAD_AIR_MS) out.push(`There is a pause of ${seconds(heard.longestPauseMs)} s inside; callers think that the line is dead after 4 s.`);
  return out;
}

const round = (db: number) => Math.round(db * 10) / 10;
