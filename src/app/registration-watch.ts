// Whether trunks that register are registered, asked of our own Asterisk now and then: a refused password is an alarm, not
// a number that is silently dead. It changes nothing. Read `RegistrationWatch.look`.
import { trunkEndpoint } from '../embedded/trunks.ts';
import type { Trunk } from '../plans/trunks.ts';
import type { Clock } from '../ports/clock.ts';
import type { Alarms } from '../telemetry/alarms.ts';

export interface RegistrationWatchOptions {
  /** Answer of Asterisk's own command line. */
  readonly cli: (command: string) => Promise<string>;
  readonly trunks: () => readonly Trunk[];
  readonly clock: Clock;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
}
/** As Asterisk 22 prints them; others may come. */
type Status = 'Registered' | 'Rejected' | 'Unregistered' | 'Stopped' | 'Stopping';

const LOOK_EVERY_MS = 10_000;
const COMMAND = 'pjsip show registrations';

export class RegistrationWatch {
  readonly #options: RegistrationWatchOptions;
  /** Trunks that were unregistered at the last look too: the first moments of a registration are no fault. */
  #wasAway: ReadonlySet<string> = new Set();
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(options: RegistrationWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#again();
  }
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** One look; never rejects. An Asterisk that cannot be asked changes no alarm. */
  async look(): Promise<void> {
    const registering = this.#options.trunks().filter((trunk) => trunk.registration !== undefined);
    if (registering.length === 0) {
      this.#options.alarms.clear('registration');
      return;
    }
    const found = await this.#options.cli(COMMAND).then(statuses, () => null);
    if (found === null || this.#isClosed) return;
    const away = registering.filter((trunk) => found.get(trunkEndpoint(trunk.id)) !== 'Registered');
    const faults = away.flatMap((trunk) => {
      const status = found.get(trunkEndpoint(trunk.id));
      const where = `${trunk.name} (${trunk.id}) is not registered at ${trunk.registration?.server ?? ''}`;
      if (status === 'Rejected') return [`${where}: user name or password of ${trunk.registration?.user ?? ''} was refused`];
      return this.#wasAway.has(trunk.id) ? [`${where}: it does not answer`] : [];
    });
    this.#wasAway = new Set(away.map(({ id }) => id));
    if (faults.length > 0) this.#options.alarms.raise('registration', `${faults.join('. ')}.`, 'No call comes in over such a trunk. See "registration" of it in the trunk file, the variable with its password, and the carrier; it is tried again by itself.');
    else if (away.length === 0) this.#options.alarms.clear('registration');
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(LOOK_EVERY_MS, () => void this.look().finally(() => this.#again()));
  }
}

/** Status by name of the registration. */
function statuses(text: string): ReadonlyMap<string, Status> {
  const found = new Map<string, Status>();
  for (const line of text.split('\n')) {
    const [, name, status] = /^\s*([A-Za-z0-9_-]+)\/\S.*\s(Registered|Rejected|Unregistered|Stopped|Stopping)\b/.exec(line) ?? [];
    if (name !== undefined && status !== undefined) found.set(name, status as Status);
  }
  return found;
}
