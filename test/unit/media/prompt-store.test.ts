import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wavHeader } from '../../../src/media/alaw.ts';
import type { PromptAudio } from '../../../src/media/convert.ts';
import { PromptError, writeError } from '../../../src/media/prompt-error.ts';
import { PromptStore, type PromptStoreOptions } from '../../../src/media/prompt-store.ts';
import type { RunSox } from '../../../src/media/run-sox.ts';

let folder: string;
let cache: string;
let converted: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prompts-'));
  cache = join(folder, 'prompts');
  converted = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const audio = (master: Buffer): PromptAudio => ({ alaw: Buffer.alloc(80, 0xd5), sln16: Buffer.concat([master, Buffer.alloc(320)]), report: { durationMs: 10, gainDb: 1.5, warnings: ['a warning'] } });
const noSox: RunSox = () => Promise.resolve({ kind: 'missing', reason: 'not in this test' });

const open = (more: Partial<PromptStoreOptions> = {}) =>
  PromptStore.open({
    folder: cache, soundRoot: '/genvoice/media', httpBase: null, runSox: noSox, levelled: new Set(),
    convert: (master, label) => {
      converted.push(label);
      return Promise.resolve(audio(master));
    },
    ...more,
  });

const master = async (name: string, text = name) => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const codeOf = (work: Promise<unknown>) => work.then(() => 'accepted', (error: unknown) => (error instanceof PromptError ? error.code : String(error)));

describe('the cache', () => {
  it('converts once, gives path, length and warnings, and remembers after a restart', async () => {
    const file = await master('welcome.wav');
    const store = await open();
    const first = await store.prepare('acme', 'welcome', file);
    expect(first).toEqual({ key: expect.stringMatching(/^[0-9a-f]{64}$/), sound: `/genvoice/media/${first.key}`, durationMs: 10, gainDb: 1.5, warnings: ['a warning'] });
    expect(await store.prepare('acme', 'welcome', file)).toEqual(first);
    await store.close();
    expect(await (await open()).prepare('acme', 'welcome', file)).toEqual(first);
    expect(converted).toEqual([`Prompt "welcome" of acme (${file})`]);
    expect((await readdir(cache)).sort()).toEqual([`${first.key}.alaw`, `${first.key}.sln16`, 'index.json'].sort());
  });

  it('shares one conversion between customers with the same recording, and keeps different ones apart', async () => {
    const [a, b, c] = [await master('a.wav', 'same'), await master('b.wav', 'same'), await master('c.wav', 'other')];
    const store = await open();
    const [one, two, three] = await Promise.all([store.prepare('acme', 'welcome', a), store.prepare('bravo', 'welcome', b), store.prepare('bravo', 'closed', c)]);
    expect(one.key).toBe(two.key);
    expect(three.key).not.toBe(one.key);
    expect(converted).toHaveLength(2);
    await store.close();
  });

  it('sees that a recording was replaced, even by one of the same size and time', async () => {
    const file = await master('a.wav', 'first');
    const at = (await stat(file)).mtime;
    const store = await open();
    const before = await store.prepare('acme', 'a', file);
    await writeFile(file, 'other');
    await utimes(file, at, at);
    const after = await store.prepare('acme', 'a', file);
    expect(after.key).not.toBe(before.key);
    await store.close();
  });

  it('does not read again what only was touched, and makes again what was cut off or deleted', async () => {
    const file = await master('a.wav');
    const store = await open();
    const { key } = await store.prepare('acme', 'a', file);
    await utimes(file, 1, 1);
    await store.prepare('acme', 'a', file);
    expect(converted).toHaveLength(1);
    await truncate(join(cache, `${key}.alaw`), 3);
    await store.prepare('acme', 'a', file);
    expect(converted).toHaveLength(2);
    await rm(join(cache, `${key}.sln16`));
    await store.prepare('acme', 'a', file);
    expect(converted).toHaveLength(3);
    await store.close();
  });

  it('starts with an empty index when the file is damaged or of another recipe, and clears half-written files', async () => {
    const file = await master('a.wav');
    for (const index of ['{"recipe":', '[]', '{"recipe":"older","masters":{},"results":{}}', '{"recipe":"speech-1","masters":{"x":1},"results":{}}']) {
      await mkdir(cache, { recursive: true });
      await writeFile(join(cache, 'index.json'), index);
      await writeFile(join(cache, 'abc.alaw.0123.part'), 'half');
      converted = [];
      const store = await open();
      await store.prepare('acme', 'a', file);
      await store.close();
      expect(converted).toHaveLength(1);
      expect((await readdir(cache)).filter((n) => n.endsWith('.part'))).toEqual([]);
    }
  });

  it('runs two conversions at once and no more', async () => {
    const files = await Promise.all(Array.from({ length: 9 }, (_, i) => master(`${i}.wav`)));
    let running = 0;
    let most = 0;
    const store = await open({
      convert: async (bytes) => {
        running += 1;
        most = Math.max(most, running);
        for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
        running -= 1;
        return audio(bytes);
      },
    });
    await Promise.all(files.map((f, i) => store.prepare('acme', `p${i}`, f)));
    expect(most).toBe(2);
    await store.close();
  });

  it('goes on after a failed conversion, whose place is free again', async () => {
    const [bad1, bad2, bad3, good] = await Promise.all(['x1', 'x2', 'x3', 'good'].map((n) => master(n)));
    const store = await open({ convert: (bytes, label) => (label.includes('good') ? Promise.resolve(audio(bytes)) : Promise.reject(new PromptError('broken', label, 'no sound', 'Mend it'))) });
    const codes = await Promise.all([bad1, bad2, bad3].map((f) => codeOf(store.prepare('acme', 'bad', f ?? ''))));
    expect(codes).toEqual(['broken', 'broken', 'broken']);
    expect((await store.prepare('acme', 'good', good ?? '')).durationMs).toBe(10);
    await store.close();
  });

  it('finds 100 unchanged prompts again without reading them, in a moment', async () => {
    const files = await Promise.all(Array.from({ length: 100 }, (_, i) => master(`${i}.wav`)));
    const first = await open();
    await Promise.all(files.map((f, i) => first.prepare('acme', `p${i}`, f)));
    await first.close();
    converted = [];
    const began = performance.now();
    const store = await open();
    await Promise.all(files.map((f, i) => store.prepare('acme', `p${i}`, f)));
    const tookMs = performance.now() - began;
    expect(converted).toEqual([]);
    // The aim is 50 ms; the bound leaves room for a machine that is busy with other tests.
    expect(tookMs).toBeLessThan(500);
    await store.close();
  });
});

