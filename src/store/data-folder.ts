// Opens the data folder: rights, lock, schema version, backup and migrations, free space. Everything that is kept lies
// below it. A command that only reads needs `dataPaths` alone. Read `openDataFolder` first.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makePrivateFolder, writeFileAtomicSync } from './atomic-file.ts';
import { lockFolder } from './folder-lock.ts';
import type { LockHolder } from './folder-lock.ts';
import { DATABASES, MIGRATIONS, migrate, newestVersion, versionOf } from './schema.ts';
import type { DatabaseName, Migration } from './schema.ts';
import { StoreError, faultOf, openDatabase, storeError } from './store-error.ts';
import type { OnAlarm } from './store-error.ts';

export interface DataPaths {
  readonly folder: string;
  readonly databases: Readonly<Record<DatabaseName, string>>;
  readonly spool: string;
  readonly voicemail: string;
  /** Notices that are not delivered yet. */
  readonly notices: string;
  readonly backup: string;
  readonly apiKey: string;
  readonly ariPassword: string;
}
export interface DataFolderOptions {
  readonly folder: string;
  readonly onAlarm: OnAlarm;
  /** Alarm below this many free bytes; default 256 MiB. */
  readonly minFreeBytes?: number;
  /** Between two looks at the free space; default 30 s. */
  readonly checkEveryMs?: number;
  readonly nowMs?: () => number;
  /** For tests of migrations alone. */
  readonly migrations?: readonly Migration[];
}
export interface DataFolder {
  readonly paths: DataPaths;
  /** Set when the last process ended without closing: its calls have to be looked for. */
  readonly tookOverFrom: LockHolder | null;
  /** Folder of the backup that was made before a migration; null = none was needed. */
  readonly backup: string | null;
  /** Free bytes now, with the alarm if they are few. Never rejects: null = the system does not say. */
  checkSpace(): Promise<number | null>;
  /** Stops watching and releases the lock. Close the stores first. */
  close(): void;
}

const DEFAULT_MIN_FREE_BYTES = 256 * 1024 * 1024;
const DEFAULT_CHECK_EVERY_MS = 30_000;

/** Where things lie; touches nothing. */
export function dataPaths(folder: string): DataPaths {
  const root = resolve(folder);
  const file = (name: DatabaseName): string => join(root, `${name}.db`);
  return {
    folder: root,
    databases: { state: file('state'), switches: file('switches'), records: file('records'), admin: file('admin') },
    spool: join(root, 'spool'),
    voicemail: join(root, 'voicemail'),
    notices: join(root, 'notices'),
    backup: join(root, 'backup'),
    apiKey: join(root, 'api-key'),
    ariPassword: join(root, 'ari-password'),
  };
}

/**
 * The folder, locked and at the newest schema version; made when missing, mode 0700. Throws StoreError: `in-use`,
 * `newer`, `not-writable`, `damaged`. A full disk is an alarm as long as the databases can be opened.
 */
