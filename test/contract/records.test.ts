// Call records on SQLite: searches, exactly one per id, a store that refuses, kill -9 and a disk that is really full.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { E164 } from '../../src/numbering/e164.ts';
import { openDataFolder } from '../../src/store/data-folder.ts';
import type { DataFolder } from '../../src/store/data-folder.ts';
import { openSqliteRecords } from '../../src/store/records/sqlite-records.ts';
import type { SqliteRecords, SqliteRecordsOptions } from '../../src/store/records/sqlite-records.ts';
import { openSqliteState } from '../../src/store/state/sqlite-state.ts';
import { sampleRecord } from '../unit/store/sample-record.ts';

const CHILD = new URL('../unit/store/store-child.ts', import.meta.url).pathname;
const MINUTE_MS = 60_000;

let folder: string;
let data: DataFolder;
let records: SqliteRecords;
let alarms: string[];

function open(more: Partial<SqliteRecordsOptions> = {}): SqliteRecords {
  return openSqliteRecords({
    databaseFile: data.paths.databases.records,
    spoolFolder: data.paths.spool,
    onAlarm: (text) => alarms.push(text),
    gatherMs: 5,
    retryMs: 30,
    reserveBytes: 0,
    ...more,
  });
}
const segments = (): string[] => readdirSync(data.paths.spool).filter((name) => name.endsWith('.jsonl'));
const idsOf = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genvoice-records-'));
  alarms = [];
  data = openDataFolder({ folder, onAlarm: (text) => alarms.push(text) });
  records = open();
});
afterEach(async () => {
  await records.close();
  data.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('searching', () => {
  it('gives a record back as it was put', async () => {
    const record = sampleRecord('abcd1234');
    records.putRecord(record);
    expect(await records.getRecord('abcd1234')).toEqual(record);
  });

  it('finds by a beginning of 4 characters or more, and says why it does not', async () => {
    for (const id of ['abcd1', 'abcd2', 'abce', 'ab', 'x%_y', 'ÿÿÿÿ🐈']) records.putRecord(sampleRecord(id));
    expect((await records.getRecord('abce'))?.id).toBe('abce');
    expect((await records.getRecord('abcd1'))?.id).toBe('abcd1');
    expect(await records.getRecord('abcd')).toBeNull();
    expect(await records.findRecord('abcd')).toEqual({ kind: 'ambiguous', ids: ['abcd1', 'abcd2'] });
    expect(await records.findRecord('abc')).toEqual({ kind: 'too-short' });
    expect((await records.findRecord('ab')).kind).toBe('found');
    expect(await records.findRecord('nobody')).toEqual({ kind: 'unknown' });
    expect(await records.findRecord('%___')).toEqual({ kind: 'unknown' });
    expect((await records.findRecord('ÿÿÿÿ')).kind).toBe('found');
  });

  it('lists newest first, in pages without gaps, also for equal times', async () => {
    for (let n = 0; n < 25; n += 1) {
      records.putRecord(sampleRecord(`call-${String(n).padStart(2, '0')}`, { startedAtMs: 1000 + Math.floor(n / 5) }));
    }
    const all = idsOf(await records.listRecords({ limit: 1000 }));
    expect(all).toEqual(all.toSorted().toReversed());
    expect(all).toHaveLength(25);
    const paged: string[] = [];
    for (;;) {
      const last = paged.at(-1);
      const page = await records.listRecords({ limit: 4, ...(last === undefined ? {} : { after: last }) });
      if (page.length === 0) break;
      paged.push(...idsOf(page));
    }
    expect(paged).toEqual(all);
  });

  it('filters by customer, number, time and end', async () => {
    const withheld = { number: { kind: 'withheld' as const }, networkNumber: '+441632960019' as E164 };
    records.putRecord(sampleRecord('one', { startedAtMs: 1 * MINUTE_MS }));
    records.putRecord(sampleRecord('two', { startedAtMs: 2 * MINUTE_MS, customer: 'bolt', ddi: '+441632960200' }));
    records.putRecord(
      sampleRecord('three', {
        startedAtMs: 3 * MINUTE_MS,
        caller: withheld,
        end: { by: 'us', fault: 'ours', code: 'overload', cause: 42 },
      }),
    );
    records.putRecord(
      sampleRecord('four', {
        startedAtMs: 4 * MINUTE_MS,
        ddi: null,
        dialled: '202',
        caller: { number: { kind: 'extension', number: '201' } },
      }),
    );
    const ask = async (filter: object): Promise<string[]> => idsOf(await records.listRecords({ limit: 10, ...filter }));
    expect(await ask({ customer: 'bolt' })).toEqual(['two']);
    expect(await ask({ number: '+441632960018' })).toEqual(['two', 'one']);
    expect(await ask({ number: '+441632960100' })).toEqual(['three', 'one']);
    expect(await ask({ number: '+441632960100', limit: 1, after: 'three' })).toEqual(['one']);
    expect(await ask({ number: '201' })).toEqual(['four']);
    expect(await ask({ number: '202' })).toEqual(['four']);
    // The network number of a withheld caller must not find the call.
    expect(await ask({ number: '+441632960019' })).toEqual([]);
    expect(await ask({ endCode: 'overload' })).toEqual(['three']);
    expect(await ask({ sinceMs: 2 * MINUTE_MS, untilMs: 4 * MINUTE_MS })).toEqual(['three', 'two']);
    expect(await ask({ customer: 'acme', number: '+441632960018', endCode: 'hung-up' })).toEqual(['one']);
    expect(await ask({ number: "' OR 1=1 --" })).toEqual([]);
    await expect(ask({ limit: 0 })).rejects.toMatchObject({ fault: 'refused' });
    await expect(ask({ after: 'nobody' })).rejects.toMatchObject({ fault: 'unknown' });
  });
});

describe('exactly one record', () => {
  it('drops and counts a second one with the same id', async () => {
    records.putRecord(sampleRecord('same', { dialled: 'first' }));
    records.putRecord(sampleRecord('same', { dialled: 'second' }));
    await records.flush();
    expect(await records.countRecords()).toBe(1);
    expect((await records.getRecord('same'))?.dialled).toBe('first');
    expect(records.counters.duplicates).toBe(1);
  });

  it('keeps all of many, and the spool empty in the end', async () => {
    for (let n = 0; n < 3000; n += 1) records.putRecord(sampleRecord(`call-${n}`));
    expect(await records.countRecords()).toBe(3000);
    expect(records.counters).toMatchObject({ accepted: 3000, duplicates: 0, held: 0, lost: 0, isFailing: false });
    // 3,000 records are several segments; finished ones leave the disk.
    expect(segments()).toHaveLength(1);
    await records.close();
    expect(segments()).toEqual([]);
    expect(alarms).toEqual([]);
  });
});

describe('a store that refuses', () => {
  it('keeps records in the spool while the database is locked, says so once, and stores them later', async () => {
    records.putRecord(sampleRecord('before'));
    await records.flush();
    const other = new DatabaseSync(data.paths.databases.records);
    other.exec('BEGIN IMMEDIATE');
    for (let n = 0; n < 20; n += 1) records.putRecord(sampleRecord(`while-${n}`));
    await expect(records.flush()).rejects.toThrow('locked');
    expect(alarms).toEqual([expect.stringMatching(/locked.*Until then they are kept in .*spool/)]);
    expect(readFileSync(join(data.paths.spool, segments()[0] ?? ''), 'utf8')).toContain('while-19');
    other.exec('ROLLBACK');
    other.close();
    await vi.waitFor(() => expect(records.counters.isFailing).toBe(false), { timeout: 5000 });
    expect(await records.countRecords()).toBe(21);
    expect(alarms).toEqual([expect.anything(), expect.stringContaining('stored in')]);
    expect(records.counters.duplicates).toBe(0);
  });

  it('stores them at the next start when the database was broken until the end', async () => {
    await records.close();
    const file = data.paths.databases.records;
    const good = readFileSync(file);
    for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true });
    writeFileSync(file, 'this is no database, whatever its name says. '.repeat(200));
    records = open();
    records.putRecord(sampleRecord('kept'));
    await expect(records.flush()).rejects.toThrow('damaged');
    await records.close();
    expect(segments()).toHaveLength(1);
    for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true });
    writeFileSync(file, good);
    records = open();
    await records.flush();
    expect(idsOf(await records.listRecords({ limit: 9 }))).toEqual(['kept']);
  });

  it('stores records directly when the spool folder cannot be used', async () => {
    await records.close();
    rmSync(data.paths.spool, { recursive: true });
    writeFileSync(data.paths.spool, 'a file in its place');
    records = open();
    records.putRecord(sampleRecord('one'));
    records.putRecord(sampleRecord('two'));
    expect(records.counters.held).toBe(2);
    expect(alarms.join()).toContain('kept in memory');
    rmSync(data.paths.spool);
    await vi.waitFor(() => expect(records.counters.held).toBe(0), { timeout: 5000 });
    expect(await records.countRecords()).toBe(2);
  });

  it('holds a bounded number in memory and counts what is lost', async () => {
    await records.close();
    rmSync(data.paths.spool, { recursive: true });
    writeFileSync(data.paths.spool, 'a file in its place');
    records = open({ maxHeld: 5, retryMs: 60_000 });
    for (let n = 0; n < 8; n += 1) records.putRecord(sampleRecord(`call-${n}`));
    expect(records.counters).toMatchObject({ held: 5, lost: 3 });
    expect(alarms.filter((text) => text.includes('are being lost'))).toHaveLength(1);
    rmSync(data.paths.spool);
    await records.flush();
    expect(await records.countRecords()).toBe(5);
  });

  it('sets lines aside that hold no record, and stores the rest', async () => {
    await records.close();
    const lines = [
      JSON.stringify(sampleRecord('good')),
      '{"id":"cut',
      'null',
      '{"id":5}',
      '',
      JSON.stringify(sampleRecord('better')),
      '{"half',
    ];
    writeFileSync(join(data.paths.spool, '1760000000000-0123456789ab-000001.jsonl'), lines.join('\n'));
    writeFileSync(join(data.paths.spool, 'notes.txt'), 'not ours');
    records = open();
    await records.flush();
    expect(idsOf(await records.listRecords({ limit: 9 })).toSorted()).toEqual(['better', 'good']);
    expect(records.counters.damaged).toBe(5);
    expect(readFileSync(join(data.paths.spool, 'damaged.txt'), 'utf8')).toContain('{"id":"cut');
    expect(existsSync(join(data.paths.spool, 'notes.txt'))).toBe(true);
    expect(segments()).toEqual([]);
  });
});

