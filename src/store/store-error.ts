// Faults of the stores in our words. Every message says what happened, to what, and how to mend it.
import { DatabaseSync } from 'node:sqlite';

/**
 * `in-use`: another process has it. `newer`: written by a newer release. `not-writable`: rights or a read-only disk.
 * `disk-full`: no space. `busy`: a lock was not released in time. `damaged`: the file is no database any more.
 * `unreachable`: no way to the server. `unknown`: nothing has that name. `refused`: a value is not acceptable.
 * `closed`: used after close. `failed`: anything else.
 */
export type StoreFault =
  | 'in-use'
  | 'newer'
  | 'not-writable'
  | 'disk-full'
  | 'busy'
  | 'damaged'
  | 'unreachable'
  | 'unknown'
  | 'refused'
  | 'closed'
  | 'failed';

/** The only error that this folder throws on purpose. `fault` is for programs, `message` for people. */
export class StoreError extends Error {
  readonly fault: StoreFault;
  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.fault = fault;
  }
}

/** What an alarm is told to: one whole sentence or two, without secrets. Called on the main thread; must not throw. */
export type OnAlarm = (text: string) => void;

/** SQLite's primary result codes (sqlite3.h) that mean something to an operator. */
const SQLITE_FAULTS: ReadonlyMap<number, StoreFault> = new Map([
  [5, 'busy'],
  [6, 'busy'],
  [8, 'not-writable'],
  [11, 'damaged'],
  [13, 'disk-full'],
  [14, 'not-writable'],
  [26, 'damaged'],
]);
const SYSTEM_FAULTS: ReadonlyMap<string, StoreFault> = new Map([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EFBIG', 'disk-full'],
  ['EACCES', 'not-writable'],
  ['EPERM', 'not-writable'],
  ['EROFS', 'not-writable'],
]);
const MENDS: Readonly<Record<StoreFault, string>> = {
  'in-use': 'Stop the other process first.',
  newer: 'Start the newer release again.',
  'not-writable': 'Give the user of this process write access to the folder, or name another one in GENVOICE_DATA.',
  'disk-full': 'Free space on the disk of the data folder.',
  busy: 'Close the program that holds the file open.',
  damaged: 'Stop GENVoice, move the file away and copy it back from the folder "backup".',
  unreachable: 'Start the server, or correct its address in the settings.',
  unknown: '',
  refused: '',
  closed: '',
  failed: 'The log of the system (dmesg) says more about the disk.',
};
const NAMES: Readonly<Record<StoreFault, string>> = {
  'in-use': 'another process uses it',
  newer: 'a newer release wrote it',
  'not-writable': 'it cannot be written',
  'disk-full': 'the disk is full',
  busy: 'another program keeps it locked',
  damaged: 'the file is damaged',
  unreachable: 'the server does not answer',
  unknown: 'there is no such thing',
  refused: 'the value is not accepted',
  closed: 'it has been closed',
  failed: 'the operation failed',
};

/** Which of our faults a system or SQLite error is. */
export function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreError) return error.fault;
  if (!(error instanceof Error)) return 'failed';
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return sqliteFault(errcode);
  return (typeof code === 'string' ? SYSTEM_FAULTS.get(code) : undefined) ?? 'failed';
}

/** "the disk is full", "the operation failed (disk I/O error)": the middle of a sentence. */
export function reasonOf(error: unknown): string {
  const fault = faultOf(error);
  return fault === 'failed' && error instanceof Error
    ? `${NAMES.failed} (${error.message.slice(0, 200)})`
    : NAMES[fault];
}

/** The last sentence of a message: how to mend `error`; empty when nothing general can be said. */
export function mendOf(error: unknown): string {
  return MENDS[faultOf(error)];
}

/** `subject` (with the file's path) as a StoreError: "Call records in /x could not be read: the disk is full. Free …". */
export function storeError(subject: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(faultOf(error), `${subject}: ${reasonOf(error)}. ${mendOf(error)}`.trimEnd(), { cause: error });
}

function sqliteFault(errcode: number): StoreFault {
  return SQLITE_FAULTS.get(errcode & 0xff) ?? 'failed';
}

/** Opens a database with the settings that all of ours share; throws what SQLite throws. */
export function openDatabase(file: string, options: { readOnly?: boolean; timeoutMs?: number } = {}): DatabaseSync {
  return new DatabaseSync(file, { readOnly: options.readOnly ?? false, timeout: options.timeoutMs ?? 1000 });
}
