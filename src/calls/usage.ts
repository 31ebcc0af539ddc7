// What calls that leave use: how many at once and a second, how long, how much. Live ones are counted here, ended ones in
// the state port by the customer's local day. Read `begin`.
import { isoDate, localTime } from '../routing/local-time.ts';
import type { Usage } from '../compliance/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { StatePort } from '../ports/state.ts';

/** One live outside call; ends once. */
export interface RunningCall {
  answered(atMs: number): void;
  /** Adds what it used to its holders' day. Never rejects: a store that fails is told to `onFault`. */
  end(): Promise<void>;
}

/** What ended calls used. */
export interface KeptUsage {
  readonly ms: number;
  readonly pence: number;
}

interface Live {
  readonly keys: readonly string[];
  readonly pencePerMinute: number;
  answeredAtMs: number | null;
}

const SECOND_MS = 1_000;

export class OutboundUsage {
  readonly #state: StatePort;
  readonly #clock: Clock;
  readonly #onFault: (text: string) => void;
  readonly #live = new Set<Live>();
  /** Monotonic times of the calls begun within the last second, by holder. */
  readonly #begun = new Map<string, number[]>();

  constructor(state: StatePort, clock: Clock, onFault: (text: string) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** What ended calls of `key` used on the local day of `zone`; a store that fails counts as nothing, and is told. */
  async kept(key: string, zone: string): Promise<KeptUsage> {
    return this.#state.usage(key, dayOf(this.#clock.nowMs(), zone)).catch((error: unknown) => {
      this.#onFault(`What ${key} used today could not be read: ${error instanceof Error ? error.message : String(error)}`);
      return { ms: 0, pence: 0 };
    });
  }

  /** `kept` and what is live at this moment. At once, so that nothing comes between looking and `begin`. */
  now(key: string, kept: KeptUsage): Usage {
    const nowMs = this.#clock.nowMs();
    let calls = 0;
    let liveMs = 0;
    let livePence = 0;
    for (const one of this.#live) {
      if (!one.keys.includes(key)) continue;
      calls += 1;
      if (one.answeredAtMs === null) continue;
      const ms = Math.max(0, nowMs - one.answeredAtMs);
      liveMs += ms;
      livePence += (ms / 60_000) * one.pencePerMinute;
    }
    return { calls, callsThisSecond: this.#recent(key).length, msToday: kept.ms + liveMs, penceToday: kept.pence + livePence };
  }

  /** Counts a call from now on. `keys`: its holders. A call that is gone on with after a restart is begun again. */
  begin(keys: readonly string[], pencePerMinute: number | null, zone: string, answeredAtMs: number | null = null): RunningCall {
    const live: Live = { keys, pencePerMinute: pencePerMinute ?? 0, answeredAtMs };
    this.#live.add(live);
    if (answeredAtMs === null) for (const key of keys) this.#recent(key).push(this.#clock.monotonicMs());
    return {
      answered: (atMs) => {
        live.answeredAtMs ??= atMs;
      },
      end: async () => {
        if (!this.#live.delete(live) || live.answeredAtMs === null) return;
        const nowMs = this.#clock.nowMs();
        const ms = Math.max(0, nowMs - live.answeredAtMs);
        const pence = (ms / 60_000) * live.pencePerMinute;
        await Promise.all(
          keys.map((key) =>
            this.#state.addUsage(key, dayOf(nowMs, zone), ms, pence).catch((error: unknown) => {
              this.#onFault(`What ${key} used could not be kept: ${error instanceof Error ? error.message : String(error)}`);
            }),
          ),
        );
      },
    };
  }

  #recent(key: string): number[] {
    const sinceMs = this.#clock.monotonicMs() - SECOND_MS;
    const recent = (this.#begun.get(key) ?? []).filter((atMs) => atMs > sinceMs);
    this.#begun.set(key, recent);
    return recent;
  }
}

function dayOf(nowMs: number, zone: string): string {
  return isoDate(localTime(nowMs, zone).day);
}