describe('kill -9', () => {
  it('loses no accepted record and no accepted state, and doubles none, whenever it comes', async () => {
    await records.close();
    data.close();
    const accepted: string[] = [];
    let lastRound: string[] = [];
    for (const [round, killAfter] of [1, 2, 17, 150, 901, 2500].entries()) {
      lastRound = await acceptUntilKilled(`r${round}`, killAfter);
      accepted.push(...lastRound);
    }
    data = openDataFolder({ folder, onAlarm: (text) => alarms.push(text) });
    expect(data.tookOverFrom?.pid).toBeGreaterThan(0);
    const { databases } = data.paths;
    const state = openSqliteState({
      stateFile: databases.state,
      switchesFile: databases.switches,
      onAlarm: (text) => alarms.push(text),
    });
    const live = new Set(idsOf(await state.listCalls()));
    await state.close();
    for (const id of lastRound.slice(-5)) expect(live).toContain(id);
    expect(live).not.toContain(lastRound.at(-7));
    records = open();
    await records.flush();
    const file = new DatabaseSync(databases.records, { readOnly: true });
    const stored = file
      .prepare('SELECT id FROM calls')
      .all()
      .map(({ id }) => String(id));
    file.close();
    expect(accepted.filter((id) => !stored.includes(id))).toEqual([]);
    // In each round one more may have been accepted without the time left to say so.
    expect(stored.length - accepted.length).toBeLessThanOrEqual(6);
    expect(new Set(stored).size).toBe(stored.length);
    expect(records.counters).toMatchObject({ duplicates: 0, damaged: 0 });
    expect(alarms).toEqual([]);
  });
});

