// Makes every prompt of the repository from the texts in its manifests, and writes hash, length and loudness back.
// Needs pico2wave (Debian packages libttspico-utils libttspico0 libttspico-data, component non-free) and ffmpeg;
// PICO2WAVE and FFMPEG name them when they are not on the PATH. No program of the product runs this: the WAVs ship.
// Use: node sounds/generate.mjs [manifest.json …]      Read makeManifest first.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PICO2WAVE = process.env.PICO2WAVE ?? 'pico2wave';
const FFMPEG = process.env.FFMPEG ?? 'ffmpeg';
const RATE = 16_000;
const TARGET_LUFS = -20;
const TOLERANCE_LU = 1;
/** Highest sample that may ship: -3 dBFS leaves room for A-law and for a carrier's own gain. */
const PEAK_LIMIT = 10 ** (-3 / 20);
/** Clips shorter than this take the gain of the whole set: levelled one by one, "six" would shout. */
const SHORT_MS = 1_500;
/** The lift that makes this bass-heavy voice clear on a telephone line. */
const EQ = 'highpass=f=200,equalizer=f=300:t=o:w=1.5:g=-4,highshelf=f=1400:g=8:t=s:w=0.7';
/** With one gain for all, a word full of "sh" or long vowels ends up louder; none may stand out by more than this. */
const SHORT_ABOVE_LU = 2.5;
/** Silence kept before and after the voice. A word is joined with others, so it gets less. */
const KEEP_MS = { word: { lead: 20, tail: 50 }, phrase: { lead: 40, tail: 120 } };
/** The voice's own noise is far below this, the end of an "s" far above. Relative to full scale, 5 ms windows. */
const SILENCE_RMS = 10 ** (-58 / 20);

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'prompts-'));

/** The text as the voice must read it: telephone numbers digit by digit, in groups. */
function spoken(prompt) {
  const text = prompt.say ?? prompt.text;
  return text.replace(/\b(0\d{4}) (\d{3})(\d{3})\b/g, (_, a, b, c) => [a, b, c].map((g) => [...g].join(' ')).join(', '));
}

/** Speech as 16 kHz mono floats, equalised but not levelled or cut. */
function speak(prompt) {
  const wav = join(scratch, 'voice.wav');
  execFileSync(PICO2WAVE, ['-l', 'en-GB', '-w', wav, spoken(prompt)]);
  return filter(['-i', wav], `aformat=sample_fmts=fltp,${EQ}`);
}

function filter(input, chain, stdin) {
  const args = ['-hide_banner', '-nostats', '-loglevel', 'error', ...input, '-af', chain, '-ar', String(RATE), '-ac', '1', '-f', 'f32le', '-'];
  const out = execFileSync(FFMPEG, args, { input: stdin, maxBuffer: 1 << 28 });
  return new Float32Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.byteLength));
}

const RAW = ['-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', '-'];
const bytesOf = (pcm) => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);

/** Integrated loudness in LUFS, or null for clips too short for the measure (0.4 s). */
function loudness(pcm) {
  if (pcm.length < RATE * 0.45) return null;
  const file = join(scratch, 'measure.f32');
  writeFileSync(file, bytesOf(pcm));
  const report = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', FFMPEG, '-hide_banner', '-nostats', '-f', 'f32le', '-ar', String(RATE), '-ac', '1', '-i', file, '-af', 'ebur128', '-f', 'null', '-'], { encoding: 'utf8' });
  const found = [...report.matchAll(/I:\s+(-?[\d.]+) LUFS/g)].at(-1);
  return found ? Number(found[1]) : null;
}

/** Cuts silence at both ends and fades the cut over 5 ms so that it cannot click. */
function trim(pcm, kind) {
  const step = RATE / 200;
  const loud = [];
  for (let at = 0; at + step <= pcm.length; at += step) {
    let sum = 0;
    for (let i = at; i < at + step; i += 1) sum += pcm[i] ** 2;
    if (Math.sqrt(sum / step) > SILENCE_RMS) loud.push(at);
  }
  if (loud.length === 0) throw new Error('the voice said nothing');
  const from = Math.max(0, loud[0] - (KEEP_MS[kind].lead * RATE) / 1000);
  const to = Math.min(pcm.length, loud.at(-1) + step + (KEEP_MS[kind].tail * RATE) / 1000);
  const cut = pcm.slice(from, to);
  for (let i = 0; i < step; i += 1) {
    cut[i] *= i / step;
    cut[cut.length - 1 - i] *= i / step;
  }
  return cut;
}

