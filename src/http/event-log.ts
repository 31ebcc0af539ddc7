// The last events of all calls under our own sequence, so that a reader who lost its connection goes on where it was.
// Bounded by count and by bytes; what fell out is reported as a gap, never passed over. Read `EventLog.after` first.
import type { CallEvent } from './deps.ts';
import { eventWire } from './views.ts';
import type { CallEventWire } from './wire.ts';

/** At 100 calls/s with 8 events each this is 6 s of history, three missed beats. */
const MAX_EVENTS = 5000;
const MAX_BYTES = 8 * 1024 * 1024;
/** What an event takes besides the texts from outside in it. */
const EVENT_BYTES = 500;

export interface LoggedEvent {
  readonly id: string;
  readonly kind: CallEventWire['kind'];
  readonly callId: string;
  /** The event as JSON text, made for the first reader and kept for the others: mostly nobody reads. */
  readonly json: string;
}

class Logged implements LoggedEvent {
  readonly id: string;
  /** Its share of MAX_BYTES. */
  readonly bytes: number;
  readonly #event: CallEvent;
  #json: string | null = null;

  constructor(id: string, event: CallEvent) {
    this.id = id;
    this.#event = event;
    this.bytes = EVENT_BYTES + textLength(event);
  }

  get kind(): CallEvent['kind'] {
    return this.#event.kind;
  }
  get callId(): string {
    return this.#event.callId;
  }
  get json(): string {
    return (this.#json ??= JSON.stringify(eventWire(this.#event)));
  }
}

/** Length of the texts that can be long. */
function textLength(event: CallEvent): number {
  const customer = event.customer?.length ?? 0;
  switch (event.kind) {
    case 'call-started': return customer + event.dialled.length + event.caller.length;
    case 'call-step': return customer + event.line.text.length;
    case 'call-ended': return customer + (event.end.detail?.length ?? 0);
    case 'call-answered': return customer;
  }
}

export class EventLog {
  readonly #start: string;
  readonly #maxEvents: number;
  readonly #events: Logged[] = [];
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  #bytes = 0;
  #sequence = 0;

  /** `startMs` tells this process from the one before it: a reader that comes back after a restart is told of a gap. */
  constructor(startMs: number, maxEvents = MAX_EVENTS) {
    this.#start = Math.floor(startMs).toString(36);
    this.#maxEvents = maxEvents;
  }

  get lastId(): string {
    return this.#idOf(this.#sequence);
  }

  append(event: CallEvent): void {
    this.#sequence += 1;
    const logged = new Logged(this.#idOf(this.#sequence), event);
    this.#events.push(logged);
    this.#bytes += logged.bytes;
    if (this.#events.length > this.#maxEvents || this.#bytes > MAX_BYTES) this.#dropOldest();
    for (const listener of this.#listeners) listener(logged);
  }

  /** Events after `id` in order; `hasGap` when some are no longer here or the id is not of this process. */
  after(id: string): { events: readonly LoggedEvent[]; hasGap: boolean } {
    const match = /^([0-9a-z]{1,12})-([0-9]{1,15})$/.exec(id);
    const sequence = match?.[1] === this.#start ? Number(match[2]) : null;
    const oldest = this.#sequence - this.#events.length;
    if (sequence === null || sequence > this.#sequence || sequence < oldest) return { events: [], hasGap: true };
    return { events: this.#events.slice(sequence - oldest), hasGap: false };
  }

  /** What is still here of one call, in order. */
  ofCall(callId: string): readonly LoggedEvent[] {
    return this.#events.filter((event) => event.callId === callId);
  }

  subscribe(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #idOf(sequence: number): string {
    return `${this.#start}-${sequence}`;
  }

  /** An eighth at a time: shifting one by one would cost the length of the list at every event. */
  #dropOldest(): void {
    const dropped = this.#events.splice(0, Math.max(1, this.#events.length >> 3));
    for (const event of dropped) this.#bytes -= event.bytes;
  }
}
