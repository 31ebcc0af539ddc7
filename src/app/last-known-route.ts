// Keeps the last known routes up to date that carry calls while the application is away: written on every plan change,
// one writing at a time, the newest plans win. Asterisk reads them when a call needs them; nothing is reloaded.
import { fallbackShards } from '../embedded/fallback-files.ts';
import type { FallbackFiles } from '../embedded/fallback-files.ts';
import { fallbackEntries, type NameOf } from '../plans/fallback-route.ts';
import type { MediaSource, PlanSource } from '../ports/plan-source.ts';
import type { Alarms } from '../telemetry/alarms.ts';

/** The main thread belongs to calls: after this much work they get their turn. */
const BREATHE_AFTER_MS = 5;

export class LastKnownRoute {
  readonly #plans: PlanSource;
  readonly #media: MediaSource;
  readonly #alarms: Alarms;
  readonly #nameOf: NameOf;
  readonly #files: Pick<FallbackFiles, 'names' | 'write'>;
  /** Customer -> file -> its lines there. */
  readonly #routes = new Map<string, ReadonlyMap<string, string>>();
  /** File -> customers with lines in it. */
  readonly #owners = new Map<string, Set<string>>();
  readonly #due = new Set<string>();
  /** Files that are not as `#routes` says. */
  readonly #stale = new Set<string>();
  #isFolderKnown = false;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(plans: PlanSource, media: MediaSource, alarms: Alarms, nameOf: NameOf, files: Pick<FallbackFiles, 'names' | 'write'>) {
    this.#plans = plans;
    this.#media = media;
    this.#alarms = alarms;
    this.#nameOf = nameOf;
    this.#files = files;
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
      let failed: Error | undefined;
      let sinceMs = performance.now();
      for (const customer of this.#due) {
        this.#due.delete(customer);
        try {
          this.#render(customer);
        } catch (error) {
          // Its older route stays; the others do not wait for it.
          failed ??= error instanceof Error ? error : new Error(String(error));
        }
        if (performance.now() - sinceMs < BREATHE_AFTER_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        sinceMs = performance.now();
      }
      // What an earlier process wrote for customers that are gone.
      if (!this.#isFolderKnown) for (const name of await this.#files.names()) this.#stale.add(name);
      this.#isFolderKnown = true;
      for (const name of this.#stale) {
        await this.#files.write(name, this.#textOf(name));
        this.#stale.delete(name);
      }
      if (failed !== undefined) throw failed;
      this.#alarms.clear('fallback-route');
    } catch (error) {
      this.#alarms.raise('fallback-route', `The last known routes could not be written: ${error instanceof Error ? error.message : String(error)}`, 'Look at the disk of the data folder.');
    }
  }

  #render(customer: string): void {
    const plan = this.#plans.byCustomer(customer);
    const entries = plan === null ? [] : fallbackEntries(plan, (item) => soundPath(item.kind === 'prompt' ? this.#media.prompt(plan, item.name) : item.kind === 'phrase' ? this.#media.phrase(item.id) : null), this.#nameOf);
    const before = this.#routes.get(customer) ?? new Map<string, string>();
    const now = fallbackShards(entries);
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      if (before.get(name) === now.get(name)) continue;
      this.#stale.add(name);
      const owners = this.#owners.get(name) ?? new Set();
      if (now.has(name)) owners.add(customer);
      else owners.delete(customer);
      this.#owners.set(name, owners);
    }
    if (now.size === 0) this.#routes.delete(customer);
    else this.#routes.set(customer, now);
  }

  /** null: no customer has lines in it. */
  #textOf(name: string): string | null {
    const customers = [...(this.#owners.get(name) ?? [])].sort();
    return customers.length === 0 ? null : customers.map((customer) => `; ${customer}\n${this.#routes.get(customer)?.get(name) ?? ''}`).join('');
  }
}

/** Path that Asterisk plays by itself, without the application. */
function soundPath(found: { readonly media: string } | null): string | null {
  return found?.media.startsWith('sound:/') === true ? found.media.slice('sound:'.length) : null;
}
