// When to look through the plan folder: soon after the system says that something changed there, and every few seconds
// because it does not always say so (network file systems, folders swapped by a symbolic link, recordings).
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Clock } from '../ports/clock.ts';

export interface FolderTiming {
  /** Quiet time after a change: an editor makes several. */
  readonly debounceMs: number;
  readonly rescanMs: number;
}

export class PlanFolder {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #timing: FolderTiming;
  readonly #look: () => Promise<void>;
  #watcher: FSWatcher | null = null;
  #cancel: () => void = () => undefined;
  #dueMs = Infinity;
  #isLooking = false;
  #isStopped = false;

  /** `look` must not reject. Two looks never run at once. */
  constructor(folder: string, clock: Clock, timing: FolderTiming, look: () => Promise<void>) {
    this.#folder = folder;
    this.#clock = clock;
    this.#timing = timing;
    this.#look = look;
  }

  start(): void {
    this.#open();
    this.lookIn(this.#timing.rescanMs);
  }

  /** Looks in `delayMs` at the latest. */
  lookIn(delayMs: number): void {
    const due = this.#clock.monotonicMs() + delayMs;
    if (this.#isStopped || due >= this.#dueMs) return;
    this.#dueMs = due;
    if (this.#isLooking) return;
    this.#cancel();
    this.#cancel = this.#clock.after(delayMs, () => void this.#turn());
  }

  /** The folder is gone: what comes in its place has to be watched anew. */
  folderLost(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#watcher?.close();
    this.#watcher = null;
  }

  async #turn(): Promise<void> {
    this.#dueMs = Infinity;
    this.#isLooking = true;
    if (this.#watcher === null) this.#open();
    await this.#look();
    this.#isLooking = false;
    const asked = this.#dueMs;
    this.#dueMs = Infinity;
    this.lookIn(Math.max(0, Math.min(this.#timing.rescanMs, asked - this.#clock.monotonicMs())));
  }

  #open(): void {
    if (this.#isStopped) return;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.lookIn(this.#timing.debounceMs));
      this.#watcher = watcher;
      watcher.on('error', () => this.#lose(watcher));
      watcher.on('close', () => this.#lose(watcher));
    } catch {
      // The folder is not there (now): the next look tries again.
      this.#watcher = null;
    }
  }

  #lose(watcher: FSWatcher): void {
    if (this.#watcher === watcher) this.#watcher = null;
    watcher.close();
  }
}
