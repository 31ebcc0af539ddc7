// A database on a thread of its own, for everything that may scan or wait for the disk. Requests run in order.
// Holds the process open only while a request is under way. Read `SqlThread` first.
import { Worker } from 'node:worker_threads';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { StoreError } from './store-error.ts';
import type { StoreFault } from './store-error.ts';

export interface SqlThreadOptions {
  readonly file: string;
  /** Beginning of every error message, with the path: "The plan history in /x/admin.db". */
  readonly subject: string;
  readonly isReadOnly?: boolean;
  /** SQL (pragmas, ATTACH) run after every opening. */
  readonly onOpen?: readonly string[];
}
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}
export type Row = Record<string, SQLOutputValue>;
export interface SqlResult {
  readonly rows: readonly Row[];
  readonly changes: number;
}
export interface SqlRequest {
  readonly id: number;
  readonly statements: readonly Statement[];
  readonly isLast?: boolean;
}
export type SqlAnswer =
  | { readonly id: number; readonly results: readonly SqlResult[] }
  | { readonly id: number; readonly fault: StoreFault; readonly message: string };

interface Waiting {
  readonly resolve: (results: readonly SqlResult[]) => void;
  readonly reject: (error: StoreError) => void;
}

export class SqlThread {
  readonly #options: SqlThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;
  #isClosing = false;
  #isClosed = false;

  /** Starts nothing: the thread begins with the first request. */
  constructor(options: SqlThreadOptions) {
    this.#options = options;
  }

  /** Rows of one statement. Rejects with StoreError. */
  async all(sql: string, ...parameters: SQLInputValue[]): Promise<readonly Row[]> {
    return (await this.#ask([{ sql, parameters }]))[0]?.rows ?? [];
  }

  /** First row of one statement, or null. */
  async get(sql: string, ...parameters: SQLInputValue[]): Promise<Row | null> {
    return (await this.all(sql, ...parameters))[0] ?? null;
  }

  /** Number of rows that one statement changed. */
  async run(sql: string, ...parameters: SQLInputValue[]): Promise<number> {
    return (await this.#ask([{ sql, parameters }]))[0]?.changes ?? 0;
  }

  /** All statements or none of them. */
  async transaction(statements: readonly Statement[]): Promise<readonly SqlResult[]> {
    return this.#ask(statements);
  }

  /** Waits for the requests under way, then ends the thread. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const worker = this.#worker;
    if (worker !== null) {
      this.#isClosing = true;
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      await this.#ask([{ sql: 'SELECT 1', parameters: [] }], true).catch(() => []);
      this.#isClosed = true;
      await ended;
    }
    this.#isClosed = true;
  }

  #ask(statements: readonly Statement[], isLast = false): Promise<readonly SqlResult[]> {
    if (this.#isClosed) return Promise.reject(new StoreError('closed', `${this.#options.subject} has been closed.`));
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(id, { resolve, reject });
      const request: SqlRequest = { id, statements, isLast };
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./sql.worker.ts', import.meta.url), { workerData: this.#options });
    worker.on('message', (answer: SqlAnswer) => this.#settle(answer));
    const fail = (why: string): void => {
      if (this.#worker === worker) this.#worker = null;
      const error = new StoreError(
        'failed',
        `${this.#options.subject} lost its thread: ${why}. It starts again by itself.`,
      );
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => fail('it ended'));
    worker.unref();
    return worker;
  }

  #settle(answer: SqlAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // While closing it stays referenced: else the process could end before the last bytes are written.
    if (this.#waiting.size === 0 && !this.#isClosing) this.#worker?.unref();
    if ('results' in answer) waiting?.resolve(answer.results);
    else waiting?.reject(new StoreError(answer.fault, answer.message));
  }
}
