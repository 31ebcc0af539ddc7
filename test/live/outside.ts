// The world of calls that leave: customers whose numbers are proven and have evidence, and carriers on loopback that take
// their calls or fail in one way each. Read `outsideWorld`.
import type { DecisionWire, HeldNumber } from '../../src/http/wire-outbound.ts';
import type { CallDetail } from '../../src/http/wire.ts';
import type { SipCall } from '../../src/sipua/call.ts';
import type { IncomingCall } from '../../src/sipua/incoming-call.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import { freeSipPort } from '../../src/embedded/processes.ts';
import { RawCarrier } from '../contract/raw-carrier.ts';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { until } from './until.ts';

/** A mobile of the drama range, which no plan here has. */
export const OUTSIDE = '+447700900123';
/** Numbers of the customer `acme`. */
export const HELD = { main: '+441632960300', ann: '+441632960301', london: '+442079460018', bare: '+441632960302' } as const;
/** Ways in which a first trunk is broken, by the customer that has it. */
export const BROKEN = ['refusing', 'closed', 'silent', 'half-dead', 'down'] as const;
export type Broken = (typeof BROKEN)[number];
/** Longest call of extension 203, and how long before it is warned. */
export const CUT = { maxCallMs: 10_000, warnMs: 6_000 } as const;

/** A call as it reached a carrier. */
export interface Taken {
  readonly incoming: IncomingCall;
  readonly atMs: number;
}
/** A carrier with manners: every call is a value that the test answers or refuses. */
export interface Carrier {
  readonly agent: UserAgent;
  readonly taken: Taken[];
  /** What it does with each call at once; nothing by default. */
  onCall: (incoming: IncomingCall) => void | Promise<void>;
  next(index?: number): Promise<Taken>;
}
export interface OutsideWorld {
  readonly app: App;
  readonly good: Carrier;
  readonly spare: Carrier;
  readonly rescue: Carrier;
  /** Takes the calls of the customer `raw`: shows every byte. */
  readonly raw: RawCarrier;
  readonly broken: Readonly<Record<'refusing' | 'silent' | 'half-dead' | 'down' | 'rescue-dead', RawCarrier>>;
  /** How many INVITEs have reached any carrier. */
  arrived(): number;
  forget(): void;
  close(): Promise<void>;
}
type Json = Record<string, unknown>;

const NAMES: Readonly<Record<string, string>> = { acme: 'Acme', raw: 'Raw', idle: 'Idle', wander: 'Wander', refusing: 'Refusing', closed: 'Closed', silent: 'Silent', 'half-dead': 'Half Dead', down: 'Down' };
const CUSTOMERS = Object.keys(NAMES);

/** The main number of a customer; `acme` is the first. */
export function mainOf(customer: string): string {
  return `+4416329603${String(CUSTOMERS.indexOf(customer)).padEnd(2, '0')}`;
}

/** Every route rings phones and then takes a message after a greeting with name and contact: proven. `ends`: where the route is left instead. */
export function outsidePlan(customer: string, { ends = false } = {}): Json {
  const name = NAMES[customer] ?? customer;
  const main = mainOf(customer);
  const held = { entry: 'people', heldSince: '2020-01-01', capability: 'both', purposes: ['service'], provider: 'Carrier' };
  const own = customer === 'acme';
  const trunks = own ? ['good', 'spare'] : customer === 'raw' ? ['raw'] : (BROKEN as readonly string[]).includes(customer) ? [customer, 'good'] : ['good'];
  return {
    schema: 1,
    organisation: { name, contact: '01632 960300', timeZone: 'Europe/London', nation: 'england', emergencyNumber: main },
    numbers: {
      [main]: { label: 'Main line', ...held },
      ...(own ? { [HELD.ann]: { label: 'Ann', ...held }, [HELD.london]: { label: 'London', ...held }, [HELD.bare]: { label: 'Without evidence', ...held } } : {}),
    },
    prompts: { who: { file: 'bye.wav', text: `You have reached ${name}. Our number is 01632 960300.` } },
    extensions: {
      201: { name: `${name} Ann`, mailbox: 'office', ...(own ? { cli: HELD.ann, clis: [HELD.london] } : {}) },
      202: { name: `${name} Ben`, mailbox: 'office', ...(own ? { cli: HELD.bare } : {}) },
      203: { name: `${name} Cat`, outbound: { limits: { maxCallMs: CUT.maxCallMs } } },
    },
    groups: { everyone: { name: 'Everyone', members: ['201', '202', '203'], strategy: 'all' } },
    mailboxes: { office: { name: 'Office', greeting: ['who'], maxMessageMs: 30_000 } },
    steps: {
      people: { kind: 'ring', targets: [{ group: 'everyone' }], ringMs: 8_000, fallback: ends ? 'busy' : 'voicemail' },
      voicemail: { kind: 'voicemail', mailbox: 'office', fallback: 'bye' },
      busy: { kind: 'end', how: 'busy' },
      bye: { kind: 'end', how: 'hang-up', say: ['who'] },
    },
    failsafe: 'voicemail',
    outbound: { trunks, cli: main, warnMs: CUT.warnMs, ...(customer === 'idle' ? { suspended: true } : {}) },
  };
}

