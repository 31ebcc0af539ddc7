// The live state of every trunk: whether it can be reached, its breaker, what it carries now. The flows ask it for a route
// and tell it how attempts went; people see the same state. It places no call. Read `TrunkHealth.route` first.
import type { DestinationClass } from '../numbering/destination.ts';
import type { Clock } from '../ports/clock.ts';
import type { TrunkStates } from '../ports/telephony.ts';
import { CLOSED, mayUse, onPlaced, onSign, type Breaker } from '../trunks/breaker.ts';
import type { AfterFailure } from '../trunks/failover.ts';
import { order, type SkippedWhy, type TrunkState, type Wanted } from '../trunks/select.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';
import type { Alarms } from '../telemetry/alarms.ts';

export interface TrunkHealthOptions {
  /** Those of the trunk file, as it is now. */
  readonly trunks: () => readonly OutboundTrunk[];
  readonly states: TrunkStates;
  readonly clock: Clock;
  readonly random: () => number;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  /** Called after each look and each change of a breaker. */
  readonly onChange?: (rows: readonly TrunkRow[]) => void;
}

/** A trunk as people see it. */
export interface TrunkRow {
  readonly id: string;
  readonly name: string;
  readonly carrier: string;
  /** `ok`, `down` (no answer to OPTIONS), `open` (left alone after failures), `trying` (one call tries it), `not-watched`. */
  readonly state: 'ok' | 'down' | 'open' | 'trying' | 'not-watched';
  /** Why it is not used; null while it is. */
  readonly reason: string | null;
  readonly sinceMs: number | null;
  readonly calls: number;
  readonly maxCalls: number | null;
  readonly callsThisSecond: number;
  readonly isEmergency: boolean;
}

const LOOK_EVERY_MS = 1_000;
const SECOND_MS = 1_000;

interface Live {
  breaker: Breaker;
  isReachable: boolean | null;
  downSinceMs: number | null;
  channels: number;
  /** Monotonic times of the calls of the last second. */
  placedMs: number[];
}

export class TrunkHealth {
  readonly #options: TrunkHealthOptions;
  readonly #live = new Map<string, Live>();
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(options: TrunkHealthOptions) {
    this.#options = options;
  }

