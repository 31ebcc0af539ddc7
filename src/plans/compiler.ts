// The compile threads as the main thread sees them: one promise a job, results joined from their parts, a thread that
// dies or hangs replaced. Nothing here takes the main thread for longer than one part. Read `Compiler` first.
import { Worker } from 'node:worker_threads';
import type { Answer, CompileAnswer, CompileJob, FromWorker, HashAnswer, HashJob, Job, ScanAnswer, ScanJob, ToWorker, WorkerSettings } from './compile-protocol.ts';
import { joinPart, unpackPlan } from './plan-parcel.ts';
import type { Part } from './plan-parcel.ts';

/** The longest job is a file of 32 MB, measured in seconds. */
const JOB_LIMIT_MS = 60_000;
/** A second thread of a start with many plans leaves when it has had nothing to do for this time. */
const IDLE_MS = 5_000;
const HEAP_LIMIT_MB = 2_048;
/** Jobs that lie with a thread: while the main thread takes one result in, the thread is at the next. */
const DEPTH = 3;
/** A thread that has been at one job for this long is at a big plan: others do not wait behind it. */
const LONG_JOB_MS = 200;

export interface CompilerOptions {
  /** Threads at most; the first stays, the others leave when idle. */
  readonly threads: number;
  /** After which a job counts as hanging, in ms; for tests. */
  readonly jobLimitMs?: number;
  /** Stands in for compile.worker.ts in tests. */
  readonly worker?: URL;
}

interface Waiting {
  readonly id: number;
  readonly job: Job;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}
interface Running extends Waiting {
  timer: NodeJS.Timeout | null;
  answer: CompileAnswer | null;
  partsLeft: number;
}
interface Thread {
  readonly worker: Worker;
  /** The first is being worked on; results come in this order. */
  readonly running: Running[];
  /** When it began with the first, `performance.now()` ms. */
  sinceMs: number;
  idle: NodeJS.Timeout | null;
}

export class Compiler {
  readonly #options: CompilerOptions;
  readonly #queue: Waiting[] = [];
  readonly #threads: Thread[] = [];
  #nextId = 1;
  #phrases: ReadonlySet<string> | null = null;
  #isBehind = false;
  #isClosed = false;

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** The first thread loads its modules from now on, beside whatever else a start has to do. It keeps no process alive. */
  warm(): void {
    if (this.#threads.length === 0) this.#grow()?.worker.unref();
  }

  /** Ids of the product's own phrases for the jobs that follow; null, or never called = not checked. */
  usePhrases(phrases: ReadonlySet<string> | null): void {
    this.#phrases = phrases;
    for (const { worker } of this.#threads) tell(worker, { phrases });
  }

  /** Rejects when the thread died or hung on this job, and after `close`. */
  run(job: CompileJob): Promise<CompileAnswer>;
  run(job: HashJob): Promise<HashAnswer>;
  run(job: ScanJob): Promise<ScanAnswer>;
  run(job: Job): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new Error('the compile threads are closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: this.#nextId, job, resolve, reject });
      this.#nextId += 1;
      this.#dispatch();
    });
  }

  /** From now on what serves calls gets the processors before the threads do: a change of a plan is not to be heard. */
  stepBack(): void {
    this.#isBehind = true;
    for (const { worker } of this.#threads) tell(worker, { stepBack: true });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(new Error('the compile threads are closed'));
    await Promise.all(this.#threads.splice(0).map((thread) => this.#end(thread, 'was closed')));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.find(({ running }) => running.length === 0) ?? (this.#isWorthAThread() ? this.#grow() : null) ?? this.#leastBusy() ?? this.#grow();
      if (thread === null) return;
      const next = this.#queue.shift();
      if (next !== undefined) this.#give(thread, next);
    }
  }

  /** A thread costs half a second of work before its first answer: a few short jobs are done sooner by one that is there. */
  #isWorthAThread(): boolean {
    const nowMs = performance.now();
    return this.#queue.length > DEPTH || this.#threads.every(({ sinceMs }) => nowMs - sinceMs > LONG_JOB_MS);
  }

