// The contract world on the fake switch: the same rows in virtual time, which passes only while a row waits for something.
import type { LinkEvent, Telephony } from '../../src/ports/telephony.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeTelephony } from '../fakes/fake-telephony.ts';
import { allowed, sampleTrunk } from '../unit/trunks/trunk-samples.ts';
import { trunkLeg } from '../../src/trunks/header-recipe.ts';
import { EventLog, type Caller, type Carrier, type ContractWorld, type Phone } from './telephony-world.ts';

export class FakeWorld implements ContractWorld {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 24, 10));
  readonly fake = new FakeTelephony(this.clock);
  readonly telephony: Telephony = clocked(this.fake, this.clock);
  readonly log = new EventLog((isDone) => this.clock.run(isDone, 60_000));
  readonly links: LinkEvent[] = [];
  readonly media = { short: 'sound:short', long: 'sound:long', missing: 'sound:missing' };
  readonly shortMs = 400;
  #serial = 0;

  constructor() {
    this.fake.onEvent((event) => this.log.all.push(event));
    this.fake.onLink((event) => this.links.push(event));
    this.fake.mediaMs = (media) => ({ 'sound:short': 400, 'sound:long': 20_000 })[media] ?? null;
  }

  async callIn(): Promise<Caller> {
    this.#serial += 1;
    const channel = `in-${this.#serial}`;
    this.fake.arrive(channel, ['trunk', '%2B441632960101']);
    await this.log.on('entered', channel);
    return this.#caller(channel);
  }

  #caller(channel: string): Caller {
    const { clock, fake } = this;
    return {
      channel,
      press: async (keys) => {
        for (const key of keys) {
          await clock.pass(160);
          fake.press(channel, key);
        }
      },
      hangUp: async () => fake.hangUp(channel),
      ended: async () => {
        await clock.run(() => fake.endings.has(channel));
        return fake.endings.get(channel) ?? { sipCode: null, cause: null };
      },
      heardRinging: () => clock.run(() => fake.channels.get(channel)?.audible === 'ringing'),
      answered: () => clock.run(() => fake.channels.get(channel)?.state === 'up'),
      hears: async () => fake.isAudible(channel),
      speak: (ms) => fake.speak(channel, ms),
      hold: async (isHeld) => fake.hold(channel, isHeld),
    };
  }

  async phone(): Promise<Phone> {
    const { clock, fake } = this;
    this.#serial += 1;
    const endpoint = `PJSIP/acme-${this.#serial}`;
    fake.phones.set(endpoint, { kind: 'manual' });
    let leg = '';
    return {
      endpoint,
      called: () =>
        clock.run(() => {
          leg = [...fake.channels.values()].find((one) => one.endpoint === endpoint && one.isDialled)?.id ?? leg;
          return leg !== '';
        }),
      ring: () => fake.farRings(leg),
      progress: async () => fake.farProgress(leg),
      answer: async () => fake.farAnswers(leg),
      refuse: (code) => fake.farRefuses(leg, code),
      press: async (keys) => {
        for (const key of keys) {
          await clock.pass(160);
          fake.press(leg, key);
        }
      },
      hears: async () => fake.isAudible(leg),
      hangUp: async () => fake.hangUp(leg),
      ended: async () => {
        await clock.run(() => !fake.channels.has(leg));
        return fake.farEndings.get(leg) ?? null;
      },
      refer: async (target) => {
        fake.refer(leg, target);
        await clock.run(() => fake.transfers.has(leg));
        return fake.transfers.get(leg) ?? null;
      },
    };
  }

  async carrier(): Promise<Carrier> {
    const { clock, fake } = this;
    this.#serial += 1;
    const spec = trunkLeg(allowed(), sampleTrunk({ id: `carrier-${this.#serial}` }), '+442079460018');
    fake.trunks.set(`trunk-carrier-${this.#serial}`, { kind: 'manual' });
    let leg = '';
    return {
      spec,
      invited: () =>
        clock.run(() => {
          leg = [...fake.channels.values()].find((one) => one.endpoint === spec.endpoint && one.isDialled)?.id ?? leg;
          return leg !== '';
        }),
      trying: () => fake.farTries(leg),
      ring: () => fake.farRings(leg),
      refuse: (code) => fake.farRefuses(leg, code),
      answer: async () => fake.farAnswers(leg),
    };
  }

  async until(isTrue: () => Promise<boolean>): Promise<void> {
    while (!(await isTrue())) await this.clock.pass(1);
  }

  async offline(): Promise<string> {
    this.#serial += 1;
    this.fake.phones.set(`PJSIP/acme-${this.#serial}`, { kind: 'offline' });
    return `PJSIP/acme-${this.#serial}`;
  }

  async setLink(isUp: boolean): Promise<void> {
    this.fake.setLink(isUp);
  }
  async globalOf(name: string): Promise<string> {
    return this.fake.globals.get(name) ?? '';
  }

  async leftovers(): Promise<readonly string[]> {
    await this.clock.pass(1_000);
    return this.fake.leftovers();
  }
  async endRow(): Promise<void> {
    for (const id of this.fake.channels.keys()) this.fake.hangUp(id);
  }
  async sweep(): Promise<void> {
    this.fake.setLink(true);
    this.fake.channels.clear();
    this.fake.bridges.clear();
    this.fake.recordings.clear();
  }
  async close(): Promise<void> {
    await this.telephony.stop();
  }
}

/** The switch with a clock that runs while a request is under way. */
function clocked(fake: FakeTelephony, clock: FakeClock): Telephony {
  const settle = async (answer: Promise<unknown>): Promise<unknown> => {
    let isSettled = false;
    const mark = (): void => {
      isSettled = true;
    };
    answer.then(mark, mark);
    await clock.run(() => isSettled);
    return answer;
  };
  return new Proxy(fake, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args);
        return answer instanceof Promise ? settle(answer) : answer;
      };
    },
  });
}
