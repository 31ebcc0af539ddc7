// Call records and decisions on SQLite: accepting one is an append to the spool (page cache) on the main thread; a second thread
// stores, a third one searches. What the spool refuses waits in memory. Exactly one record per id, kill -9 included.
// The folder's lock (data-folder.ts) must be held. Read `putRecord` first.
import { Worker } from 'node:worker_threads';
import type { DecisionFilter, DecisionRecord, DecisionsPort } from '../../ports/decisions.ts';
import type { CallRecord, RecordFilter, RecordsPort } from '../../ports/records.ts';
import { StoreError, storeError } from '../store-error.ts';
import type { OnAlarm } from '../store-error.ts';
import type { FromWriter, ToWriter, WriterData } from './protocol.ts';
import { lineOfDecision } from './record-row.ts';
import { RecordSearch } from './record-search.ts';
import type { RecordFound } from './record-search.ts';
import { SpoolWriter, newRun } from './spool-writer.ts';
import type { SpoolPlace } from './spool-writer.ts';

export interface SqliteRecordsOptions {
  readonly databaseFile: string;
  readonly spoolFolder: string;
  readonly onAlarm: OnAlarm;
  readonly nowMs?: () => number;
  /** Wait for more records before one durable write; default 50. */
  readonly gatherMs?: number;
  /** Between two tries while the store refuses; default 1000. */
  readonly retryMs?: number;
  /** Records kept in memory when neither database nor spool takes them; default 10,000. */
  readonly maxHeld?: number;
  /** Space kept back for a full disk; default 8 MiB. */
  readonly reserveBytes?: number;
}
/** Since the opening. `held`: in memory only. `lost`: dropped because memory was full as well. */
export interface RecordCounters {
  readonly accepted: number;
  readonly duplicates: number;
  readonly damaged: number;
  readonly held: number;
  readonly lost: number;
  readonly isFailing: boolean;
}

/** One synced transaction for what comes in so long; a search is not kept waiting for it. */
const GATHER_MS = 200;
const CLOSE_WITHIN_MS = 5000;
/** A search waits this long for records that were accepted a moment ago. */
const SETTLE_WITHIN_MS = 1000;

interface Waiter {
  readonly place: SpoolPlace;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Starts the writing thread, which first stores what an earlier process left. The file must be at the newest version. */
export function openSqliteRecords(options: SqliteRecordsOptions): SqliteRecords {
  return new SqliteRecords(options);
}

export class SqliteRecords implements RecordsPort, DecisionsPort {
  readonly #options: SqliteRecordsOptions;
  readonly #run = newRun();
  readonly #spool: SpoolWriter;
  readonly #search: RecordSearch;
  #writer: Worker;
  /** Lines that the spool refused, oldest first. */
  readonly #held: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #holdTimer: NodeJS.Timeout | null = null;
  #isDirectUnderWay = false;
  #isToldWritten = false;
  #isFailing = false;
  #isClosing = false;
  #isClosed = false;
  /** Null until the writer has stored what an earlier process left. */
  #storedPlace: SpoolPlace | null = null;
  #accepted = 0;
  #lost = 0;
  /** Counts of writer threads that ended. */
  #earlier = { duplicates: 0, damaged: 0 };
  #counts = { duplicates: 0, damaged: 0 };

  /** Use `openSqliteRecords`. */
  constructor(options: SqliteRecordsOptions) {
    this.#options = options;
    this.#spool = new SpoolWriter(options.spoolFolder, this.#run, options.nowMs ?? Date.now);
    this.#search = new RecordSearch(options.databaseFile);
    this.#writer = this.#startWriter();
  }

  get counters(): RecordCounters {
    return {
      accepted: this.#accepted,
      duplicates: this.#earlier.duplicates + this.#counts.duplicates,
      damaged: this.#earlier.damaged + this.#counts.damaged,
      held: this.#held.length,
      lost: this.#lost,
      isFailing: this.#isFailing || this.#held.length > 0,
    };
  }

  putRecord(record: CallRecord): void {
    this.#accept(record.id, JSON.stringify(record));
  }

  putDecision(decision: DecisionRecord): void {
    this.#accept(decision.id, lineOfDecision(decision));
  }