const level = (pcm, gainDb) => filter(RAW, `volume=${gainDb.toFixed(2)}dB,alimiter=limit=0.7:level=disabled`, bytesOf(pcm)).subarray(0, pcm.length);

function levelShort(pcm, gainDb) {
  const out = level(pcm, gainDb);
  const over = (loudness(out) ?? TARGET_LUFS) - TARGET_LUFS - SHORT_ABOVE_LU;
  return over > 0 ? level(pcm, gainDb - over) : out;
}

const speechAt = (pcm, shortGainDb) => (isShort(pcm) ? levelShort(pcm, shortGainDb) : level(pcm, TARGET_LUFS - loudness(pcm)));

/** 1 kHz, at the loudness of the voice (a full-scale tone in one channel reads -3 LUFS). */
function tone(ms) {
  const pcm = new Float32Array((RATE * ms) / 1000);
  const peak = 10 ** ((TARGET_LUFS + 3) / 20);
  const fade = RATE / 200;
  for (let i = 0; i < pcm.length; i += 1) {
    pcm[i] = peak * Math.sin((2 * Math.PI * 1000 * i) / RATE) * Math.min(1, i / fade, (pcm.length - 1 - i) / fade);
  }
  return pcm;
}

/** A WAV with the plain 44-byte header and nothing else, so that the same sound always has the same hash. */
function wav(pcm) {
  const body = Buffer.alloc(pcm.length * 2);
  pcm.forEach((v, i) => body.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(v * 32767))), i * 2));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + body.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(body.length, 40);
  return Buffer.concat([head, body]);
}

function concat(clips) {
  const all = new Float32Array(clips.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const clip of clips) {
    all.set(clip, at);
    at += clip.length;
  }
  return all;
}

function raw(prompt) {
  if (prompt.kind === 'tone') return tone(250);
  if (prompt.kind === 'silence') return new Float32Array(RATE / 5);
  return trim(speak(prompt), prompt.kind);
}

const isVoice = (prompt) => prompt.kind === 'word' || prompt.kind === 'phrase';
const isShort = (pcm) => (pcm.length * 1000) / RATE < SHORT_MS;

/** Makes all files of one manifest; throws, with the prompt's id, when one misses the level or the peak. */
function makeManifest(path, shortGainDb) {
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const clips = manifest.prompts.map((prompt) => {
    try {
      return { prompt, pcm: raw(prompt) };
    } catch (error) {
      throw new Error(`${path}: "${prompt.id}" could not be made: ${error.message}`, { cause: error });
    }
  });
  const short = clips.filter((c) => isVoice(c.prompt) && isShort(c.pcm)).map((c) => c.pcm);
  const gainDb = shortGainDb ?? TARGET_LUFS - loudness(concat(short));
  for (const { prompt, pcm } of clips) {
    const out = isVoice(prompt) ? speechAt(pcm, gainDb) : pcm;
    const peak = out.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    prompt.lufs = loudness(out);
    if (isVoice(prompt) && !isShort(pcm) && Math.abs(prompt.lufs - TARGET_LUFS) > TOLERANCE_LU) throw new Error(`${path}: "${prompt.id}" is at ${prompt.lufs} LUFS`);
    if (peak > PEAK_LIMIT) throw new Error(`${path}: "${prompt.id}" peaks at ${(20 * Math.log10(peak)).toFixed(1)} dBFS`);
    if (prompt.kind === 'silence') prompt.lufs = null;
    const bytes = wav(out);
    writeFileSync(join(dirname(path), prompt.file), bytes);
    prompt.sha256 = createHash('sha256').update(bytes).digest('hex');
    prompt.ms = Math.round((out.length * 1000) / RATE);
  }
  writeFileSync(path, `${JSON.stringify(manifest, null, 1)}\n`);
  console.log(`${path}: ${clips.length} prompts, ${short.length} short clips with one gain of ${gainDb.toFixed(1)} dB`);
  return gainDb;
}

try {
  const plans = join(here, '..', 'dialplan', 'plans', 'media');
  const named = process.argv.slice(2);
  const all = [join(here, 'manifest.json'), join(plans, 'bramley-finch', 'manifest.json'), join(plans, 'harbour-dental', 'manifest.json')];
  // The system set comes first: short clips of the firms take its gain, or the two would differ in one sentence.
  let gainDb;
  for (const path of named.length > 0 ? named : all) gainDb = makeManifest(path, gainDb);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
