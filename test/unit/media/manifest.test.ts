import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/media/manifest.ts';
import { sniff } from '../../../src/media/sniff.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PEAK_LIMIT = 32767 * 10 ** (-3 / 20);

describe.each([
  ['sounds/manifest.json', 'en-gb'],
  ['dialplan/plans/media/bramley-finch/manifest.json', '.'],
  ['dialplan/plans/media/harbour-dental/manifest.json', '.'],
])('%s', (file, folder) => {
  it('every recording is there, unchanged, in the shape and at the level that it says', async () => {
    const entries = await readManifest(join(root, file));
    expect(entries.size).toBeGreaterThan(5);
    for (const [id, entry] of entries) {
      const bytes = await readFile(entry.path);
      expect(createHash('sha256').update(bytes).digest('hex'), id).toBe(entry.sha256);
      const found = sniff(bytes, id);
      expect(found, id).toMatchObject({ type: 'wav', shape: { format: 1, channels: 1, rateHz: 16_000, bits: 16, dataAt: 44, dataBytes: bytes.length - 44 } });
      expect(Math.round((bytes.length - 44) / 32), id).toBe(entry.ms);
      const { first, last, peak } = ends(bytes);
      expect(peak, id).toBeLessThanOrEqual(PEAK_LIMIT);
      if (entry.kind === 'silence') continue;
      expect(peak, id).toBeGreaterThan(1000);
      const limitMs = entry.kind === 'word' ? 80 : 160;
      expect(Math.max(first, last), `${id}: silence at an end, ms`).toBeLessThanOrEqual(limitMs);
      if (entry.ms >= 1_500) expect(Math.abs((entry.lufs ?? 0) + 20), `${id}: ${entry.lufs} LUFS`).toBeLessThanOrEqual(1);
    }
  });

  it('has no recording that the manifest does not name', async () => {
    const entries = await readManifest(join(root, file));
    const named = new Set([...entries.values()].map((e) => basename(e.path)));
    const there = (await readdir(join(root, dirname(file), folder))).filter((n) => n.endsWith('.wav'));
    expect(there.filter((n) => !named.has(n))).toEqual([]);
    expect(there).toHaveLength(entries.size);
  });

  it('speaks British and names no fault of the caller', async () => {
    for (const [id, entry] of await readManifest(join(root, file))) {
      expect(entry.text, id).not.toMatch(/\b(pound|zee|please|sorry|invalid|oops)\b/i);
    }
  });
});

it('both firms have the prompts that a firm must have, and their messages name firm and number', async () => {
  for (const [customer, name, contact] of [['bramley-finch', 'Bramley and Finch', '01632 960018'], ['harbour-dental', 'Harbour Dental', '01632 960042']] as const) {
    const entries = await readManifest(join(root, 'dialplan/plans/media', customer, 'manifest.json'));
    for (const id of ['welcome', 'main-menu', 'closed-message', 'voicemail-greeting']) expect([...entries.keys()], customer).toContain(id);
    for (const id of ['closed-message', 'voicemail-greeting']) {
      expect(entries.get(id)?.text).toContain(name);
      expect(entries.get(id)?.text).toContain(contact);
    }
  }
});

it('refuses a manifest that names a file outside its folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  try {
    const entry = { id: 'a', text: 'a', kind: 'word', file: '../a.wav', voice: 'v', voiceVersion: '1', sha256: 'a'.repeat(64), ms: 1, lufs: null };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ language: 'en-GB', prompts: [entry] }));
    await expect(readManifest(join(folder, 'manifest.json'))).rejects.toThrow('outside the folder');
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Milliseconds of near silence (under -50 dBFS) at both ends, and the highest sample. */
function ends(bytes: Buffer): { first: number; last: number; peak: number } {
  const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length));
  const isHeard = (v: number) => Math.abs(v) > 100;
  const peak = samples.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return { first: samples.findIndex(isHeard) / 16, last: (samples.length - 1 - samples.findLastIndex(isHeard)) / 16, peak };
}
