// The data folder: rights, lock, versions, backups, damage and free space; with real processes and real files.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataPaths, openDataFolder } from '../../src/store/data-folder.ts';
import type { DataFolder, DataFolderOptions } from '../../src/store/data-folder.ts';
import { MIGRATIONS, newestVersion } from '../../src/store/schema.ts';
import type { Migration } from '../../src/store/schema.ts';

const NEWEST = newestVersion();
const CHILD = new URL('../unit/store/store-child.ts', import.meta.url).pathname;
let parent: string;
let folder: string;
let alarms: string[];
const open = (more: Partial<DataFolderOptions> = {}): DataFolder =>
  openDataFolder({ folder, onAlarm: (text) => alarms.push(text), minFreeBytes: 0, ...more });
const faultOf = (act: () => unknown): unknown => {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
};

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'genvoice-data-'));
  folder = join(parent, 'deep', 'data');
  alarms = [];
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('opening', () => {
  it('makes the folder for its owner alone, at the newest version, without a backup', () => {
    const data = open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of Object.values(data.paths.databases)) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'schema-version'), 'utf8')).toBe(`${NEWEST}\n`);
    expect(data.backup).toBeNull();
    expect(data.tookOverFrom).toBeNull();
    data.close();
    chmodSync(folder, 0o755);
    open().close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(alarms).toEqual([]);
  });

  it('touches nothing for a command that only reads', () => {
    expect(dataPaths(folder).databases.records).toBe(join(folder, 'records.db'));
    expect(existsSync(folder)).toBe(false);
  });

  it('says what is wrong when the folder is a file', () => {
    writeFileSync(join(parent, 'deep'), '');
    expect(faultOf(open)).toMatchObject({ fault: 'not-writable', message: expect.stringContaining('GENVOICE_DATA') });
  });
});

describe('the lock', () => {
  it('refuses a second opening, naming pid, folder and the way out', () => {
    const data = open();
    const error = faultOf(open);
    expect(error).toMatchObject({ fault: 'in-use' });
    expect(String(error)).toContain(`pid ${process.pid}`);
    expect(String(error)).toContain(folder);
    expect(String(error)).toContain('GENVOICE_DATA');
    data.close();
    data.close();
    open().close();
  });

  it('is refused while another process lives, and taken over once that was killed', async () => {
    const child = spawn(process.execPath, [CHILD, 'accept', folder, 'x'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('x-0');
    expect(String(faultOf(open))).toContain(`pid ${child.pid}`);
    child.kill('SIGKILL');
    await ended;
    const data = open();
    expect(data.tookOverFrom?.pid).toBe(child.pid);
    data.close();
    const again = open();
    expect(again.tookOverFrom).toBeNull();
    again.close();
  });

  it.each(['', '{', '{"pid":"x"}', '{"pid":1}', 'null'])('does not stumble over a lock file with %j', (text) => {
    open().close();
    writeFileSync(join(folder, 'lock'), text);
    open().close();
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: 0 });
  });

  it('believes no pid that was given to another process', () => {
    open().close();
    // Pid 1 lives, but did not start at that time.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, startTicks: '1', bootId: 'x', sinceMs: 1 }));
    const data = open();
    expect(data.tookOverFrom?.pid).toBe(1);
    data.close();
  });
});