/** Resolves when every number has its evidence and its proof, and the trunk that is down is known to be. */
export async function outsideWorld(): Promise<OutsideWorld> {
  const ports = [await freeSipPort(HOST), await freeSipPort(HOST), await freeSipPort(HOST)];
  const [raw, refusing, silent, halfDead, down, rescueDead] = [await RawCarrier.open(), await RawCarrier.open(), await RawCarrier.open(), await RawCarrier.open(), await RawCarrier.open(), await RawCarrier.open()];
  refusing.onInvite = (invite) => refusing.respond(invite, 503);
  for (const one of [silent, down, rescueDead]) one.answersOptions = false;
  let match = 20;
  const trunk = (name: string, address: string, more: Json = {}): Json => ({ name, address, match: [`127.0.0.${(match += 1)}`], priority: 1, ...more });
  const at = (carrier: RawCarrier): string => `${HOST}:${carrier.port}`;
  const app = await startApp({
    plans: Object.fromEntries(CUSTOMERS.map((customer) => [customer, outsidePlan(customer)])),
    trunks: {
      good: trunk('Good', `${HOST}:${ports[0]}`, { priority: 5, domain: 'ours.example' }), spare: trunk('Spare', `${HOST}:${ports[1]}`, { priority: 6 }), raw: trunk('Raw', at(raw)),
      refusing: trunk('Refusing', at(refusing)), closed: trunk('Closed', `${HOST}:1`, { transport: 'tcp', qualifyMs: 0 }), silent: trunk('Silent', at(silent), { qualifyMs: 0 }),
      'half-dead': trunk('Half-dead', at(halfDead)), down: trunk('Down', at(down)),
      'rescue-dead': trunk('Rescue, dead', at(rescueDead), { emergency: true }), rescue: trunk('Rescue', `${HOST}:${ports[2]}`, { emergency: true, priority: 2 }),
    },
  });
  const raws = [raw, refusing, silent, halfDead, down, rescueDead];
  const carriers = await Promise.all(ports.map((port) => carrierOn(app, port)));
  const [good, spare, rescue] = carriers as [Carrier, Carrier, Carrier];
  const world: OutsideWorld = {
    app, good, spare, rescue, raw, broken: { refusing, silent, 'half-dead': halfDead, down, 'rescue-dead': rescueDead },
    arrived: () => carriers.reduce((sum, { taken }) => sum + taken.length, 0) + raws.reduce((sum, { invites }) => sum + invites.length, 0),
    forget() {
      for (const one of carriers) {
        one.taken.length = 0;
        one.onCall = () => {};
      }
      raw.onInvite = () => {};
    },
    async close() {
      await Promise.all([...carriers.map(({ agent }) => agent.close()), ...raws.map((one) => one.close())]);
      await app.close();
    },
  };
  try {
    await Promise.all(CUSTOMERS.map((customer) => makeUsable(app, customer)));
    await until('the trunks are looked at', 10_000, async () => {
      const { trunks } = await app.api.get<{ trunks: { id: string; state: string }[] }>('/v1/trunks');
      const state = (id: string): string | undefined => trunks.find((one) => one.id === id)?.state;
      return state('down') === 'down' && ['good', 'spare', 'raw', 'refusing', 'half-dead'].every((id) => state(id) === 'ok');
    }, () => app.api.get('/v1/trunks'));
    return world;
  } catch (error) {
    await world.close().catch(() => {});
    throw error;
  }
}

async function carrierOn(app: App, port: number): Promise<Carrier> {
  const agent = await createUserAgent({ bindHost: HOST, bindPort: port, remote: app.sip });
  const taken: Taken[] = [];
  const carrier: Carrier = {
    agent, taken, onCall: () => {},
    next: (index = 0) => until(`call ${index + 1} reaches the carrier`, 10_000, () => taken[index]),
  };
  agent.onIncoming((incoming) => {
    taken.push({ incoming, atMs: performance.now() });
    return carrier.onCall(incoming);
  });
  return carrier;
}

/** Evidence for all numbers but one, and phones that make the routes lead to people; then the proofs. */
async function makeUsable(app: App, customer: string): Promise<void> {
  const numbers = customer === 'acme' ? [HELD.main, HELD.ann, HELD.london] : [mainOf(customer)];
  const checkedOn = new Date(Date.now() - 60_000).toISOString();
  for (const number of numbers) {
    await app.api.post(`/v1/customers/${customer}/numbers/${number}/evidence`, { type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOn });
  }
  await app.credentials(customer, '201');
  await until(`the numbers of ${customer} may be shown`, 20_000, async () => (await held(app, customer)).filter(({ isUsable }) => isUsable).length === numbers.length, () => undefined);
}

export async function held(app: App, customer: string): Promise<readonly HeldNumber[]> {
  return (await app.api.get<{ numbers: HeldNumber[] }>(`/v1/customers/${customer}/numbers`)).numbers;
}

/** The one record and the one decision of a phone's call that has ended. */
export async function evidenceOf(app: App, call: Pick<SipCall, 'callId'>): Promise<{ record: CallDetail; decision: DecisionWire }> {
  const record = await app.record(call);
  const decisions = await until('its decision is kept', 5_000, async () => {
    const found = (await app.api.get<{ decisions: DecisionWire[] }>(`/v1/calls/${record.id}/decisions`)).decisions;
    return found.length > 0 ? found : undefined;
  });
  const [decision] = decisions;
  if (decision === undefined || decisions.length > 1) throw new Error(`one decision was expected: ${JSON.stringify(decisions)}`);
  return { record, decision };
}
