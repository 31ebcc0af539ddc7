// The calls that live in this process: who owns which channel, how many there are, and how they are brought to an end.
import type { LiveCall } from '../ports/observer.ts';
import type { Clock } from '../ports/clock.ts';
import { wait } from './wait.ts';
import type { Call } from './call.ts';

export class LiveCalls {
  readonly #calls = new Map<string, Call>();
  readonly #perCustomer = new Map<string, number>();
  readonly #perCaller = new Map<string, number>();
  readonly #counted = new Set<string>();
  readonly #onChange = new Set<() => void>();

  /** Channels whose calls have ended while no link was there to say so: hung up when it is back, never served again. */
  readonly toHangUp = new Set<string>();

  #unfinished: (() => Promise<void>)[] = [];

  /** Clean-up that found no link: done again when it is back. */
  whenBack(act: () => Promise<void>): void {
    this.#unfinished.push(act);
  }
  takeUnfinished(): readonly (() => Promise<void>)[] {
    return this.#unfinished.splice(0);
  }

  add(call: Call): void {
    this.#calls.set(call.id, call);
  }

  /** Counts the call against its customer's limits once they are known; a call that is served again is not counted again. */
  count(call: Call, customer: string, callerKey: string): void {
    if (this.#counted.has(call.id)) return;
    this.#counted.add(call.id);
    bump(this.#perCustomer, customer, 1);
    bump(this.#perCaller, callerKey, 1);
    call.scope.defer(async () => {
      this.#counted.delete(call.id);
      bump(this.#perCustomer, customer, -1);
      bump(this.#perCaller, callerKey, -1);
    });
  }

  remove(call: Call): void {
    this.#calls.delete(call.id);
    this.#onChange.forEach((listener) => listener());
  }

  get(id: string): Call | undefined {
    return this.#calls.get(id);
  }
  get size(): number {
    return this.#calls.size;
  }
  callsOf(customer: string): number {
    return this.#perCustomer.get(customer) ?? 0;
  }
  callsFrom(callerKey: string): number {
    return this.#perCaller.get(callerKey) ?? 0;
  }
  views(): readonly LiveCall[] {
    return [...this.#calls.values()].map((call) => call.view());
  }
  all(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Resolves when no call is left, after `limitMs`, or when `hurry` aborts; true = all ended by themselves. */
  async drained(clock: Clock, limitMs: number, hurry?: AbortSignal): Promise<boolean> {
    if (this.#calls.size === 0) return true;
    const seen = await wait<boolean>(clock, new AbortController().signal, limitMs, (settle) => {
      const look = (): void => {
        if (this.#calls.size === 0) settle(true);
      };
      const give = (): void => settle(false);
      this.#onChange.add(look);
      hurry?.addEventListener('abort', give);
      return () => {
        this.#onChange.delete(look);
        hurry?.removeEventListener('abort', give);
      };
    });
    return seen === true;
  }
}

function bump(map: Map<string, number>, key: string, by: number): void {
  const now = (map.get(key) ?? 0) + by;
  if (now <= 0) map.delete(key);
  else map.set(key, now);
}