  #accept(id: string, line: string): void {
    if (this.#isClosed) throw new StoreError('closed', `Call record ${id} came after the store had been closed.`);
    this.#accepted += 1;
    // Behind those that wait already, so that the order stays.
    if (this.#held.length > 0) return this.#hold(line);
    try {
      this.#spool.append(line);
    } catch (error) {
      const told = storeError(`Call records cannot be written to ${this.#options.spoolFolder}`, error);
      this.#options.onAlarm(`${told.message} They are kept in memory until then; a restart now would lose them.`);
      return this.#hold(line);
    }
    this.#tellWritten();
  }

  async flush(): Promise<void> {
    if (this.#held.length > 0) await this.#saveHeld();
    if (this.#held.length > 0) {
      throw new StoreError(
        'disk-full',
        `${this.#held.length} call records are still only in memory: neither ${this.#options.databaseFile} nor the spool takes them.`,
      );
    }
    await this.#stored(this.#spool.place);
  }

  async getRecord(idOrPrefix: string): Promise<CallRecord | null> {
    const found = await this.findRecord(idOrPrefix);
    return found.kind === 'found' ? found.record : null;
  }

  /** `getRecord` that says why there is none. Rejects with StoreError when the store cannot be read. */
  async findRecord(idOrPrefix: string): Promise<RecordFound> {
    await this.#settle();
    return this.#search.find(idOrPrefix);
  }

  /** `limit` from 1 to 1,000, else `refused`; `unknown` when `after` names no record. */
  async listRecords(filter: RecordFilter): Promise<readonly CallRecord[]> {
    await this.#settle();
    return this.#search.list(filter);
  }

  /** As `listRecords`. */
  async listDecisions(filter: DecisionFilter): Promise<readonly DecisionRecord[]> {
    await this.#settle();
    return this.#search.decisions(filter);
  }

  async countRecords(): Promise<number> {
    await this.#settle();
    return this.#search.count();
  }

  /** Stores what it can within 5 s and ends both threads. What cannot be stored stays in the spool; rejects never. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    await within(CLOSE_WITHIN_MS, this.flush()).catch(() => undefined);
    this.#isClosing = true;
    this.#isClosed = true;
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    if (this.#held.length > 0)
      this.#options.onAlarm(`${this.#held.length} call records are lost: no disk took them until the end.`);
    this.#spool.close();
    const writer = this.#writer;
    const ended = new Promise<void>((resolve) => writer.once('exit', () => resolve()));
    this.#send({ kind: 'stop', place: this.#spool.place });
    await within(CLOSE_WITHIN_MS, ended).catch(() => writer.terminate());
    await this.#search.close();
  }

  #hold(line: string): void {
    const max = this.#options.maxHeld ?? 10_000;
    if (this.#held.length >= max) {
      this.#lost += 1;
      if (this.#lost === 1)
        this.#options.onAlarm(
          `Call records are being lost: ${max} wait in memory and no disk takes them. Free space now.`,
        );
      return;
    }
    this.#held.push(line);
    this.#holdTimer ??= setTimeout(() => void this.#saveHeld(), this.#options.retryMs ?? 1000);
  }

  /** Spool first, else the database itself; resolves after one try. */
  async #saveHeld(): Promise<void> {
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    this.#holdTimer = null;
    if (!this.#isDirectUnderWay) this.#spoolHeld();
    if (this.#held.length > 0 && !this.#isDirectUnderWay) await this.#sendHeld();
    if (this.#held.length === 0 || this.#isClosing) return;
    this.#holdTimer ??= setTimeout(() => void this.#saveHeld(), this.#options.retryMs ?? 1000);
  }

  #spoolHeld(): void {
    const before = this.#held.length;
    let done = 0;
    try {
      for (const line of this.#held) {
        this.#spool.append(line);
        done += 1;
      }
    } catch {
      // The alarm has been given; the rest waits.
    }
    this.#held.splice(0, done);
    if (done > 0) this.#tellWritten();
    if (before > 0 && this.#held.length === 0) this.#tellSafe(before);
  }

  #tellSafe(count: number): void {
    this.#options.onAlarm(
      `${count} call records that waited in memory are written now; ${this.#lost === 0 ? 'none is' : `${this.#lost} are`} missing.`,
    );
  }

  async #sendHeld(): Promise<void> {
    this.#isDirectUnderWay = true;
    const lines = [...this.#held];
    const writer = this.#writer;
    const isStored = await new Promise<boolean>((resolve) => {
      const done = (answer: boolean): void => {
        writer.off('message', onMessage);
        writer.off('exit', onExit);
        resolve(answer);
      };
      const onExit = (): void => done(false);
      const onMessage = ({ kind }: FromWriter): void => {
        if (kind === 'direct-stored' || kind === 'direct-refused') done(kind === 'direct-stored');
      };
      writer.on('message', onMessage);
      writer.on('exit', onExit);
      this.#send({ kind: 'direct', lines });
    });
    this.#isDirectUnderWay = false;
    if (!isStored) return;
    this.#held.splice(0, lines.length);
    if (this.#held.length === 0) this.#tellSafe(lines.length);
  }

  #send(message: ToWriter): void {
    this.#writer.postMessage(message);
  }

  /** One message for many records: the next one goes when the thread has answered. */
  #tellWritten(): void {
    if (this.#isToldWritten) return;
    this.#isToldWritten = true;
    this.#send({ kind: 'written', place: this.#spool.place, isAwaited: this.#waiters.size > 0 });
  }

  #stored(place: SpoolPlace): Promise<void> {
    if (this.#storedPlace !== null && isBefore(place, this.#storedPlace)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.add({ place, resolve, reject });
      this.#isToldWritten = false;
      this.#tellWritten();
    });
  }

  /** Read what you wrote, as long as the store works; a search must not hang on a store that does not. */
  async #settle(): Promise<void> {
    if (this.#isClosed) throw new StoreError('closed', 'The store of call records has been closed.');
    if (this.#isFailing || this.#held.length > 0) return;
    await within(SETTLE_WITHIN_MS, this.#stored(this.#spool.place)).catch(() => undefined);
  }

  #startWriter(): Worker {
    const workerData: WriterData = {
      databaseFile: this.#options.databaseFile,
      spoolFolder: this.#options.spoolFolder,
      run: this.#run,
      gatherMs: this.#options.gatherMs ?? GATHER_MS,
      retryMs: this.#options.retryMs ?? 1000,
      reserveBytes: this.#options.reserveBytes ?? 8 * 1024 * 1024,
    };
    const writer = new Worker(new URL('./writer.worker.ts', import.meta.url), { workerData });
    writer.on('message', (message: FromWriter) => this.#hear(message));
    writer.on('error', (error) =>
      this.#options.onAlarm(
        `The thread that stores call records failed (${String(error).slice(0, 200)}) and is started again. No record is lost.`,
      ),
    );
    writer.on('exit', () => this.#restartWriter());
    return writer;
  }

  #restartWriter(): void {
    this.#earlier.duplicates += this.#counts.duplicates;
    this.#earlier.damaged += this.#counts.damaged;
    this.#counts = { duplicates: 0, damaged: 0 };
    if (this.#isClosing) return;
    this.#isFailing = true;
    this.#rejectWaiters('The thread that stores call records ended; it is started again.');
    setTimeout(() => {
      if (this.#isClosing) return;
      this.#writer = this.#startWriter();
      this.#isToldWritten = false;
      this.#tellWritten();
    }, this.#options.retryMs ?? 1000);
  }

  #hear(message: FromWriter): void {
    switch (message.kind) {
      case 'stored':
        this.#count(message);
        this.#hearStored(message.place);
        return;
      case 'direct-stored':
        this.#count(message);
        return;
      case 'direct-refused':
        return;
      case 'failing':
        if (!this.#isFailing)
          this.#options.onAlarm(
            `${message.text} Until then they are kept in ${this.#options.spoolFolder} and stored later by themselves.`,
          );
        this.#isFailing = true;
        this.#rejectWaiters(message.text);
        return;
      case 'gone':
        this.#options.onAlarm(message.text);
        this.#spool.close();
        return;
      case 'damaged':
        this.#options.onAlarm(message.text);
    }
  }

  #count({ duplicates, damaged }: { duplicates: number; damaged: number }): void {
    this.#counts = { duplicates, damaged };
  }

  #hearStored(place: SpoolPlace): void {
    if (this.#isFailing)
      this.#options.onAlarm(
        `Call records are stored in ${this.#options.databaseFile} again; what waited in the spool is in it.`,
      );
    this.#isFailing = false;
    this.#storedPlace = place;
    for (const waiter of this.#waiters) {
      if (!isBefore(waiter.place, place)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    this.#isToldWritten = false;
    if (!isBefore(this.#spool.place, place)) this.#tellWritten();
  }

  #rejectWaiters(text: string): void {
    for (const waiter of this.#waiters) waiter.reject(new StoreError('failed', text));
    this.#waiters.clear();
  }
}

function isBefore(a: SpoolPlace, b: SpoolPlace): boolean {
  return a.turn < b.turn || (a.turn === b.turn && a.bytes <= b.bytes);
}

/** Rejects when `promise` takes longer; the timer holds nothing open afterwards. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreError('busy', `No answer within ${limitMs} ms.`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
