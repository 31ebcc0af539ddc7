// Carries call records and decisions from the spool into the database, on a thread of its own: one durable transaction for many
// records, and the place in the spool moves in that same transaction, so that a record is neither lost nor twice
// whenever the process is killed. What cannot be stored stays in the spool, synced, and is tried again. Read `pass`.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { openDatabase, storeError } from '../store-error.ts';
import type { FromWriter, ToWriter, WriterData } from './protocol.ts';
import * as sql from './queries.ts';
import { decisionRowOfLine, isDecisionLine, rowOfLine } from './record-row.ts';
import { RESERVE_FILE, parseSegment } from './spool-writer.ts';
import type { SpoolPlace } from './spool-writer.ts';

const { databaseFile, spoolFolder, run: ourRun, gatherMs, retryMs, reserveBytes } = workerData as WriterData;
const MAX_LINES_PER_TRANSACTION = 500;
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 10;
/** The reserve is laid in when the disk has this many times its size. */
const RESERVE_NEEDS = 4;
/** Lines that hold no record end here, so that nothing is ever thrown away unseen. */
const DAMAGED_FILE = 'damaged.txt';

let db: DatabaseSync | null = null;
const prepared = new Map<string, StatementSync>();
/** As far as the main thread said that it has written. */
let current: SpoolPlace = { turn: 0, bytes: 0 };
let timer: NodeJS.Timeout | null = null;
/** The timer waits for more records, not for a disk that refused. */
let isGathering = false;
let isStopping = false;
/** The turn whose segment was found deleted: told once. */
let goneTurn = 0;
let duplicates = 0;
let damaged = 0;

function tell(message: FromWriter): void {
  parentPort?.postMessage(message);
}

function open(): DatabaseSync {
  if (db !== null) return db;
  const opened = openDatabase(databaseFile);
  try {
    // FULL: a commit is on the disk before the spool forgets the record.
    opened.exec('PRAGMA synchronous=FULL');
    db = opened;
    forgetGoneSegments();
    return opened;
  } catch (error) {
    db = null;
    opened.close();
    throw error;
  }
}

function release(): void {
  prepared.clear();
  try {
    db?.close();
  } catch {
    // A database that fails to close is opened anew all the same.
  }
  db = null;
}

function statement(text: string): StatementSync {
  let found = prepared.get(text);
  if (found === undefined) {
    found = open().prepare(text);
    prepared.set(text, found);
  }
  return found;
}

function run(text: string, ...parameters: SQLInputValue[]): number {
  return Number(statement(text).run(...parameters).changes);
}

function inTransaction(act: () => void): void {
  const opened = open();
  opened.exec('BEGIN IMMEDIATE');
  try {
    act();
    opened.exec('COMMIT');
  } catch (error) {
    if (opened.isTransaction) opened.exec('ROLLBACK');
    throw error;
  }
}

/** A segment is deleted before its place: a crash between the two leaves a place without a segment. */
function forgetGoneSegments(): void {
  for (const { segment } of statement(sql.LIST_POSITIONS).all()) {
    if (!existsSync(join(spoolFolder, String(segment)))) run(sql.FORGET_POSITION, String(segment));
  }
}

function insert(line: string): 'stored' | 'duplicate' | 'damaged' {
  if (isDecisionLine(line)) return insertDecision(line);
  const row = rowOfLine(line);
  if (row === null) return 'damaged';
  const { id, customer, caller, called, startedAtMs, endCode, document } = row;
  return run(sql.INSERT_RECORD, id, customer, caller, called, startedAtMs, endCode, document) === 1
    ? 'stored'
    : 'duplicate';
}

function insertDecision(line: string): 'stored' | 'duplicate' | 'damaged' {
  const row = decisionRowOfLine(line);
  if (row === null) return 'damaged';
  return run(sql.INSERT_DECISION, row.id, row.callId, row.customer, row.atMs, row.document) === 1 ? 'stored' : 'duplicate';
}

/** Complete lines from `from` on, at most one transaction's worth, and the place behind them. */
function readLines(fd: number, from: number): { lines: string[]; next: number; rest: number } {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(fd, chunk, 0, CHUNK_BYTES, from + bytes.length);
    bytes = Buffer.concat([bytes, chunk.subarray(0, count)]);
    // A line longer than a chunk: go on reading until its end is there.
    if (count < CHUNK_BYTES || bytes.includes(NEWLINE)) break;
  }
  const lines: string[] = [];
  let start = 0;
  while (lines.length < MAX_LINES_PER_TRANSACTION) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) break;
    lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
  }
  return { lines, next: from + start, rest: bytes.length - start };
}

/** Segments in the order in which they were begun. */
function segments(): string[] {
  if (!existsSync(spoolFolder)) return [];
  return readdirSync(spoolFolder)
    .filter((name) => parseSegment(name) !== null)
    .toSorted();
}

/** Only what we were told is finished may be deleted: the main thread can begin a segment at any moment. */
function isFinished(segment: string): boolean {
  const parsed = parseSegment(segment);
  return parsed !== null && (isStopping || parsed.run !== ourRun || parsed.turn < current.turn);
}