  #leastBusy(): Thread | null {
    const [first] = [...this.#threads].sort((a, b) => a.running.length - b.running.length);
    return first !== undefined && first.running.length < DEPTH ? first : null;
  }

  #give(thread: Thread, { id, job, resolve, reject }: Waiting): void {
    if (thread.idle !== null) clearTimeout(thread.idle);
    thread.idle = null;
    thread.running.push({ id, job, resolve, reject, timer: null, answer: null, partsLeft: 0 });
    this.#watch(thread);
    // The process stays for a job, not for an idle thread.
    thread.worker.ref();
    tell(thread.worker, { id, job });
  }

  /** Time counts from when the thread is at a job. */
  #watch(thread: Thread): void {
    const [first] = thread.running;
    if (first === undefined || first.timer !== null) return;
    thread.sinceMs = performance.now();
    first.timer = setTimeout(() => this.#drop(thread, 'took too long'), this.#options.jobLimitMs ?? JOB_LIMIT_MS);
  }

  #grow(): Thread | null {
    if (this.#threads.length >= this.#options.threads) return null;
    const workerData: WorkerSettings = { phrases: this.#phrases, isBehind: this.#isBehind };
    const worker = new Worker(this.#options.worker ?? new URL('./compile.worker.ts', import.meta.url), { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB } });
    const thread: Thread = { worker, running: [], sinceMs: performance.now(), idle: null };
    worker.on('message', (message: FromWorker) => this.#take(thread, message));
    worker.on('error', (error) => this.#drop(thread, error instanceof Error ? error.message.slice(0, 200) : 'failed'));
    worker.on('exit', () => this.#drop(thread, 'ended'));
    this.#threads.push(thread);
    return thread;
  }

  #take(thread: Thread, message: FromWorker): void {
    const running = thread.running.find(({ id }) => id === message.id);
    if (running === undefined) return;
    if ('fault' in message) return this.#settle(thread, running, () => running.reject(new Error(message.fault)));
    if ('answer' in message) {
      const { answer } = message;
      if (answer.kind !== 'compiled') return this.#settle(thread, running, () => running.resolve(answer));
      running.answer = answer;
      running.partsLeft = message.more;
    }
    for (const part of 'parts' in message ? message.parts : [message.part]) this.#join(running, part);
    if (running.partsLeft > 0) {
      running.partsLeft -= 1;
      // One part a turn of the loop: calls are served between them.
      setImmediate(() => tell(thread.worker, { id: running.id, next: true }));
      return;
    }
    const { answer } = running;
    if (answer !== null) this.#settle(thread, running, () => running.resolve(answer.plan === null ? answer : { ...answer, plan: unpackPlan(answer.plan) }));
  }

  #join(running: Running, part: Part): void {
    const plan = running.answer?.plan;
    if (plan) joinPart(plan, part);
  }

  #settle(thread: Thread, running: Running, settle: () => void): void {
    if (running.timer !== null) clearTimeout(running.timer);
    thread.running.splice(thread.running.indexOf(running), 1);
    this.#watch(thread);
    settle();
    this.#dispatch();
    if (thread.running.length > 0) return;
    thread.worker.unref();
    if (this.#threads.indexOf(thread) > 0) {
      thread.idle = setTimeout(() => this.#drop(thread, 'was idle'), IDLE_MS);
      thread.idle.unref();
    }
  }

  /** Takes a thread out; what it was at fails, what waits for it or for any goes to another. */
  #drop(thread: Thread, why: string): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#threads.splice(at, 1);
    void this.#end(thread, why);
    if (!this.#isClosed) this.#dispatch();
  }

  async #end(thread: Thread, why: string): Promise<void> {
    if (thread.idle !== null) clearTimeout(thread.idle);
    const [first, ...others] = thread.running.splice(0);
    if (first?.timer) clearTimeout(first.timer);
    first?.reject(new Error(`the compile thread ${why}`));
    if (this.#isClosed) for (const other of others) other.reject(new Error('the compile threads are closed'));
    else this.#queue.unshift(...others);
    await thread.worker.terminate();
  }
}

function tell(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