describe('masters that cannot be used', () => {
  it.each([
    ['a file that is not there', 'not-found', () => Promise.resolve('missing.wav')],
    ['a folder', 'not-a-file', () => mkdir(join(folder, 'dir')).then(() => 'dir')],
    ['a pipe that nobody writes', 'not-a-file', () => Promise.resolve(execFileSync('mkfifo', [join(folder, 'pipe')])).then(() => 'pipe')],
    ['33 MB, sparse', 'too-big', async () => {
      await truncate(await master('big.wav'), 33 * 1024 * 1024);
      return 'big.wav';
    }],
  ])('%s is %s', async (_, code, make) => {
    const store = await open();
    const name = await make();
    expect(await codeOf(store.prepare('acme', 'welcome', join(folder, name)))).toBe(code);
    await expect(store.prepare('acme', 'welcome', join(folder, name))).rejects.toThrow(/^Prompt "welcome" of acme \(.*\): .+\. [A-Z].+\.$/);
    expect(converted).toEqual([]);
    await store.close();
  });

  it.each([['', 'empty'], ['garbage', 'unknown-type'], ['RIFF....WAVEfmt ', 'broken'], ['ID3', 'converter-missing']])('%j through the real conversion without a converter is %s', async (text, code) => {
    const store = await PromptStore.open({ folder: cache, soundRoot: '/m', httpBase: null, runSox: noSox, levelled: new Set() });
    expect(await codeOf(store.prepare('acme', 'welcome', await master('x.wav', text)))).toBe(code);
    await store.close();
  });
});

describe('the cache folder', () => {
  it('that was taken away is an error that says so, not a crash', async () => {
    const store = await open();
    await rm(cache, { recursive: true });
    expect(await codeOf(store.prepare('acme', 'a', await master('a.wav')))).toBe('unwritable');
    await store.close();
  });
  it('that cannot be made is an error at the start', async () => {
    await writeFile(cache, 'a file is in the way');
    expect(await codeOf(open())).toBe('unwritable');
  });
  it('that is full is told apart', () => {
    expect(writeError('/x', Object.assign(new Error('full'), { code: 'ENOSPC' })).code).toBe('disk-full');
    expect(writeError('/x', Object.assign(new Error('quota'), { code: 'EDQUOT' })).code).toBe('disk-full');
    expect(writeError('/x', 'something thrown').code).toBe('unwritable');
  });
});

describe('our own levelled masters and an Asterisk elsewhere', () => {
  it('needs no converter for a master whose hash is known', async () => {
    const bytes = Buffer.concat([wavHeader(16_000, 3_200), Buffer.alloc(3_200)]);
    const file = join(folder, 'own.wav');
    await writeFile(file, bytes);
    const store = await open({ levelled: new Set([createHash('sha256').update(bytes).digest('hex')]) });
    const { key, durationMs } = await store.prepare('system', 'own', file);
    expect([durationMs, converted.length]).toEqual([100, 0]);
    expect(await readFile(join(cache, `${key}.sln16`))).toEqual(Buffer.alloc(3_200));
    expect((await stat(join(cache, `${key}.alaw`))).size).toBe(800);
    await store.close();
  });

  it('hands out an address and the WAV behind it, and nothing for keys that are none', async () => {
    const store = await open({ httpBase: 'http://10.0.0.5:8088/' });
    const { key } = await store.prepare('acme', 'a', await master('a.wav'));
    expect(store.urlFor(key)).toBe(`sound:http://10.0.0.5:8088/media/${key}.wav`);
    const wav = await store.readWav(key);
    expect([wav?.toString('latin1', 0, 4), wav?.length]).toEqual(['RIFF', 44 + 160]);
    for (const bad of ['../../etc/passwd', '', key.toUpperCase(), `${key}\0`, 'f'.repeat(64)]) expect(await store.readWav(bad)).toBeNull();
    await store.close();
    const local = await open({ httpBase: null });
    expect(() => local.urlFor(key)).toThrow('no HTTP address');
  });
});