/** Stores one segment up to its end, deletes it when it is finished; returns how far it is stored. */
function storeSegment(segment: string): number {
  const file = join(spoolFolder, segment);
  const isLast = isFinished(segment);
  let at = Number(statement(sql.GET_POSITION).get(segment)?.['bytes'] ?? 0);
  const fd = openSync(file, 'r');
  try {
    for (;;) {
      const { lines, next, rest } = readLines(fd, at);
      if (lines.length === 0) {
        // Power was lost in the middle of a line: such a record was never accepted, but people should know.
        if (rest > 0 && isLast) setAside([`(half a line at byte ${at} of ${segment})`]);
        break;
      }
      storeLines(lines, () => run(sql.SET_POSITION, segment, next));
      at = next;
    }
  } finally {
    closeSync(fd);
  }
  if (isLast) {
    rmSync(file, { force: true });
    run(sql.FORGET_POSITION, segment);
  }
  return at;
}

function storeLines(lines: readonly string[], alsoDo: () => void): void {
  let again = 0;
  const broken: string[] = [];
  inTransaction(() => {
    for (const line of lines) {
      const result = insert(line);
      if (result === 'duplicate') again += 1;
      if (result === 'damaged') broken.push(line);
    }
    alsoDo();
  });
  duplicates += again;
  if (broken.length > 0) setAside(broken);
}

function setAside(lines: readonly string[]): void {
  damaged += lines.length;
  const file = join(spoolFolder, DAMAGED_FILE);
  try {
    const fd = openSync(file, 'a', 0o600);
    try {
      writeSync(fd, `${lines.join('\n')}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    tell({
      kind: 'damaged',
      text: storeError(`${lines.length} unreadable lines of the spool could not be kept in ${file}`, error).message,
    });
    return;
  }
  tell({
    kind: 'damaged',
    text: `${lines.length} lines of the record spool held no call record. They are kept in ${file}.`,
  });
}

/** Everything that is in the spool now. Throws at the first fault; what was committed until then stays. */
function storeAll(): SpoolPlace {
  open();
  let bytes: number | null = null;
  for (const segment of segments()) {
    const at = storeSegment(segment);
    const parsed = parseSegment(segment);
    if (parsed?.run === ourRun && parsed.turn === current.turn) bytes = at;
  }
  if (bytes === null && current.bytes > 0 && goneTurn !== current.turn && !isStopping) {
    goneTurn = current.turn;
    tell({
      kind: 'gone',
      text: `A file of call records in ${spoolFolder} was deleted before it was stored. Leave that folder to GENVoice.`,
    });
  }
  return { turn: current.turn, bytes: bytes ?? current.bytes };
}

/** While the database refuses, the records must at least be safe from a power cut. */
function syncSpool(): void {
  for (const segment of segments()) {
    const fd = openSync(join(spoolFolder, segment), 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

function keepReserve(): void {
  const file = join(spoolFolder, RESERVE_FILE);
  if (reserveBytes === 0 || existsSync(file)) return;
  const { bavail, bsize } = statfsSync(spoolFolder);
  // Taking the last space back the moment it is free would only fill the disk again.
  if (bavail * bsize < RESERVE_NEEDS * reserveBytes) return;
  const fd = openSync(file, 'wx', 0o600);
  let isWhole = false;
  try {
    const zeros = Buffer.alloc(64 * 1024);
    let done = 0;
    while (done < reserveBytes) done += writeSync(fd, zeros, 0, Math.min(zeros.length, reserveBytes - done));
    isWhole = true;
  } finally {
    closeSync(fd);
    if (!isWhole) rmSync(file, { force: true });
  }
}

function pass(): void {
  timer = null;
  isGathering = false;
  try {
    const place = storeAll();
    tell({ kind: 'stored', place, duplicates, damaged });
    tryOr(keepReserve);
  } catch (error) {
    release();
    tryOr(syncSpool);
    tell({ kind: 'failing', text: storeError(`Call records cannot be stored in ${databaseFile}`, error).message });
    if (!isStopping) wake(retryMs);
  }
}

/** Of use but not needed: a failure changes nothing for the records. */
function tryOr(act: () => void): void {
  try {
    act();
  } catch {
    // Tried again with the next pass.
  }
}

function wake(delayMs: number): void {
  timer ??= setTimeout(pass, delayMs);
}

function storeDirectly(lines: readonly string[]): void {
  try {
    storeLines(lines, () => undefined);
    tell({ kind: 'direct-stored', lines: lines.length, duplicates, damaged });
  } catch (error) {
    release();
    tell({
      kind: 'direct-refused',
      text: storeError(`Call records cannot be stored in ${databaseFile}`, error).message,
    });
  }
}

parentPort?.on('message', (message: ToWriter) => {
  switch (message.kind) {
    case 'written':
      current = message.place;
      if (message.isAwaited && isGathering && timer !== null) {
        clearTimeout(timer);
        timer = null;
      }
      if (timer === null) isGathering = true;
      wake(message.isAwaited ? 0 : gatherMs);
      return;
    case 'direct':
      storeDirectly(message.lines);
      return;
    case 'stop':
      isStopping = true;
      current = message.place;
      if (timer !== null) clearTimeout(timer);
      pass();
      release();
      parentPort?.close();
  }
});
// What an earlier process left in the spool.
wake(0);