  /** Looks every second from now on. */
  watch(): void {
    this.#cancel = this.#options.clock.after(0, () => void this.look().finally(() => this.#again()));
  }
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** One look at every trunk. While Asterisk cannot be asked, what was known stays. */
  async look(): Promise<void> {
    const { trunks, states, clock } = this.#options;
    const all = trunks();
    const found = await states.trunkStates(all.map(({ endpoint }) => endpoint)).catch(() => null);
    for (const id of this.#live.keys()) if (!all.some((trunk) => trunk.id === id)) this.#forget(id);
    for (const { id, endpoint } of all) {
      const live = this.#of(id);
      if (found === null) continue;
      // An endpoint that Asterisk does not know can carry nothing: the trunk file has not been taken over yet, or never will.
      live.isReachable = found.has(endpoint) ? (found.get(endpoint) ?? null) : false;
      live.downSinceMs = live.isReachable === false ? (live.downSinceMs ?? clock.nowMs()) : null;
    }
    this.#tell();
  }

  /** Trunks that may carry a call now, best first, and those that were left out. */
  route(wanted: Wanted): ReturnType<typeof order> {
    const found = order(this.#states(), wanted, this.#options.clock.monotonicMs(), this.#options.random);
    if (wanted.trunks.length > 0 && found.trunks.length === 0) this.#none(wanted, found.skipped);
    return found;
  }
  /** As `route` for a customer's plan: in the plan's own order. */
  routeFor(trunks: readonly string[], cls: DestinationClass): readonly OutboundTrunk[] {
    return this.route({ class: cls, trunks, order: 'listed' }).trunks;
  }
  /** Every trunk, the ones marked for emergency first, whatever their state. */
  emergencyRoute(): readonly OutboundTrunk[] {
    return this.route({ class: 'emergency', trunks: [], order: 'listed' }).trunks;
  }

  /** Counts a leg of the trunk; the function returned gives it back, once. */
  takeChannel(trunk: string): () => void {
    const nowMs = this.#options.clock.monotonicMs();
    const live = this.#of(trunk);
    live.channels += 1;
    live.placedMs = [...live.placedMs.filter((atMs) => nowMs - atMs < SECOND_MS), nowMs];
    live.breaker = onPlaced(live.breaker, nowMs);
    let isTaken = true;
    return () => {
      if (isTaken) live.channels -= 1;
      isTaken = false;
    };
  }

  /** What an attempt showed of its trunk. */
  report(trunk: string, after: Pick<AfterFailure, 'sign' | 'why' | 'retryAfterMs'>): void {
    const live = this.#of(trunk);
    const before = live.breaker;
    live.breaker = onSign(before, after.sign, this.#options.clock.monotonicMs(), after.why, after.retryAfterMs);
    if (after.sign === 'works') this.#options.alarms.clear(NO_TRUNK);
    if (before.state !== live.breaker.state) this.#tell();
  }

  rows(): readonly TrunkRow[] {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    return this.#states().map(({ trunk, channels, callsThisSecond }) => {
      const { breaker, isReachable, downSinceMs } = this.#of(trunk.id);
      const shown = { id: trunk.id, name: trunk.name, carrier: trunk.carrier, calls: channels, maxCalls: trunk.maxChannels, callsThisSecond, isEmergency: trunk.emergency };
      if (isReachable === false) return { ...shown, state: 'down' as const, reason: 'no answer when asked whether it lives', sinceMs: downSinceMs };
      if (breaker.state === 'closed') return { ...shown, state: isReachable === null ? ('not-watched' as const) : ('ok' as const), reason: null, sinceMs: null };
      return { ...shown, state: breaker.state === 'open' && !mayUse(breaker, nowMs) ? ('open' as const) : ('trying' as const), reason: breaker.why, sinceMs: clock.nowMs() - (nowMs - breaker.sinceMs) };
    });
  }

  #states(): TrunkState[] {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#options.trunks().map((trunk) => {
      const { isReachable, breaker, channels, placedMs } = this.#of(trunk.id);
      return { trunk, isReachable, breaker, channels, callsThisSecond: placedMs.filter((atMs) => nowMs - atMs < SECOND_MS).length };
    });
  }

  #of(id: string): Live {
    const known = this.#live.get(id);
    if (known !== undefined) return known;
    const fresh: Live = { breaker: CLOSED, isReachable: null, downSinceMs: null, channels: 0, placedMs: [] };
    this.#live.set(id, fresh);
    return fresh;
  }

  /** A trunk that left the file; what it still carries is remembered until it has ended. */
  #forget(id: string): void {
    this.#options.alarms.clear(`trunk-${id}`);
    if (this.#of(id).channels === 0) this.#live.delete(id);
  }

  #tell(): void {
    const { alarms, onChange } = this.#options;
    const rows = this.rows();
    for (const row of rows) {
      if (row.state === 'down') alarms.raise(`trunk-${row.id}`, `The trunk ${row.name} does not answer: calls go over the others.`, 'See whether its address is right and the carrier works; it is used again as soon as it answers.');
      else if (row.state === 'open') alarms.raise(`trunk-${row.id}`, `The trunk ${row.name} is left alone: ${row.reason ?? 'it failed'}.`, 'It is tried again by itself with one call; see the carrier and the log-in.');
      else if (row.state !== 'trying') alarms.clear(`trunk-${row.id}`);
    }
    if (rows.length > 0 && rows.every(({ state }) => state === 'down' || state === 'open')) alarms.raise(NO_TRUNK, 'No trunk is left that calls could leave over.', 'Callers hear it, and the fallbacks of the plans apply. See the alarms of the single trunks.');
    else if (rows.some(({ state }) => state === 'ok')) alarms.clear(NO_TRUNK);
    onChange?.(rows);
  }

  #none(wanted: Wanted, skipped: readonly { readonly trunk: string; readonly why: SkippedWhy }[]): void {
    const list = skipped.map(({ trunk, why }) => `${trunk}: ${WHY[why]}`).join('; ');
    this.#options.alarms.raise(NO_TRUNK, `No trunk took a call of the class ${wanted.class}: ${list === '' ? `none of ${wanted.trunks.join(', ')} is in the trunk file` : list}.`, 'See the trunk file and the carrier; the alarm ends with the next call that gets through.');
  }

  #again(): void {
    if (!this.#isClosed) this.#cancel = this.#options.clock.after(LOOK_EVERY_MS, () => void this.look().finally(() => this.#again()));
  }
}

const NO_TRUNK = 'no-trunk';
const WHY: Readonly<Record<SkippedWhy, string>> = {
  'not-carried': 'does not carry it', 'known-down': 'does not answer', 'breaker-open': 'is left alone after failures', full: 'has no free channel', 'too-fast': 'takes no more calls this second',
};
