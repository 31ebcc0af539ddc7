// Virtual time: nothing waits, and everything that would happen happens in order. `run` is the engine of all flow tests.
import type { Clock } from '../../src/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly serial: number;
  readonly act: () => void;
  /** Set by the product, not by the world around it: must be gone when no call is live. */
  readonly isOurs: boolean;
}

export class FakeClock implements Clock {
  #now: number;
  readonly #startMs: number;
  #serial = 0;
  #timers: Timer[] = [];
  readonly #dying = new Set<() => void>();

  constructor(startMs: number) {
    this.#now = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#now;
  }
  monotonicMs(): number {
    return this.#now - this.#startMs;
  }
  after(delayMs: number, act: () => void): () => void {
    return this.#add(delayMs, act, true);
  }
  /** Timers of the world: what phones, callers and the switch do by themselves. */
  worldAfter(delayMs: number, act: () => void): () => void {
    return this.#add(delayMs, act, false);
  }

  /** The clock of one process: its timers die with it. */
  process(isAlive: () => boolean): Clock {
    return {
      nowMs: () => this.nowMs(),
      monotonicMs: () => this.monotonicMs(),
      after: (delayMs, act) => {
        if (!isAlive()) return () => {};
        const cancel = this.after(delayMs, () => {
          this.#dying.delete(cancel);
          if (isAlive()) act();
        });
        this.#dying.add(cancel);
        return () => {
          this.#dying.delete(cancel);
          cancel();
        };
      },
    };
  }
  /** A process was killed: nothing that it waited for happens any more. */
  killProcess(): void {
    for (const cancel of this.#dying) cancel();
    this.#dying.clear();
  }

  /** Timers of the product that still run. */
  get pending(): number {
    return this.#timers.filter((timer) => timer.isOurs).length;
  }

  #add(delayMs: number, act: () => void, isOurs: boolean): () => void {
    this.#serial += 1;
    const timer: Timer = { atMs: this.#now + Math.max(0, delayMs), serial: this.#serial, act, isOurs };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Runs until `isDone`, or until nothing is left to happen; throws after `limitMs` of virtual time. */
  async run(isDone: () => boolean, limitMs = 3_600_000): Promise<void> {
    const untilMs = this.#now + limitMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone()) return;
      const next = this.#timers.reduce<Timer | null>((best, one) => (best === null || one.atMs < best.atMs || (one.atMs === best.atMs && one.serial < best.serial) ? one : best), null);
      if (next === null) throw new Error('nothing is left to happen, and the flow has not ended');
      if (next.atMs > untilMs) throw new Error(`the flow has not ended after ${limitMs} ms`);
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = Math.max(this.#now, next.atMs);
      next.act();
    }
  }

  /** Lets `ms` of virtual time pass with all that happens in it. */
  async pass(ms: number): Promise<void> {
    let isOver = false;
    this.worldAfter(ms, () => {
      isOver = true;
    });
    await this.run(() => isOver);
  }
}
