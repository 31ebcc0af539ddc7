// The state port on SQLite, for one process per data folder. Live calls are written on the main thread with
// synchronous=OFF: a commit is one write() into the page cache (kill -9 loses nothing, only a power cut does, and that
// ends the calls too; data-folder.ts sets a damaged file aside). Checkpoints run on another thread. Switches must
// outlive a power cut: they have their own file, synced, on that thread. Read `openSqliteState` first.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CallSnapshot, SharedStatePort, SwitchPosition } from '../../ports/state.ts';
import { SqlThread } from '../sql-thread.ts';
import { StoreError, openDatabase, storeError } from '../store-error.ts';
import type { OnAlarm } from '../store-error.ts';
import { parseSnapshot } from './snapshot.ts';

export interface SqliteStateOptions {
  readonly stateFile: string;
  readonly switchesFile: string;
  readonly onAlarm: OnAlarm;
  readonly nowMs?: () => number;
  /** Between two checkpoints, and between two tries to save what a full disk refused; default 1 s. */
  readonly tidyEveryMs?: number;
}

const DEFAULT_TIDY_EVERY_MS = 1000;
/** About 5 ms of the main thread. */
const MAX_RETRIED_AT_ONCE = 200;
/** After a flood of writes the log is cut back to this. */
const MAX_IDLE_LOG_BYTES = 8 * 1024 * 1024;
/** The main thread may wait this long for another connection's write and no longer. */
const MAX_LOCK_WAIT_MS = 20;

/** Opens both files, which data-folder.ts has brought to the newest version. Throws StoreError. */
export function openSqliteState(options: SqliteStateOptions): SqliteState {
  let db: DatabaseSync | null = null;
  try {
    db = openDatabase(options.stateFile, { timeoutMs: MAX_LOCK_WAIT_MS });
    db.exec('PRAGMA synchronous=OFF');
    db.exec('PRAGMA wal_autocheckpoint=0');
    db.exec(`PRAGMA journal_size_limit=${MAX_IDLE_LOG_BYTES}`);
    return new SqliteState(db, options);
  } catch (error) {
    db?.close();
    throw storeError(`The live calls in ${options.stateFile} could not be opened`, error);
  }
}

const SQL = {
  putCall:
    'INSERT INTO live_calls (id, owner, snapshot) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, snapshot = excluded.snapshot',
  removeCall: 'DELETE FROM live_calls WHERE id = ?',
  listCalls: 'SELECT id, owner, snapshot FROM live_calls',
  setAside: 'INSERT INTO unreadable (id, found_at_ms, snapshot) SELECT id, ?, snapshot FROM live_calls WHERE id = ?',
  nextTurn:
    'INSERT INTO turns (key, turn) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET turn = turn + 1 RETURNING turn - 1 AS turn',
  putTalked:
    'INSERT INTO last_talked (customer, extension, at_ms) VALUES (?, ?, ?) ON CONFLICT (customer, extension) DO UPDATE SET at_ms = excluded.at_ms',
  talked: 'SELECT at_ms FROM last_talked WHERE customer = ? AND extension = ?',
  addUsage:
    'INSERT INTO usage (key, day, ms, pence) VALUES (?, ?, ?, ?) ON CONFLICT (key, day) DO UPDATE SET ms = ms + excluded.ms, pence = pence + excluded.pence',
  usage: 'SELECT ms, pence FROM usage WHERE key = ? AND day = ?',
  // Days before are of no account any more.
  dropUsage: 'DELETE FROM usage WHERE key = ? AND day < ?',
  dropClaims: 'DELETE FROM claims WHERE until_ms <= ?',
  claim: 'INSERT INTO claims (key, value, until_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = value RETURNING value',
  claimed: 'SELECT value FROM claims WHERE key = ? AND until_ms > ?',
  heartbeat:
    'INSERT INTO heartbeats (owner, until_ms) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET until_ms = excluded.until_ms',
  deadOwners:
    'SELECT DISTINCT owner FROM live_calls WHERE owner NOT IN (SELECT owner FROM heartbeats WHERE until_ms > ?)',
  adopt: 'UPDATE live_calls SET owner = ? WHERE id = ? AND owner = ?',
  ping: 'SELECT count(*) AS calls FROM live_calls',
} as const;
type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

