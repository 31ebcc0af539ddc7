// Our handle on one channel that we own: its state, the signal that aborts when it goes, and its entry in the record.
// A leg is registered before its request leaves, so that no event about it can be missed.
import type { LegRecord } from '../ports/records.ts';
import type { ChannelId, TelephonyEvent } from '../ports/telephony.ts';
import type { EventHub } from './event-hub.ts';

/** One for all: what a leg went with is in `gone`, and a stack trace for each hang-up costs more than the rest of it. */
const LEG_GONE = new Error('leg gone');

export type LegState = 'placed' | 'entered' | 'ringing' | 'up' | 'gone';

/** How a leg went: Q.850 cause, SIP status where one came, and whether our own timeout did it. */
export interface LegGone {
  readonly cause: number;
  readonly techCause: number | null;
  readonly soft: boolean;
}

/** What a REFER asked for. */
export interface TransferRequest {
  readonly target: string;
  readonly attended: boolean;
}
/** A phone asks once; whoever floods is not listened to. */
const MAX_TRANSFERS = 8;

export class Leg {
  readonly channel: ChannelId;
  readonly extension: string;
  readonly #abort = new AbortController();
  readonly #transfers: TransferRequest[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #state: LegState;
  #gone: LegGone | null = null;
  #isDestroyed = false;
  #hadProgress = false;
  #record: LegRecord;

  constructor(hub: EventHub, record: LegRecord, state: LegState) {
    this.channel = record.channel;
    this.extension = record.to;
    this.#record = record;
    this.#state = state;
    this.#unsubscribe = hub.on(this.channel, (event) => this.#handle(event));
  }

  get state(): LegState {
    return this.#state;
  }
  /** Aborts at the first sign that the leg is going. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  get gone(): LegGone | null {
    return this.#gone;
  }
  /** Asterisk has confirmed the end: cause and SIP status are final, nothing is left there. */
  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  /** The far end sends audio before it answered. Never taken as an answer. */
  get hadProgress(): boolean {
    return this.#hadProgress;
  }
  get record(): LegRecord {
    return this.#record;
  }

  /** The oldest request of this side to be sent elsewhere that nobody has dealt with; it may come before anybody waits for it. */
  takeTransfer(): TransferRequest | undefined {
    return this.#transfers.shift();
  }
  /** Requests from before a conversation mean nothing in it. */
  forgetTransfers(): void {
    this.#transfers.length = 0;
  }

  /** Called after each change of state; the function returned stops. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sets the result once; the first one stays. */
  settle(result: string, atMs: number): void {
    if (this.#record.result === null) this.#record = { ...this.#record, result, endedAtMs: this.#record.endedAtMs ?? atMs };
  }

  /** The request said that there is no such channel: as good as an event. */
  markGone(cause: number, atMs: number): void {
    this.#isDestroyed = true;
    this.#leave({ cause, techCause: null, soft: false }, atMs);
    this.#tell();
  }

  /** Stops listening. */
  release(): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #handle(event: TelephonyEvent): void {
    switch (event.type) {
      case 'entered':
        if (this.#state === 'placed') this.#state = event.state === 'up' ? 'up' : 'entered';
        break;
      case 'dialling':
        if (event.status === 'ringing') this.#ring(event.atMs);
        if (event.status === 'progress') this.#hadProgress = true;
        break;
      case 'state':
        if (event.state === 'ringing') this.#ring(event.atMs);
        if (event.state === 'up') this.#answer(event.atMs);
        break;
      case 'hangup-requested':
        this.#leave({ cause: event.cause, techCause: event.techCause, soft: event.soft }, event.atMs);
        break;
      case 'left':
        // Asterisk 22.10 tells no ChannelDestroyed for a channel that it did not create for us: having left is the end.
        if (this.extension === '') this.#isDestroyed = true;
        this.#leave({ cause: 0, techCause: null, soft: false }, event.atMs);
        break;
      case 'destroyed':
        this.#isDestroyed = true;
        this.#leave({ cause: event.cause, techCause: event.techCause, soft: false }, event.atMs);
        if (this.#gone !== null) this.#gone = { ...this.#gone, cause: event.cause, techCause: event.techCause ?? this.#gone.techCause };
        this.#record = { ...this.#record, cause: event.cause, techCause: event.techCause ?? this.#record.techCause };
        break;
      case 'transfer-requested':
        if (this.#transfers.length < MAX_TRANSFERS) this.#transfers.push({ target: event.target, attended: event.attended });
        break;
      case 'digit':
      case 'held':
      case 'playback-started':
      case 'playback-ended':
      case 'recording-ended':
        return;
    }
    this.#tell();
  }

  #ring(atMs: number): void {
    if (this.#state === 'entered' || this.#state === 'placed') this.#state = 'ringing';
    if (this.#record.ringingAtMs === null) this.#record = { ...this.#record, ringingAtMs: atMs };
  }

  #answer(atMs: number): void {
    if (this.#state === 'gone') return;
    this.#state = 'up';
    if (this.#record.answeredAtMs === null) this.#record = { ...this.#record, answeredAtMs: atMs };
  }

  #leave(gone: LegGone, atMs: number): void {
    if (this.#gone !== null) return;
    this.#gone = gone;
    this.#state = 'gone';
    this.#record = { ...this.#record, endedAtMs: this.#record.endedAtMs ?? atMs, cause: gone.cause, techCause: gone.techCause };
    this.#abort.abort(LEG_GONE);
  }

  #tell(): void {
    this.#listeners.forEach((listener) => listener());
  }
}
