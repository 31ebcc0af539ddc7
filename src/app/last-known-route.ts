// Keeps the static dialplan up to date that carries calls while the application is away: written on every plan change,
// one writing at a time, the newest plans win.
import { renderFallback } from '../embedded/fallback.ts';
import { fallbackEntries, type NameOf } from '../plans/fallback-route.ts';
import type { MediaSource, PlanSource } from '../ports/plan-source.ts';
import type { Alarms } from '../telemetry/alarms.ts';

/** The main thread belongs to calls: after this much rendering they get their turn. */
const BREATHE_AFTER_MS = 5;

export class LastKnownRoute {
  readonly #plans: PlanSource;
  readonly #media: MediaSource;
  readonly #alarms: Alarms;
  readonly #nameOf: NameOf;
  readonly #write: (text: string) => Promise<void>;
  /** Text of each customer's numbers: a change that leaves it as it was costs Asterisk nothing. */
  readonly #texts = new Map<string, string>();
  readonly #due = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  /** `write` brings the text into force in Asterisk. */
  constructor(plans: PlanSource, media: MediaSource, alarms: Alarms, nameOf: NameOf, write: (text: string) => Promise<void>) {
    this.#plans = plans;
    this.#media = media;
    this.#alarms = alarms;
    this.#nameOf = nameOf;
    this.#write = write;
  }

  /** Soon; changes of several customers at once are one writing. */
  renew(customers: readonly string[]): void {
    for (const customer of customers) this.#due.add(customer);
    if (this.#isRunning || this.#due.size === 0) return;
    this.#isRunning = true;
    this.#running = this.#renew().finally(() => {
      this.#isRunning = false;
      this.renew([]);
    });
  }

  /** Resolves when nothing is being written. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #renew(): Promise<void> {
    try {
      let hasChanged = false;
      let sinceMs = performance.now();
      for (const customer of this.#due) {
        this.#due.delete(customer);
        hasChanged = this.#render(customer) || hasChanged;
        if (performance.now() - sinceMs < BREATHE_AFTER_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        sinceMs = performance.now();
      }
      if (hasChanged) await this.#write([renderFallback([]), ...this.#texts.values()].join('\n'));
      this.#alarms.clear('fallback-route');
    } catch (error) {
      this.#alarms.raise('fallback-route', `The last known routes could not be written: ${error instanceof Error ? error.message : String(error)}`, 'Look at the disk of the data folder.');
    }
  }

  /** True when the customer's routes are others than before. */
  #render(customer: string): boolean {
    const plan = this.#plans.byCustomer(customer);
    const entries = plan === null ? [] : fallbackEntries(plan, (item) => soundPath(item.kind === 'prompt' ? this.#media.prompt(plan, item.name) : item.kind === 'phrase' ? this.#media.phrase(item.id) : null), this.#nameOf);
    const text = entries.length === 0 ? undefined : renderFallback(entries);
    if (this.#texts.get(customer) === text) return false;
    if (text === undefined) this.#texts.delete(customer);
    else this.#texts.set(customer, text);
    return true;
  }
}

/** Path that Asterisk plays by itself, without the application. */
function soundPath(found: { readonly media: string } | null): string | null {
  return found?.media.startsWith('sound:/') === true ? found.media.slice('sound:'.length) : null;
}