export class SqliteState implements SharedStatePort {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #options: SqliteStateOptions;
  readonly #nowMs: () => number;
  readonly #thread: SqlThread;
  readonly #timer: NodeJS.Timeout;
  /** Newest state of calls that the disk refused; null = removed. Tried again until it is saved. */
  readonly #unsaved = new Map<string, CallSnapshot | null>();
  #hasWritten = false;
  #isTidying = false;
  #isClosed = false;
  #unreadable = 0;

  /** Use `openSqliteState`. */
  constructor(db: DatabaseSync, options: SqliteStateOptions) {
    this.#db = db;
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
    this.#statements = Object.fromEntries(entries) as Statements;
    this.#thread = new SqlThread({
      file: options.switchesFile,
      subject: `The switch positions in ${options.switchesFile}`,
      // The checkpointer syncs nothing either: a sync would stall the main thread's writes to the same file.
      onOpen: [
        'PRAGMA synchronous=FULL',
        `ATTACH '${options.stateFile.replaceAll("'", "''")}' AS live`,
        'PRAGMA live.synchronous=OFF',
      ],
    });
    this.#timer = setInterval(() => void this.#tidy(), options.tidyEveryMs ?? DEFAULT_TIDY_EVERY_MS).unref();
  }

  /** Rows set aside since the opening, because they held no call. */
  get unreadable(): number {
    return this.#unreadable;
  }
  /** Calls whose newest state the disk has refused so far. */
  get unsaved(): number {
    return this.#unsaved.size;
  }

  async putCall(call: CallSnapshot): Promise<void> {
    this.#saveCall(call.id, call);
  }
  async removeCall(id: string): Promise<void> {
    this.#saveCall(id, null);
  }

  async listCalls(): Promise<readonly CallSnapshot[]> {
    const calls = new Map<string, CallSnapshot>();
    for (const { id, owner, snapshot } of this.#do(({ listCalls }) => listCalls.all())) {
      const call = parseSnapshot(snapshot, String(id), String(owner));
      if (call === null) this.#setAside(String(id));
      else calls.set(call.id, call);
    }
    for (const [id, call] of this.#unsaved) {
      if (call === null) calls.delete(id);
      else calls.set(id, call);
    }
    return [...calls.values()];
  }

  async putSwitch({ customer, name, position, setAtMs, setBy }: SwitchPosition): Promise<void> {
    await this.#thread.run(
      'INSERT OR REPLACE INTO switches (customer, name, position, set_at_ms, set_by) VALUES (?, ?, ?, ?, ?)',
      customer,
      name,
      position,
      setAtMs,
      setBy,
    );
  }
  async listSwitches(): Promise<readonly SwitchPosition[]> {
    const rows = await this.#thread.all('SELECT customer, name, position, set_at_ms, set_by FROM switches');
    return rows.map((row) => ({
      customer: String(row['customer']),
      name: String(row['name']),
      position: String(row['position']),
      setAtMs: Number(row['set_at_ms']),
      setBy: String(row['set_by']),
    }));
  }

  async nextTurn(key: string): Promise<number> {
    return this.#write(({ nextTurn }) => Number(nextTurn.get(key)?.['turn'] ?? 0));
  }
  async putLastTalked(customer: string, extension: string, atMs: number): Promise<void> {
    this.#write(({ putTalked }) => putTalked.run(customer, extension, Math.round(atMs)));
  }
  async lastTalked(customer: string, extensions: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const extension of extensions) {
      const atMs = this.#do(({ talked }) => talked.get(customer, extension))?.['at_ms'];
      if (typeof atMs === 'number') found.set(extension, atMs);
    }
    return found;
  }

  async addUsage(key: string, day: string, ms: number, pence: number): Promise<void> {
    this.#write(({ addUsage, dropUsage }) => {
      dropUsage.run(key, day);
      return addUsage.run(key, day, ms, pence);
    });
  }
  async usage(key: string, day: string): Promise<{ readonly ms: number; readonly pence: number }> {
    const row = this.#do(({ usage }) => usage.get(key, day));
    return { ms: Number(row?.['ms'] ?? 0), pence: Number(row?.['pence'] ?? 0) };
  }
  async claimKey(key: string, value: string, ttlMs: number): Promise<string> {
    const nowMs = Math.round(this.#nowMs());
    return this.#write(({ claim, dropClaims }) => {
      dropClaims.run(nowMs);
      return String(claim.get(key, value, nowMs + Math.round(ttlMs))?.['value'] ?? value);
    });
  }
  async claimedValue(key: string): Promise<string | null> {
    const value = this.#do(({ claimed }) => claimed.get(key, Math.round(this.#nowMs())))?.['value'];
    return value === undefined ? null : String(value);
  }
  async heartbeat(owner: string, ttlMs: number): Promise<void> {
    this.#write(({ heartbeat }) => heartbeat.run(owner, Math.round(this.#nowMs() + ttlMs)));
  }
  async deadOwners(): Promise<readonly string[]> {
    return this.#do(({ deadOwners }) => deadOwners.all(Math.round(this.#nowMs()))).map(({ owner }) => String(owner));
  }
  async adoptCall(id: string, fromOwner: string, toOwner: string): Promise<boolean> {
    return this.#write(({ adopt }) => adopt.run(toOwner, id, fromOwner).changes === 1);
  }

  async ping(): Promise<boolean> {
    if (this.#isClosed || this.#unsaved.size > 0) return false;
    try {
      this.#statements.ping.get();
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    clearInterval(this.#timer);
    for (let left = Infinity; this.#unsaved.size < left && this.#unsaved.size > 0;) {
      left = this.#unsaved.size;
      this.#retryUnsaved();
    }
    this.#isClosed = true;
    await this.#thread.close();
    this.#db.close();
  }

  /** A refused write stays in memory and is tried again; the rejection tells the caller that it is not safe yet. */
  #saveCall(id: string, call: CallSnapshot | null): void {
    try {
      this.#write((statements) => this.#runSave(statements, id, call));
      if (this.#unsaved.size > 0 && this.#unsaved.delete(id) && this.#unsaved.size === 0) this.#tellSaved();
    } catch (error) {
      if (error instanceof StoreError && error.fault === 'closed') throw error;
      const told = storeError(`The state of live calls in ${this.#options.stateFile} could not be written`, error);
      if (this.#unsaved.size === 0)
        this.#options.onAlarm(`${told.message} Calls go on; a restart would not know them.`);
      this.#unsaved.set(id, call === null ? null : structuredClone(call));
      throw told;
    }
  }

  /** One transaction for many: each alone would write its pages to the log again, on a disk that was just full. */
  #retryUnsaved(): void {
    const batch = [...this.#unsaved].slice(0, MAX_RETRIED_AT_ONCE);
    if (batch.length === 0) return;
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const [id, call] of batch) this.#runSave(this.#statements, id, call);
      this.#db.exec('COMMIT');
    } catch {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      return;
    }
    this.#hasWritten = true;
    for (const [id] of batch) this.#unsaved.delete(id);
    if (this.#unsaved.size === 0) this.#tellSaved();
  }

  #runSave({ putCall, removeCall }: Statements, id: string, call: CallSnapshot | null): void {
    if (call === null) removeCall.run(id);
    else putCall.run(id, call.owner, JSON.stringify(call));
  }

  #tellSaved(): void {
    this.#options.onAlarm(
      `The state of live calls in ${this.#options.stateFile} is written again; nothing is missing.`,
    );
  }

  #setAside(id: string): void {
    this.#unreadable += 1;
    this.#write(({ setAside, removeCall }) => {
      setAside.run(Math.round(this.#nowMs()), id);
      removeCall.run(id);
    });
    this.#options.onAlarm(
      `The state of call ${id.slice(0, 64)} could not be read. It is kept in the table "unreadable" of ${this.#options.stateFile}; that call is not carried on.`,
    );
  }

  #write<T>(act: (statements: Statements) => T): T {
    this.#hasWritten = true;
    return this.#do(act);
  }

  #do<T>(act: (statements: Statements) => T): T {
    if (this.#isClosed) throw new StoreError('closed', `The state store ${this.#options.stateFile} has been closed.`);
    try {
      return act(this.#statements);
    } catch (error) {
      throw storeError(`The live calls in ${this.#options.stateFile} could not be reached`, error);
    }
  }

  /** Moves the log into the file. PASSIVE never blocks the main thread's writes; the next write starts the log anew. */
  async #tidy(): Promise<void> {
    this.#retryUnsaved();
    if (!this.#hasWritten || this.#isTidying) return;
    this.#hasWritten = false;
    this.#isTidying = true;
    try {
      await this.#thread.all('PRAGMA live.wal_checkpoint(PASSIVE)');
    } catch {
      // The log only grows until the next try; a full disk has its own alarm.
      this.#hasWritten = true;
    } finally {
      this.#isTidying = false;
    }
  }
}