describe('versions', () => {
  const second: readonly Migration[] = [
    ...MIGRATIONS,
    { version: NEWEST + 1, database: 'records', sql: "ALTER TABLE calls ADD COLUMN site TEXT; UPDATE calls SET site = 'old'" },
  ];
  const putOne = (): void => {
    const db = new DatabaseSync(dataPaths(folder).databases.records);
    db.exec("INSERT INTO calls (id, started_at_ms, end_code, document) VALUES ('c1', 1, 'x', '{}')");
    db.close();
  };

  it('makes a backup first, then migrates, once', () => {
    open().close();
    putOne();
    const data = open({ migrations: second, nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
    expect(data.backup).toBe(join(folder, 'backup', `${NEWEST}-20260102T030405Z`));
    expect(readFileSync(join(folder, 'schema-version'), 'utf8')).toBe(`${NEWEST + 1}\n`);
    const now = new DatabaseSync(data.paths.databases.records);
    expect(now.prepare('SELECT id, site FROM calls').get()).toMatchObject({ id: 'c1', site: 'old' });
    now.close();
    const copy = new DatabaseSync(join(data.backup ?? '', 'records.db'), { readOnly: true });
    expect(Object.keys(copy.prepare('SELECT * FROM calls').get() ?? {})).not.toContain('site');
    expect(copy.prepare('SELECT id FROM calls').get()).toMatchObject({ id: 'c1' });
    copy.close();
    data.close();
    const again = open({ migrations: second });
    expect(again.backup).toBeNull();
    again.close();
  });

  it('brings a folder of the first release up, keeping what is in it', () => {
    open({ migrations: MIGRATIONS.filter(({ version }) => version === 1) }).close();
    putOne();
    const data = open();
    expect(data.backup).toContain(join(folder, 'backup', '1-'));
    const now = new DatabaseSync(data.paths.databases.records);
    expect(now.prepare('SELECT id FROM calls').get()).toMatchObject({ id: 'c1' });
    expect(now.prepare('SELECT count(*) AS n FROM decisions').get()).toMatchObject({ n: 0 });
    now.close();
    data.close();
  });

  it('refuses what a newer release wrote, and changes nothing', () => {
    open({ migrations: second }).close();
    const error = faultOf(open);
    expect(error).toMatchObject({
      fault: 'newer',
      message: expect.stringContaining(`version ${NEWEST + 1}; this release knows ${NEWEST}`),
    });
    rmSync(join(folder, 'schema-version'));
    expect(faultOf(open)).toMatchObject({ fault: 'newer' });
    open({ migrations: second }).close();
  });

  it('keeps the old state of a step that fails, and succeeds once that is mended', () => {
    open().close();
    putOne();
    const broken: Migration[] = [
      ...MIGRATIONS,
      { version: NEWEST + 1, database: 'records', sql: 'ALTER TABLE calls ADD COLUMN site TEXT; SELECT nonsense' },
    ];
    expect(String(faultOf(() => open({ migrations: broken })))).toContain(
      `records.db could not be brought to version ${NEWEST + 1}`,
    );
    expect(readFileSync(join(folder, 'schema-version'), 'utf8')).toBe(`${NEWEST}\n`);
    open({ migrations: second }).close();
    expect(readdirSync(join(folder, 'backup')).length).toBeGreaterThan(0);
  });

  it('refuses a version file that holds no version', () => {
    open().close();
    writeFileSync(join(folder, 'schema-version'), 'one');
    expect(faultOf(open)).toMatchObject({ fault: 'damaged', message: expect.stringContaining('schema-version') });
  });
});

describe('damage and space', () => {
  it('sets live calls aside that a power cut damaged, and says so', () => {
    open().close();
    writeFileSync(join(folder, 'state.db'), 'not a database '.repeat(1000));
    open({ nowMs: () => 1234 }).close();
    expect(alarms).toEqual([expect.stringContaining('state.db.damaged-1234')]);
    expect(readFileSync(join(folder, 'state.db.damaged-1234'), 'utf8')).toContain('not a database');
    open().close();
    expect(alarms).toHaveLength(1);
  });

  it('never sets other databases aside by itself', () => {
    open().close();
    writeFileSync(join(folder, 'records.db'), 'not a database '.repeat(1000));
    expect(faultOf(open)).toMatchObject({ fault: 'damaged', message: expect.stringContaining('backup') });
    expect(readFileSync(join(folder, 'records.db'), 'utf8')).toContain('not a database');
  });

  it('alarms once when space is short', async () => {
    const data = open({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect(await data.checkSpace()).toBeGreaterThan(0);
    await data.checkSpace();
    expect(alarms).toEqual([expect.stringMatching(/has only \d+ MiB free/)]);
    data.close();
  });
});