export function openDataFolder(options: DataFolderOptions): DataFolder {
  const nowMs = options.nowMs ?? Date.now;
  const migrations = options.migrations ?? MIGRATIONS;
  const paths = dataPaths(options.folder);
  makeFolders(paths);
  const lock = lockFolder(paths.folder, nowMs());
  try {
    probe(paths.folder, options.onAlarm);
    const backup = bringUpToDate(paths, migrations, nowMs(), options.onAlarm);
    const space = watchSpace(paths.folder, options);
    return {
      paths,
      tookOverFrom: lock.tookOverFrom,
      backup,
      checkSpace: space.check,
      close: () => {
        space.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeFolders(paths: DataPaths): void {
  try {
    makePrivateFolder(paths.folder);
    // Made by hand or by an installer: others must not read who called whom.
    if ((statSync(paths.folder).mode & 0o077) !== 0) chmodSync(paths.folder, 0o700);
    for (const folder of [paths.spool, paths.voicemail, paths.backup]) makePrivateFolder(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'EEXIST')) {
      throw new StoreError(
        'not-writable',
        `The data folder ${paths.folder} is a file. Name a folder in GENVOICE_DATA.`,
      );
    }
    throw storeError(`The data folder ${paths.folder} could not be made`, error);
  }
}

function probe(folder: string, onAlarm: OnAlarm): void {
  const file = join(folder, '.probe');
  try {
    writeFileAtomicSync(file, 'writable\n');
    rmSync(file);
  } catch (error) {
    const told = storeError(`The data folder ${folder} could not be written`, error);
    if (told.fault !== 'disk-full') throw told;
    onAlarm(told.message);
  }
}

/** Backup, then migrations, then the version file; returns the backup's folder. */
function bringUpToDate(
  paths: DataPaths,
  migrations: readonly Migration[],
  nowMs: number,
  onAlarm: OnAlarm,
): string | null {
  const newest = newestVersion(migrations);
  const versionFile = join(paths.folder, 'schema-version');
  const written = readVersion(versionFile);
  if (written !== null && written > newest) throw isNewer(paths.folder, written, newest);
  setDamagedStateAside(paths.databases.state, nowMs, onAlarm);
  const found = existingVersions(paths);
  const highest = Math.max(0, ...found.values());
  if (highest > newest) throw isNewer(paths.folder, highest, newest);
  const isOld = [...found].some(([name, version]) => isBehind(name, version, migrations));
  const backup = isOld ? backUp(paths, [...found.keys()], written ?? highest, nowMs) : null;
  for (const name of DATABASES) {
    if (existsSync(paths.databases[name]) && !isBehind(name, found.get(name) ?? 0, migrations)) continue;
    const db = openDatabase(paths.databases[name]);
    try {
      migrate(db, name, migrations);
    } catch (error) {
      throw storeError(`${paths.databases[name]} could not be brought to version ${newest}`, error);
    } finally {
      db.close();
    }
    chmodSync(paths.databases[name], 0o600);
  }
  if (written !== newest) writeFileAtomicSync(versionFile, `${newest}\n`);
  return backup;
}

function isBehind(name: DatabaseName, version: number, migrations: readonly Migration[]): boolean {
  return version < newestVersion(migrations.filter((step) => step.database === name));
}

function isNewer(folder: string, found: number, ours: number): StoreError {
  return new StoreError(
    'newer',
    `The data folder ${folder} was written by a newer release (version ${found}; this release knows ${ours}). ` +
      'Start that release again, or name another folder in GENVOICE_DATA.',
  );
}

function readVersion(file: string): number | null {
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8').trim();
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new StoreError('damaged', `${file} holds no version number. Delete it: the databases know their version too.`);
}

function existingVersions(paths: DataPaths): Map<DatabaseName, number> {
  const found = new Map<DatabaseName, number>();
  for (const name of DATABASES) {
    if (!existsSync(paths.databases[name])) continue;
    const db = openDatabase(paths.databases[name]);
    try {
      found.set(name, versionOf(db));
    } catch (error) {
      throw storeError(`The database ${paths.databases[name]} could not be read`, error);
    } finally {
      db.close();
    }
  }
  return found;
}

/** Consistent copies, also of what is still in the write-ahead logs. */
function backUp(paths: DataPaths, names: readonly DatabaseName[], version: number, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const folder = join(paths.backup, `${version}-${time}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of names) {
      const copy = join(folder, `${name}.db`);
      // An earlier start may have ended in the middle of this very copy, within the same second.
      rmSync(copy, { force: true });
      const db = openDatabase(paths.databases[name]);
      try {
        db.prepare('VACUUM INTO ?').run(copy);
      } finally {
        db.close();
      }
      chmodSync(copy, 0o600);
    }
  } catch (error) {
    throw storeError(`Nothing was changed, because the backup ${folder} could not be made`, error);
  }
  return folder;
}

/**
 * state.db is written without syncs, so a power cut can damage it; the calls in it ended with the power. Every other
 * database is durable and is never set aside by itself.
 */
function setDamagedStateAside(file: string, nowMs: number, onAlarm: OnAlarm): void {
  if (!existsSync(file)) return;
  let isSound = false;
  try {
    const db = openDatabase(file);
    try {
      isSound = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok';
    } finally {
      db.close();
    }
  } catch (error) {
    if (faultOf(error) !== 'damaged') throw storeError(`The database ${file} could not be read`, error);
  }
  if (isSound) return;
  const aside = `${file}.damaged-${nowMs}`;
  moveDatabase(file, aside);
  onAlarm(
    `${file} was damaged, as a power cut can do. It is kept as ${aside}; the calls that were live then are unknown.`,
  );
}

function moveDatabase(from: string, to: string): void {
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(from + ending)) renameSync(from + ending, to + ending);
  }
}

function watchSpace(
  folder: string,
  options: DataFolderOptions,
): { check: () => Promise<number | null>; stop: () => void } {
  const least = options.minFreeBytes ?? DEFAULT_MIN_FREE_BYTES;
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  let isLow = false;
  const check = async (): Promise<number | null> => {
    const free = await statfs(folder).then(
      (disk) => disk.bavail * disk.bsize,
      () => null,
    );
    if (free === null || free < least === isLow) return free;
    isLow = free < least;
    options.onAlarm(
      isLow
        ? `The disk of the data folder ${folder} has only ${mib(free)} free (alarm below ${mib(least)}). Free space on it.`
        : `The disk of the data folder ${folder} has space again: ${mib(free)} free.`,
    );
    return free;
  };
  const timer = setInterval(() => void check(), options.checkEveryMs ?? DEFAULT_CHECK_EVERY_MS).unref();
  void check();
  return { check, stop: () => clearInterval(timer) };
}
