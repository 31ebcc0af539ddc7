// Keeps the static dialplan up to date that carries calls while the application is away: written on every plan change,
// one writing at a time, the newest plans win.
import { renderFallback } from '../embedded/fallback.ts';
import { fallbackEntries } from '../plans/fallback-route.ts';
import type { MediaSource, PlanSource } from '../ports/plan-source.ts';
import type { Alarms } from '../telemetry/alarms.ts';

export class LastKnownRoute {
  readonly #plans: PlanSource;
  readonly #media: MediaSource;
  readonly #alarms: Alarms;
  readonly #write: (text: string) => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #isDue = false;

  /** `write` brings the text into force in Asterisk. */
  constructor(plans: PlanSource, media: MediaSource, alarms: Alarms, write: (text: string) => Promise<void>) {
    this.#plans = plans;
    this.#media = media;
    this.#alarms = alarms;
    this.#write = write;
  }

  /** Soon; several changes at once are one writing. */
  renew(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#running = this.#running.then(() => this.#renew());
  }

  /** Resolves when nothing is being written. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #renew(): Promise<void> {
    this.#isDue = false;
    try {
      await this.#write(renderFallback(this.#plans.customers().flatMap((customer) => {
        const plan = this.#plans.byCustomer(customer);
        return plan === null ? [] : fallbackEntries(plan, (item) => soundPath(item.kind === 'prompt' ? this.#media.prompt(plan, item.name) : item.kind === 'phrase' ? this.#media.phrase(item.id) : null));
      })));
      this.#alarms.clear('fallback-route');
    } catch (error) {
      this.#alarms.raise('fallback-route', `The last known routes could not be written: ${error instanceof Error ? error.message : String(error)}`, 'Look at the disk of the data folder.');
    }
  }
}

/** Path that Asterisk plays by itself, without the application. */
function soundPath(found: { readonly media: string } | null): string | null {
  return found?.media.startsWith('sound:/') === true ? found.media.slice('sound:'.length) : null;
}
