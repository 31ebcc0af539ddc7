// Evidence for numbers on SQLite: only added to, newest first, known at once and after a restart; the operator's list.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { E164 } from '../../src/numbering/e164.ts';
import type { EvidenceDraft } from '../../src/ports/evidence.ts';
import { dataPaths, openDataFolder } from '../../src/store/data-folder.ts';
import { openDoNotOriginate } from '../../src/store/evidence/do-not-originate-file.ts';
import { openSqliteEvidence } from '../../src/store/evidence/sqlite-evidence.ts';
import type { SqliteEvidence } from '../../src/store/evidence/sqlite-evidence.ts';

const NUMBER = '+441632960018' as E164;
const OTHER = '+441632960019' as E164;
let folder: string;
let nowMs: number;
let store: SqliteEvidence;
const adminFile = (): string => dataPaths(folder).databases.admin;
const open = (): Promise<SqliteEvidence> => openSqliteEvidence({ adminFile: adminFile(), nowMs: () => nowMs++ });
const draft = (more: Partial<EvidenceDraft> = {}): EvidenceDraft => ({
  customer: 'acme', number: NUMBER, type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOnMs: 5, expiresOn: null, recordedBy: 'api', ...more,
});
const referencesOf = (pieces: readonly { reference: string }[]): string[] => pieces.map(({ reference }) => reference);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genvoice-evidence-'));
  openDataFolder({ folder, onAlarm: () => undefined }).close();
  nowMs = 1_760_000_000_000;
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('evidence', () => {
  it('is there at once, newest first, and after a restart', async () => {
    await store.addEvidence(draft({ reference: 'one' }));
    await store.addEvidence(draft({ reference: 'two "🐈"', type: 'supplier-letter', expiresOn: '2027-03-31' }));
    await store.addEvidence(draft({ reference: 'of another customer', customer: 'bolt' }));
    await store.addEvidence(draft({ reference: 'of another number', number: OTHER }));
    expect(referencesOf(store.standing('acme', NUMBER))).toEqual(['two "🐈"', 'one']);
    expect(await store.listEvidence('acme', NUMBER)).toEqual(store.standing('acme', NUMBER));
    const before = store.standing('acme', NUMBER);
    await store.close();
    store = await open();
    expect(store.standing('acme', NUMBER)).toEqual(before);
    expect(referencesOf(store.standing('bolt', NUMBER))).toEqual(['of another customer']);
    expect(store.standing('acme', '+441632960020' as E164)).toEqual([]);
  });

  it('is withdrawn by a further row: gone for calls, kept for people, once', async () => {
    const piece = await store.addEvidence(draft());
    const what = { customer: 'acme', number: NUMBER, id: piece.id, by: 'Tom', reason: 'the number was given back' };
    expect(await store.withdrawEvidence({ ...what, customer: 'bolt' })).toBeNull();
    expect(await store.withdrawEvidence({ ...what, number: OTHER })).toBeNull();
    expect(await store.withdrawEvidence({ ...what, id: 'nobody' })).toBeNull();
    expect(store.standing('acme', NUMBER)).toHaveLength(1);
    const withdrawn = await store.withdrawEvidence(what);
    expect(withdrawn).toMatchObject({ id: piece.id, withdrawn: { by: 'Tom', reason: 'the number was given back' } });
    expect(await store.withdrawEvidence({ ...what, by: 'somebody later' })).toEqual(withdrawn);
    expect(store.standing('acme', NUMBER)).toEqual([]);
    expect(await store.listEvidence('acme', NUMBER)).toEqual([withdrawn]);
    await store.close();
    store = await open();
    expect(store.standing('acme', NUMBER)).toEqual([]);
  });

  it('cannot be changed or deleted, not even by SQL', async () => {
    await store.addEvidence(draft());
    const db = new DatabaseSync(adminFile());
    expect(() => db.exec("UPDATE evidence SET number = '+441632960099'")).toThrow(/only added to/);
    expect(() => db.exec('DELETE FROM evidence')).toThrow(/only added to/);
    db.close();
    expect(await store.listEvidence('acme', NUMBER)).toHaveLength(1);
  });

  it.each([
    ['customer', { customer: '../etc' }], ['number', { number: '01632960018' as E164 }], ['type', { type: 'hearsay' as never }], ['reference', { reference: ' ' }], ['reference', { reference: 'x'.repeat(201) }],
    ['checkedBy', { checkedBy: '' }], ['checkedOnMs', { checkedOnMs: Number.NaN }], ['expiresOn', { expiresOn: '31/03/2027' }], ['expiresOn', { expiresOn: '2027-02-30' }],
  ])('is refused with the name of the field %s', async (field, more) => {
    await expect(store.addEvidence(draft(more))).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining(field) });
    expect(await store.listEvidence('acme', NUMBER)).toEqual([]);
  });
});

describe('self-calls', () => {
  it('the newest one counts, also after a restart', async () => {
    const call = { customer: 'acme', number: NUMBER, atMs: 2_000, result: 'reached' as const, detail: 'answered by Priya after 4 s' };
    expect(store.lastSelfCall('acme', NUMBER)).toBeNull();
    await store.putSelfCall(call);
    await store.putSelfCall({ ...call, atMs: 1_000, result: 'not-reached', detail: 'late news' });
    await store.putSelfCall({ ...call, number: OTHER, atMs: 3_000 });
    expect(store.lastSelfCall('acme', NUMBER)).toEqual(call);
    await store.close();
    store = await open();
    expect(store.lastSelfCall('acme', NUMBER)).toEqual(call);
    expect(store.lastSelfCall('bolt', NUMBER)).toBeNull();
  });
});

describe('the do-not-originate list', () => {
  const file = (): string => join(folder, 'do-not-originate.txt');
  it('given no file, then no number is on it', async () => {
    const list = await openDoNotOriginate({ file: null, onAlarm: () => undefined });
    expect([list.has(NUMBER), list.list]).toEqual([false, null]);
    list.close();
  });

  it('reads numbers in any spelling, says of when they are, names lines that are none, and reads a changed file again', async () => {
    const alarms: string[] = [];
    writeFileSync(file(), '# dated 2026-11-20\n+441632960018\n0800 800 8000 # a bank\n\nnonsense\n');
    const list = await openDoNotOriginate({ file: file(), onAlarm: (text) => alarms.push(text), nowMs: () => 7 });
    expect([NUMBER, '+448008008000', OTHER].map((number) => list.has(number as E164))).toEqual([true, true, false]);
    expect(list.list).toEqual({ numbers: 2, dated: '2026-11-20', loadedAtMs: 7 });
    expect(alarms).toEqual([expect.stringContaining('the first is line 5')]);
    writeFileSync(file(), '+441632960019\n');
    utimesSync(file(), 1, 1);
    await list.look();
    expect([list.has(NUMBER), list.has(OTHER)]).toEqual([false, true]);
    rmSync(file());
    await list.look();
    expect(list.has(OTHER)).toBe(true);
    expect(alarms.at(-1)).toContain('goes on counting');
    list.close();
  });

  it('given a file that was never read, then asking is a fault, so that nothing is shown', async () => {
    const alarms: string[] = [];
    const list = await openDoNotOriginate({ file: file(), onAlarm: (text) => alarms.push(text) });
    expect(() => list.has(NUMBER)).toThrow(/could not be read/);
    expect(alarms).toEqual([expect.stringContaining('No number can be shown')]);
    list.close();
  });
});
