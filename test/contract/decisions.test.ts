// Decision records beside call records: the same never-in-the-way writer, exactly one per id, found by call and in pages.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDataFolder } from '../../src/store/data-folder.ts';
import type { DataFolder } from '../../src/store/data-folder.ts';
import { openSqliteRecords } from '../../src/store/records/sqlite-records.ts';
import type { SqliteRecords } from '../../src/store/records/sqlite-records.ts';
import { sampleDecision } from '../unit/store/sample-decision.ts';
import { sampleRecord } from '../unit/store/sample-record.ts';

let folder: string;
let data: DataFolder;
let records: SqliteRecords;
let alarms: string[];
const open = (): SqliteRecords => openSqliteRecords({ databaseFile: data.paths.databases.records, spoolFolder: data.paths.spool, onAlarm: (text) => alarms.push(text), gatherMs: 5, retryMs: 30, reserveBytes: 0 });
const idsOf = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genvoice-decisions-'));
  alarms = [];
  data = openDataFolder({ folder, onAlarm: (text) => alarms.push(text) });
  records = open();
});
afterEach(async () => {
  await records.close();
  data.close();
  rmSync(folder, { recursive: true, force: true });
});

it('gives a decision back as it was put, by its call, beside the call record', async () => {
  const decision = sampleDecision('call1-d1');
  records.putRecord(sampleRecord('call1'));
  records.putDecision(decision);
  records.putDecision(sampleDecision('call1-d2', { atMs: decision.atMs + 1, outcome: 'refused', refusedBy: 'cli-returnable', attempts: [], presentation: null, end: 'cli-returnable' }));
  records.putDecision(sampleDecision('call2-d1'));
  const found = await records.listDecisions({ callId: 'call1', limit: 10 });
  expect(idsOf(found)).toEqual(['call1-d2', 'call1-d1']);
  expect(found[1]).toEqual(decision);
  expect(await records.getRecord('call1')).toEqual(sampleRecord('call1'));
  expect(await records.countRecords()).toBe(1);
  expect(alarms).toEqual([]);
});

it('keeps exactly one per id, and what was accepted before a restart', async () => {
  records.putDecision(sampleDecision('same-d1', { end: 'busy' }));
  records.putDecision(sampleDecision('same-d1', { end: 'answered' }));
  await records.flush();
  expect(records.counters).toMatchObject({ accepted: 2, duplicates: 1, damaged: 0, lost: 0 });
  records.putDecision(sampleDecision('last-d1'));
  await records.close();
  records = open();
  expect((await records.listDecisions({ callId: 'same', limit: 10 })).map(({ end }) => end)).toEqual(['busy']);
  expect(idsOf(await records.listDecisions({ callId: 'last', limit: 10 }))).toEqual(['last-d1']);
});

it('lists newest first by customer and time, in pages without gaps', async () => {
  for (let n = 0; n < 25; n += 1) {
    records.putDecision(sampleDecision(`c${String(n).padStart(2, '0')}-d1`, { atMs: 1000 + Math.floor(n / 5), customer: n % 2 === 0 ? 'acme' : 'bolt' }));
  }
  const all = idsOf(await records.listDecisions({ limit: 1000 }));
  expect(all).toEqual(all.toSorted().toReversed());
  expect(all).toHaveLength(25);
  const paged: string[] = [];
  for (;;) {
    const last = paged.at(-1);
    const page = await records.listDecisions({ limit: 4, ...(last === undefined ? {} : { after: last }) });
    if (page.length === 0) break;
    paged.push(...idsOf(page));
  }
  expect(paged).toEqual(all);
  expect(idsOf(await records.listDecisions({ customer: 'bolt', sinceMs: 1001, untilMs: 1002, limit: 10 }))).toEqual(['c09-d1', 'c07-d1', 'c05-d1']);
  await expect(records.listDecisions({ limit: 0 })).rejects.toMatchObject({ fault: 'refused' });
  await expect(records.listDecisions({ limit: 1, after: 'nobody' })).rejects.toMatchObject({ fault: 'unknown' });
});
