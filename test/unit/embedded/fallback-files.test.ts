import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FallbackEntry } from '../../../src/embedded/fallback.ts';
import { FallbackFiles, fallbackShards, shardOf } from '../../../src/embedded/fallback-files.ts';
import { ddiSpellings } from '../../../src/numbering/ddi.ts';
import type { E164 } from '../../../src/numbering/e164.ts';

const entry: FallbackEntry = { ddi: '+441632960101', customer: 'acme', ring: ['acme-201', 'acme-202'], ringMs: 20_000, announcement: '/genvoice/media/acme/closed', alternatives: ddiSpellings('+441632960101' as E164).slice(1) };

describe('last known routes as files', () => {
  test('a DDI is one section with every field, in the file that its digits name', () => {
    expect([...fallbackShards([entry])]).toEqual([['601.conf', '[441632960101]\nring=PJSIP/acme-201&PJSIP/acme-202\nseconds=20\nsay=/genvoice/media/acme/closed\n']]);
    const { announcement: _announcement, ...bare } = entry;
    expect([...fallbackShards([{ ...bare, ring: [], ringMs: 1 }]).values()]).toEqual(['[441632960101]\nring=\nseconds=1\nsay=\n']);
  });

  test('every British spelling is that one section; a national form of another country is one more, which takes no other DDI\'s place', () => {
    const foreign: FallbackEntry = { ...entry, ddi: '+33123456789', alternatives: ['0033123456789', '33123456789', '0123456789'] };
    const sections = (entries: readonly FallbackEntry[]) => [...fallbackShards(entries).values()].join('').match(/(?<=^\[)\d+/gm);
    expect(sections([foreign])).toEqual(['33123456789', '44123456789']);
    const british: FallbackEntry = { ...entry, ddi: '+44123456789', ring: ['acme-209'], alternatives: [] };
    expect(sections([foreign, british])).toEqual(['33123456789', '44123456789']);
    expect(fallbackShards([foreign, british]).get(shardOf('44123456789'))).toContain('[44123456789]\nring=PJSIP/acme-209\n');
  });

  test('a hundred numbers in a row lie in at most two files, and all numbers in at most a thousand', () => {
    const block = Array.from({ length: 100 }, (_, at): FallbackEntry => ({ ...entry, ddi: `+4420${79_460_050 + at}`, alternatives: [] }));
    expect(fallbackShards(block).size).toBe(2);
    fc.assert(fc.property(fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }), (digits) => /^\d{3}\.conf$/.test(shardOf(String(digits)))));
  });

  test.each<[string, Partial<FallbackEntry>]>([
    ['ddi', { ddi: '+44]\n[x' }], ['ring', { ring: ['a\nsay=x'] }], ['ring', { ring: ['a;b'] }], ['announcement', { announcement: '/a\n[b]' }], ['announcement', { announcement: '/a&/b' }], ['alternative', { alternatives: ['../x'] }],
  ])('refuses a %s that could be read as something else', (_, change) => {
    expect(() => fallbackShards([{ ...entry, ...change }])).toThrow(RangeError);
  });

  test('refuses a DDI that stands twice', () => {
    expect(() => fallbackShards([entry, entry])).toThrow('+441632960101');
  });
});

describe('the folder that the dialplan reads', () => {
  let root = '';
  beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'gv-fallback-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  test('has what was written, and a file that is as it should be is left alone', async () => {
    const files = new FallbackFiles(root, null);
    expect(await files.names()).toEqual([]);
    await files.write('601.conf', 'one');
    const { ino } = statSync(join(root, 'etc/fallback/601.conf'));
    await files.write('601.conf', 'one');
    expect(statSync(join(root, 'etc/fallback/601.conf')).ino).toBe(ino);
    await files.write('601.conf', 'two');
    expect(readFileSync(join(root, 'etc/fallback/601.conf'), 'utf8')).toBe('two');
    expect(await files.names()).toEqual(['601.conf']);
    await files.write('601.conf', null);
    expect(readdirSync(join(root, 'etc/fallback'))).toEqual([]);
  });
});
