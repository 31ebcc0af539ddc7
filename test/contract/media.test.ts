// Conversion on the real converter of the embedded Asterisk's private folder, all piped through chroot.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import { alawSample, wavHeader } from '../../src/media/alaw.ts';
import { convertPrompt } from '../../src/media/convert.ts';
import { readManifest } from '../../src/media/manifest.ts';
import { PromptError } from '../../src/media/prompt-error.ts';
import { PromptStore } from '../../src/media/prompt-store.ts';
import { soxRunner, type RunSox } from '../../src/media/run-sox.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const speechFile = join(project, 'sounds/en-gb/record-after-tone.wav');
const LIMITS = { timeoutMs: 20_000, maxBytes: 64 * 1024 * 1024 };
let command: [string, ...string[]];
let sox: RunSox;
let speech: Buffer;
let folder: string;

beforeAll(async () => {
  const root = await ensureRootFolder({ folder: join(project, '.genvoice/root') });
  // As the folder's own user: a decoder that a hostile MP3 takes over has nothing to write to.
  command = ['chroot', `--userspec=${root.userId}:${root.groupId}`, root.folder, 'sox'];
  sox = soxRunner(command);
  speech = await readFile(speechFile);
  folder = await mkdtemp(join(tmpdir(), 'media-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A changed form of a recording, made by the same converter. */
async function made(args: readonly string[], input: Uint8Array = speech): Promise<Buffer> {
  const result = await sox(args, input, LIMITS);
  if (result.kind !== 'done') throw new Error(`sox ${args.join(' ')}: ${JSON.stringify(result)}`);
  return result.stdout;
}
const wavOut = ['-t', 'wav', '-', '-t', 'wav'];

/** RMS of the parts above -45 dBFS, in dBov: the level that prompts are brought to. */
async function speechLevel(sln16: Buffer): Promise<number> {
  const args = ['-t', 'raw', '-e', 'signed-integer', '-b', '16', '-c', '1', '-r', '16000', '-', '-n', 'highpass', '100', 'silence', '-l', '1', '0.01', '-45d', '-1', '0.15', '-45d', 'stats'];
  const result = await sox(args, sln16, LIMITS);
  return result.kind === 'done' ? Number(/RMS lev dB\s+(\S+)/.exec(result.stderr)?.[1]) : Number.NaN;
}
const peakDb = (sln16: Buffer) => {
  const samples = new Int16Array(sln16.buffer.slice(sln16.byteOffset, sln16.byteOffset + sln16.length));
  return 20 * Math.log10(samples.reduce((m, v) => Math.max(m, Math.abs(v)), 0) / 32_768);
};
const codeOf = (work: Promise<unknown>) => work.then(() => 'accepted', (error: unknown) => (error instanceof PromptError ? error.code : String(error)));

describe('what admins hand in comes out at one level', () => {
  const rows: [string, string[], string | null][] = [
    ['as it is', ['-'], null],
    ['44.1 kHz stereo', ['-r', '44100', '-c', '2', '-'], null],
    ['8 kHz A-law WAV', ['-r', '8000', '-e', 'a-law', '-'], null],
    ['24 bit', ['-b', '24', '-'], null],
    ['32-bit float', ['-e', 'floating-point', '-b', '32', '-'], null],
    ['3 dB louder', ['-', 'gain', '3'], null],
    ['12 dB too loud for its peaks', ['-', 'gain', '12'], 'clipped'],
    ['30 dB too quiet', ['-b', '24', '-', 'gain', '-30'], 'very quiet'],
    ['clipped', ['-', 'gain', '28'], 'clipped'],
    ['2 s of silence before it', ['-', 'pad', '2', '0'], 'the first 2.0 s'],
    ['5 s of silence after it', ['-', 'pad', '0', '5'], 'the last 5.'],
    ['5 s of silence inside it', ['-', 'pad', '5@3'], 'a pause of 5.'],
  ];
  it.each(rows)('%s', async (_, args, warning) => {
    const { alaw, sln16, report } = await convertPrompt(sox, await made([...wavOut, ...args]), 'x.wav');
    const level = await speechLevel(sln16);
    expect(Math.abs(level + 19.5)).toBeLessThan(1);
    expect(peakDb(sln16)).toBeLessThan(-2.9);
    expect(Math.abs(alaw.length * 4 - sln16.length)).toBeLessThanOrEqual(8);
    expect(Math.abs(sln16.length / 32 - report.durationMs)).toBeLessThanOrEqual(2);
    if (warning === null) expect(report.warnings).toEqual([]);
    else expect(report.warnings.join(' ')).toContain(warning);
  });

  it('MP3', async () => {
    const mp3 = await made(['-t', 'wav', '-', '-t', 'mp3', '-']);
    expect(mp3.length).toBeGreaterThan(5_000);
    const { sln16, report } = await convertPrompt(sox, mp3, 'x.mp3');
    expect(Math.abs((await speechLevel(sln16)) + 19.5)).toBeLessThan(1);
    expect(Math.abs(report.durationMs - 6_585)).toBeLessThan(150);
  });

  it('music lies 6 dB under speech', async () => {
    const { sln16 } = await convertPrompt(sox, speech, 'x.wav', 'music');
    expect(Math.abs((await speechLevel(sln16)) + 25.5)).toBeLessThan(1);
  });

  it('our A-law is that of the converter, code for code', async () => {
    const codes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
    const linear = await made(['-t', 'al', '-r', '8000', '-c', '1', '-', '-t', 'raw', '-e', 'signed-integer', '-b', '16', '-'], codes);
    expect(Array.from({ length: 256 }, (_, code) => linear.readInt16LE(code * 2))).toEqual(Array.from(codes, alawSample));
  });
});

describe('what cannot become a prompt', () => {
  const repeated = (body: Buffer, header: (head: Buffer) => void = () => undefined) => {
    const head = wavHeader(16_000, body.length);
    header(head);
    return Buffer.concat([head, body]);
  };
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) & 0xff));
  const rows: [string, () => Buffer | Promise<Buffer>, string][] = [
    ['digital silence', () => repeated(Buffer.alloc(64_000)), 'too-quiet'],
    ['a whisper at -70 dB', () => made([...wavOut, '-b', '24', '-', 'gain', '-65']), 'too-quiet'],
    ['an MP3 tag with garbage behind it', () => Buffer.concat([Buffer.from('ID3'), noise]), 'broken'],
    ['10 min 2 s at 8 bit', () => repeated(Buffer.alloc(602 * 16_000, 0x90), (h) => { h.writeUInt16LE(8, 34); h.writeUInt16LE(1, 32); }), 'too-long'],
    ['a few bytes that claim to be hours (the slowest rate)', () => repeated(noise, (h) => h.writeUInt32LE(4_000, 24)), 'accepted'],
    ['floats that are no numbers', () => repeated(Buffer.alloc(64_000, 0xff), (h) => { h.writeUInt16LE(3, 20); h.writeUInt16LE(32, 34); h.writeUInt16LE(4, 32); }), 'broken'],
    ['a header that claims 4 GB', () => repeated(speech.subarray(44), (h) => h.writeUInt32LE(0xfffffff0, 40)), 'accepted'],
  ];
  it.each(rows)('%s', async (_, make, code) => {
    expect(await codeOf(convertPrompt(sox, await make(), 'x.wav'))).toBe(code);
  });

  it('a converter that is not there, hangs or floods is an answer, not a wait', async () => {
    expect((await soxRunner(['/no/such/sox'])([], speech, LIMITS)).kind).toBe('missing');
    expect((await soxRunner([command[0], ...command.slice(1, -1), 'sleep'])(['60'], speech, { timeoutMs: 50, maxBytes: 10 })).kind).toBe('timeout');
    expect((await soxRunner(['sh', '-c', 'yes & yes'])([], speech, { timeoutMs: 20_000, maxBytes: 100_000 })).kind).toBe('too-much');
    expect((await sox(['--nonsense'], speech, LIMITS)).kind).toBe('failed');
  });
});

describe('the cache on a real disk', () => {
  it('a full disk is told as such, nothing half-written stays, and it works again when there is room', async () => {
    const small = join(folder, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', small]);
    try {
      const store = await PromptStore.open({ folder: join(small, 'prompts'), soundRoot: '/genvoice/media', httpBase: null, runSox: sox, levelled: new Set() });
      expect(await codeOf(store.prepare('acme', 'welcome', speechFile))).toBe('disk-full');
      expect(execFileSync('find', [small, '-name', '*.part'], { encoding: 'utf8' })).toBe('');
      execFileSync('mount', ['-o', 'remount,size=8m', small]);
      const { key } = await store.prepare('acme', 'welcome', speechFile);
      expect(existsSync(join(small, 'prompts', `${key}.alaw`))).toBe(true);
      await store.close();
    } finally {
      execFileSync('umount', [small]);
    }
  });

  it('all phrases of our own voice are ready within seconds without the converter, and at once the second time', async () => {
    const entries = [...(await readManifest(join(project, 'sounds/manifest.json'))).values()];
    const options = { folder: join(folder, 'own'), soundRoot: '/genvoice/media', httpBase: null, runSox: soxRunner(['/no/such/sox']), levelled: new Set(entries.map((e) => e.sha256)) };
    const prepareAll = async () => {
      const store = await PromptStore.open(options);
      const began = performance.now();
      const all = await Promise.all(entries.map((e) => store.prepare('system', e.id, e.path)));
      const tookMs = performance.now() - began;
      await store.close();
      return { all, tookMs };
    };
    const first = await prepareAll();
    const second = await prepareAll();
    expect(second.all).toEqual(first.all);
    expect(first.all.map((p) => p.durationMs)).toEqual(entries.map((e) => e.ms));
    expect(second.tookMs).toBeLessThan(first.tookMs);
    console.log(`${entries.length} phrases: ${Math.round(first.tookMs)} ms, then ${Math.round(second.tookMs)} ms`);
  });
});
