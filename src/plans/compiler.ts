// The compile threads as the main thread sees them: one promise a job, results joined from their parts, a thread that
// dies or hangs replaced. Nothing here takes the main thread for longer than one part. Read `Compiler` first.
import { Worker } from 'node:worker_threads';
import { deepFreeze } from '../routing/freeze.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Answer, CompileAnswer, CompileJob, FromWorker, HashAnswer, HashJob, Job, Part, ScanAnswer, ScanJob, ToWorker } from './compile-protocol.ts';

/** The longest job is a file of 32 MB, measured in seconds. */
const JOB_LIMIT_MS = 60_000;
/** A second thread of a start with many plans leaves when it has had nothing to do for this time. */
const IDLE_MS = 5_000;
const HEAP_LIMIT_MB = 2_048;

export interface CompilerOptions {
  /** Threads at most; the first stays, the others leave when idle. */
  readonly threads: number;
  /** After which a job counts as hanging, in ms; for tests. */
  readonly jobLimitMs?: number;
}

interface Waiting {
  readonly id: number;
  readonly job: Job;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}
interface Running extends Waiting {
  readonly timer: NodeJS.Timeout;
  answer: CompileAnswer | null;
  partsLeft: number;
}
interface Thread {
  readonly worker: Worker;
  running: Running | null;
  idle: NodeJS.Timeout | null;
}

export class Compiler {
  readonly #options: CompilerOptions;
  readonly #queue: Waiting[] = [];
  readonly #threads: Thread[] = [];
  #nextId = 1;
  #isClosed = false;

  constructor(options: CompilerOptions) {
    this.#options = options;
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

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(new Error('the compile threads are closed'));
    await Promise.all(this.#threads.splice(0).map((thread) => this.#end(thread, 'was closed')));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.find(({ running }) => running === null) ?? this.#grow();
      if (thread === null) return;
      const next = this.#queue.shift();
      if (next !== undefined) this.#give(thread, next);
    }
  }

  #give(thread: Thread, waiting: Waiting): void {
    if (thread.idle !== null) clearTimeout(thread.idle);
    thread.idle = null;
    const timer = setTimeout(() => this.#drop(thread, 'took too long'), this.#options.jobLimitMs ?? JOB_LIMIT_MS);
    thread.running = { ...waiting, timer, answer: null, partsLeft: 0 };
    // The process stays for a job, not for an idle thread.
    thread.worker.ref();
    const message: ToWorker = { id: waiting.id, job: waiting.job };
    thread.worker.postMessage(message);
  }

  #grow(): Thread | null {
    if (this.#threads.length >= this.#options.threads) return null;
    const worker = new Worker(new URL('./compile.worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB } });
    const thread: Thread = { worker, running: null, idle: null };
    worker.on('message', (message: FromWorker) => this.#take(thread, message));
    worker.on('error', (error) => this.#drop(thread, error instanceof Error ? error.message.slice(0, 200) : 'failed'));
    worker.on('exit', () => this.#drop(thread, 'ended'));
    this.#threads.push(thread);
    return thread;
  }

  #take(thread: Thread, message: FromWorker): void {
    const { running } = thread;
    if (running === null || running.id !== message.id) return;
    if ('fault' in message) return this.#settle(thread, () => running.reject(new Error(message.fault)));
    if ('part' in message) this.#join(running, message.part);
    else if (message.answer.kind === 'compiled') {
      running.answer = message.answer;
      running.partsLeft = message.answer.parts;
    } else {
      const { answer } = message;
      return this.#settle(thread, () => running.resolve(answer));
    }
    if (running.partsLeft > 0) {
      running.partsLeft -= 1;
      const next: ToWorker = { id: running.id, next: true };
      // One part a turn of the loop: calls are served between them.
      setImmediate(() => thread.worker.postMessage(next));
      return;
    }
    const { answer } = running;
    if (answer !== null) this.#settle(thread, () => running.resolve(answer.plan === null ? answer : { ...answer, plan: seal(answer) }));
  }

  #join(running: Running, part: Part): void {
    const plan = running.answer?.plan;
    if (!plan) return;
    const map = plan[part.map] as Map<string, unknown>;
    for (const [key, value] of part.entries) map.set(key, deepFreeze(value));
  }

  #settle(thread: Thread, settle: () => void): void {
    if (thread.running !== null) clearTimeout(thread.running.timer);
    thread.running = null;
    thread.worker.unref();
    settle();
    this.#dispatch();
    if (thread.running === null && this.#threads.indexOf(thread) > 0) {
      thread.idle = setTimeout(() => this.#drop(thread, 'was idle'), IDLE_MS);
      thread.idle.unref();
    }
  }

  /** Takes a thread out; what it was doing fails, what waits goes to another. */
  #drop(thread: Thread, why: string): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#threads.splice(at, 1);
    void this.#end(thread, why);
    if (!this.#isClosed) this.#dispatch();
  }

  async #end(thread: Thread, why: string): Promise<void> {
    const { running } = thread;
    thread.running = null;
    if (thread.idle !== null) clearTimeout(thread.idle);
    if (running !== null) {
      clearTimeout(running.timer);
      running.reject(new Error(`the compile thread ${why}`));
    }
    await thread.worker.terminate();
  }
}

/** Frozen as `compile` had it: a structured clone is not. Values of parts were frozen as they came. */
function seal(answer: CompileAnswer): RoutingPlan {
  const plan = answer.plan as RoutingPlan;
  return deepFreeze(plan);
}
