// The link to Asterisk in the running application: while what Asterisk holds is being matched with the state, events wait
// (none is dropped); a lost link is an alarm; a process whose place another one took stops at once. Read `#onUp`.
import type { Arrivals } from '../calls/arrival.ts';
import type { EventHub } from '../calls/event-hub.ts';
import type { Reconciled, Reconciler } from '../calls/reconcile.ts';
import type { LinkEvent, Telephony, TelephonyEvent } from '../ports/telephony.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface LinkParts {
  readonly telephony: Telephony;
  readonly hub: EventHub;
  readonly arrivals: Arrivals;
  readonly reconciler: Reconciler;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly metrics: Metrics;
  /** After each matching: what Asterisk may have forgotten. */
  onMatched(): Promise<void>;
  /** Another process serves under our name now: stop without touching a call. */
  onReplaced(): void;
  sawStamp(atMs: number): void;
}

/** Tries to match while the link stands; Asterisk may be busy with its own start. */
const TRIES = 10;
const AGAIN_MS = 300;

export class Link {
  readonly #parts: LinkParts;
  #held: TelephonyEvent[] | null = [];
  #matching: Promise<void> = Promise.resolve();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    parts.telephony.onEvent((event) => {
      parts.sawStamp(event.atMs);
      if (this.#held === null) this.#take(event);
      else this.#held.push(event);
    });
    parts.telephony.onLink((event) => this.#onLink(event));
  }

  /** True when every call that Asterisk holds and that the state knows has its process; false again while the link is away. */
  get isMatched(): boolean {
    return this.#held === null;
  }

  /** Resolves when the matching that is under way has come to its end. */
  settled(): Promise<void> {
    return this.#matching;
  }

  /** Matches again, for instance when another process that shared the state is known dead. */
  match(): Promise<void> {
    this.#held ??= [];
    this.#matching = this.#matching.then(() => this.#match());
    return this.#matching;
  }

  #onLink(event: LinkEvent): void {
    const { metrics, alarms } = this.#parts;
    metrics.linkUp(event.type === 'up');
    if (event.type === 'down') {
      this.#held ??= [];
      if (event.isReplaced) return this.#parts.onReplaced();
      alarms.raise('asterisk-link', `The link to Asterisk is down: ${event.reason}. New calls go to the last known route.`, 'It is tried again by itself; see whether Asterisk runs.');
      return;
    }
    alarms.clear('asterisk-link');
    void this.match().then(() => this.#parts.onMatched()).catch((error: unknown) => this.#parts.log.error({ err: error }, 'Asterisk could not be told everything'));
  }

  async #match(): Promise<void> {
    const { log, telephony } = this.#parts;
    for (let tries = 0; tries < TRIES && telephony.isUp; tries += 1) {
      const done = await this.#try();
      if (done !== null) {
        if (done.adopted + done.endedUnseen + done.takenDown > 0) log.info(done, 'matched live calls with Asterisk');
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    // A link that went away meanwhile holds them back until it is matched again.
    if (!telephony.isUp) return;
    const waiting = this.#held ?? [];
    this.#held = null;
    for (const event of waiting) this.#take(event);
  }

  async #try(): Promise<Reconciled | null> {
    try {
      return await this.#parts.reconciler.run();
    } catch (error) {
      this.#parts.log.error({ err: error }, 'live calls could not be matched with Asterisk');
      return null;
    }
  }

  #take(event: TelephonyEvent): void {
    if (!this.#parts.hub.dispatch(event) && event.type === 'entered' && event.args[0] !== 'leg') void this.#parts.arrivals.take(event);
  }
}
