// The state port in memory, for tests and for one process that may forget: nothing outlives it.
import { StoreError } from '../store-error.ts';
import type { CallSnapshot, SharedStatePort, SwitchPosition } from '../../ports/state.ts';

/** What several MemoryStates may share, as processes share a store. */
export interface MemoryShelf {
  readonly calls: Map<string, CallSnapshot>;
  readonly switches: Map<string, SwitchPosition>;
  readonly turns: Map<string, number>;
  readonly talked: Map<string, number>;
  readonly heartbeats: Map<string, number>;
  readonly usage: Map<string, { ms: number; pence: number }>;
  readonly claims: Map<string, { value: string; untilMs: number }>;
}

export function newMemoryShelf(): MemoryShelf {
  return { calls: new Map(), switches: new Map(), turns: new Map(), talked: new Map(), heartbeats: new Map(), usage: new Map(), claims: new Map() };
}

export class MemoryState implements SharedStatePort {
  readonly #shelf: MemoryShelf;
  readonly #nowMs: () => number;
  #isClosed = false;

  constructor(shelf: MemoryShelf = newMemoryShelf(), nowMs: () => number = Date.now) {
    this.#shelf = shelf;
    this.#nowMs = nowMs;
  }

  async putCall(call: CallSnapshot): Promise<void> {
    // A copy, as every real store makes one: what a flow changes later must not change what was written.
    this.#open().calls.set(call.id, structuredClone(call));
  }
  async removeCall(id: string): Promise<void> {
    this.#open().calls.delete(id);
  }
  async listCalls(): Promise<readonly CallSnapshot[]> {
    return structuredClone([...this.#open().calls.values()]);
  }
  async putSwitch(position: SwitchPosition): Promise<void> {
    this.#open().switches.set(keyOf(position.customer, position.name), structuredClone(position));
  }
  async listSwitches(): Promise<readonly SwitchPosition[]> {
    return structuredClone([...this.#open().switches.values()]);
  }
  async nextTurn(key: string): Promise<number> {
    const { turns } = this.#open();
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return turn;
  }
  async putLastTalked(customer: string, extension: string, atMs: number): Promise<void> {
    this.#open().talked.set(keyOf(customer, extension), atMs);
  }
  async lastTalked(customer: string, extensions: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { talked } = this.#open();
    const found = new Map<string, number>();
    for (const extension of extensions) {
      const atMs = talked.get(keyOf(customer, extension));
      if (atMs !== undefined) found.set(extension, atMs);
    }
    return found;
  }
  async addUsage(key: string, day: string, ms: number, pence: number): Promise<void> {
    const { usage } = this.#open();
    const before = usage.get(keyOf(key, day)) ?? { ms: 0, pence: 0 };
    usage.set(keyOf(key, day), { ms: before.ms + ms, pence: before.pence + pence });
  }
  async usage(key: string, day: string): Promise<{ readonly ms: number; readonly pence: number }> {
    return { ...(this.#open().usage.get(keyOf(key, day)) ?? { ms: 0, pence: 0 }) };
  }
  async claimKey(key: string, value: string, ttlMs: number): Promise<string> {
    const { claims } = this.#open();
    const nowMs = this.#nowMs();
    const held = claims.get(key);
    if (held !== undefined && held.untilMs > nowMs) return held.value;
    for (const [old, { untilMs }] of claims) if (untilMs <= nowMs) claims.delete(old);
    claims.set(key, { value, untilMs: nowMs + ttlMs });
    return value;
  }
  async claimedValue(key: string): Promise<string | null> {
    const held = this.#open().claims.get(key);
    return held !== undefined && held.untilMs > this.#nowMs() ? held.value : null;
  }
  async heartbeat(owner: string, ttlMs: number): Promise<void> {
    this.#open().heartbeats.set(owner, this.#nowMs() + ttlMs);
  }
  async deadOwners(): Promise<readonly string[]> {
    const { calls, heartbeats } = this.#open();
    const owners = new Set([...calls.values()].map((call) => call.owner));
    return [...owners].filter((owner) => (heartbeats.get(owner) ?? 0) <= this.#nowMs());
  }
  async adoptCall(id: string, fromOwner: string, toOwner: string): Promise<boolean> {
    const { calls } = this.#open();
    const call = calls.get(id);
    if (call?.owner !== fromOwner) return false;
    calls.set(id, { ...call, owner: toOwner });
    return true;
  }
  async ping(): Promise<boolean> {
    return !this.#isClosed;
  }
  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #open(): MemoryShelf {
    if (this.#isClosed) throw new StoreError('closed', 'The state store has been closed.');
    return this.#shelf;
  }
}

/** One key of two parts that no two pairs share. */
function keyOf(first: string, second: string): string {
  return JSON.stringify([first, second]);
}