describe('a full disk', () => {
  it('is survived with alarms; everything accepted is stored when there is space again', () => {
    const script = 'mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" "$3" full-disk "$1"';
    const run = spawnSync('unshare', ['-m', 'sh', '-ec', script, 'sh', folder, process.execPath, CHILD], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const {
      during,
      after,
      alarms: told,
    } = JSON.parse(run.stdout) as {
      during: { refused: number; flushed: string; heldMost: number; ping: boolean };
      after: Record<string, unknown>;
      alarms: string[];
    };
    expect(during.refused).toBeGreaterThan(0);
    expect(during.flushed).not.toBe('resolved');
    expect(during.heldMost).toBeGreaterThan(0);
    expect(during.ping).toBe(false);
    expect(after).toMatchObject({
      records: 3050,
      calls: 3000,
      ping: true,
      duplicates: 0,
      lost: 0,
      held: 0,
      isFailing: false,
    });
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/Call records .*the disk is full.*Free space/),
        expect.stringMatching(/live calls .*the disk is full/),
      ]),
    );
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringContaining('none is missing'),
        expect.stringContaining('nothing is missing'),
      ]),
    );
  });
});

/** Starts the child, kills it after `killAfter` lines, returns what it had said it accepted. */
async function acceptUntilKilled(name: string, killAfter: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, 'accept', folder, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ids: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ids.push(line);
    if (ids.length === killAfter) child.kill('SIGKILL');
  }
  await ended;
  return ids;
}
