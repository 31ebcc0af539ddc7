// What a call or a verb must undo: releases run in reverse order, un-aborted and time-boxed, each on its own.
import type { Clock } from '../ports/clock.ts';

/** A release that takes longer is an alarm; the others still run. */
export const RELEASE_LIMIT_MS = 10_000;

export class Scope {
  #releases: (() => Promise<void>)[] = [];
  readonly #clock: Clock;
  readonly #onTrouble: (what: string) => void;

  constructor(clock: Clock, onTrouble: (what: string) => void) {
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /** `release` runs at the end; the function returned takes it back (the thing has been undone already). */
  defer(release: () => Promise<void>): () => void {
    this.#releases.push(release);
    return () => {
      const at = this.#releases.indexOf(release);
      if (at >= 0) this.#releases.splice(at, 1);
    };
  }

  /** Never rejects. A release may defer further ones; they run too. */
  async release(): Promise<void> {
    for (let next = this.#releases.pop(); next !== undefined; next = this.#releases.pop()) await this.#run(next);
  }

  async #quietly(release: () => Promise<void>): Promise<void> {
    try {
      await release();
    } catch (error) {
      this.#onTrouble(`a release failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #run(release: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(RELEASE_LIMIT_MS, () => {
        this.#onTrouble(`a release took longer than ${RELEASE_LIMIT_MS} ms`);
        resolve();
      });
      void this.#quietly(release).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
