// The contract world on a real Asterisk 22.10 with SIP phones of ours on loopback. Read `AsteriskHost`: one Asterisk for a
// whole test file, and one world (one transport, one link) after the other on it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { AriClientTransport } from '../../src/ari/ari-client-transport.ts';
import { AriTelephony } from '../../src/ari/ari-telephony.ts';
import { OwnTransport } from '../../src/ari/own-transport.ts';
import type { AriAddress, AriTransport } from '../../src/ari/transport.ts';
import type { LinkEvent } from '../../src/ports/telephony.ts';
import { startEmbedded, type EmbeddedAsterisk } from '../../src/embedded/asterisk.ts';
import type { TrunkConfig } from '../../src/embedded/trunks.ts';
import { decodeArgument } from '../../src/calls/entry.ts';
import { removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { isRunning, portsInUse, processIdentity } from '../../src/embedded/processes.ts';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import type { OutgoingCall } from '../../src/sipua/outgoing-call.ts';
import type { IncomingCall } from '../../src/sipua/incoming-call.ts';
import { alawTone } from '../../src/sipua/g711.ts';
import { createUserAgent, type UserAgent } from '../../src/sipua/user-agent.ts';
import { TcpProxy } from './telephony-proxy.ts';
import { trunkLeg } from '../../src/trunks/header-recipe.ts';
import { allowed, sampleTrunk } from '../unit/trunks/trunk-samples.ts';
import { RawCarrier } from './raw-carrier.ts';
import { EventLog, type Caller, type Carrier, type ContractWorld, type Phone } from './telephony-world.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;
const HOST = '127.0.0.1';
/** The address of a second carrier, whose trunk takes digits by SIP INFO. */
export const INFO_HOST = '127.0.0.2';
export const APP = 'gv-telephony';
/** With the characters that addresses and headers treat in their own way. */
export const ARI_PASSWORD = 'Pass:word/@%25?&#1';
const WAIT_MS = 6_000;

export type TransportName = 'own' | 'ari-client';
export function makeTransport(name: TransportName, address: AriAddress): AriTransport {
  return name === 'own' ? new OwnTransport(address) : new AriClientTransport(address);
}

export class AsteriskHost {
  asterisk!: EmbeddedAsterisk;
  #folder = '';

  /** Starts Asterisk, or starts it again after `halt` in the same folder. */
  async start(moreTrunks: readonly TrunkConfig[] = []): Promise<void> {
    const root = await ensureRootFolder({ folder: join(REPOSITORY, '.genvoice/root'), onProgress: (line) => process.stderr.write(`${line}\n`) });
    if (this.#folder === '') this.#folder = mkdtempSync(join(tmpdir(), 'gv-telephony-'));
    const media = join(this.#folder, 'media');
    mkdirSync(media, { mode: 0o755, recursive: true });
    writeFileSync(join(media, 'short.alaw'), alawTone(440, 400), { mode: 0o644 });
    writeFileSync(join(media, 'long.alaw'), alawTone(440, 20_000), { mode: 0o644 });
    const common = { dtmf: 'rfc4733', ddiFrom: 'request-uri' } as const;
    this.asterisk = await startEmbedded({
      root, instanceFolder: join(this.#folder, 'one'), mediaFolder: media, dialplanFile: join(REPOSITORY, 'dialplan/extensions.conf'), appName: APP,
      ari: { user: 'genvoice', password: ARI_PASSWORD },
      trunks: [{ id: 'sim', match: [HOST], ...common }, { id: 'info', match: [INFO_HOST], ...common, dtmf: 'info' }, ...moreTrunks],
      ...(moreTrunks.some((trunk) => trunk.transport === 'tcp') ? { transports: { tcp: true } } : {}),
    });
  }

  halt(): Promise<void> {
    return this.asterisk.stop();
  }

  /** Ends Asterisk and says what it left behind on this machine, one line each. */
  async stop(): Promise<readonly string[]> {
    const { pid, instanceFolder, sipAddress, ariUrl } = this.asterisk;
    const identity = processIdentity(pid);
    await this.asterisk.stop();
    const left: string[] = [];
    const isThere = (path: string, text: string): boolean => readFileSync(path, 'utf8').includes(text);
    if (isThere('/proc/self/mounts', this.#folder)) left.push(`a mount below ${this.#folder}`);
    if (identity === undefined || isRunning(identity)) left.push(`process ${pid}`);
    if (portsInUse('udp').has(Number(sipAddress.split(':')[1]))) left.push(`SIP ${sipAddress}`);
    if (portsInUse('tcp').has(Number(new URL(ariUrl).port))) left.push(`ARI ${ariUrl}`);
    removeInstanceFolder(instanceFolder);
    rmSync(this.#folder, { recursive: true });
    return left;
  }

  address(more: Partial<AriAddress> = {}): AriAddress {
    const { ariUrl, ariUser, ariPassword } = this.asterisk;
    return { url: ariUrl, user: ariUser, password: ariPassword, app: APP, requestLimitMs: 5_000, ...more };
  }

  /** A request past every transport: what the test itself wants to know or to set up. */
  async ari(method: string, path: string, body?: unknown): Promise<unknown> {
    const { ariUrl, ariUser, ariPassword } = this.asterisk;
    const response = await fetch(`${ariUrl}/${path}`, {
      method, signal: AbortSignal.timeout(5_000),
      headers: { authorization: `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString('base64')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async world(name: TransportName, more: Partial<AriAddress> = {}): Promise<AsteriskWorld> {
    const proxy = await TcpProxy.open(new URL(this.asterisk.ariUrl));
    const transport = makeTransport(name, this.address({ url: proxy.url, ...more }));
    const world = new AsteriskWorld(this, new AriTelephony(transport, more.app ?? APP), proxy);
    await world.telephony.start();
    return world;
  }
}

/** Resolves when it is true; rejects after `limitMs`. */
export async function eventually(isTrue: () => boolean | Promise<boolean>, limitMs = WAIT_MS): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > untilMs) throw new Error(`not so within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export class AsteriskWorld implements ContractWorld {
  readonly host: AsteriskHost;
  readonly telephony: AriTelephony;
  readonly log = new EventLog((isDone) => eventually(isDone));
  readonly media;
  readonly shortMs = 400;
  readonly proxy: TcpProxy;
  readonly links: LinkEvent[] = [];
  readonly #open: { close(): Promise<void> }[] = [];

  constructor(host: AsteriskHost, telephony: AriTelephony, proxy: TcpProxy) {
    this.host = host;
    this.telephony = telephony;
    this.proxy = proxy;
    const mount = host.asterisk.soundsMount;
    this.media = { short: `sound:${mount}/short`, long: `sound:${mount}/long`, missing: `sound:${mount}/nothing-here` };
    telephony.onEvent((event) => this.log.all.push(event));
    telephony.onLink((event) => this.links.push(event));
  }

  async callIn(from = HOST): Promise<Caller & { readonly call: OutgoingCall }> {
    const agent = await this.#agent(from);
    const call = await agent.call({ to: '+441632960101', from: { user: '+447700900123' } });
    const entered = await this.log.until((event) => event.type === 'entered' && event.args.some((arg) => decodeArgument(arg) === call.callId), 'the entry of the caller');
    return { ...callerOf(call), channel: entered.type === 'entered' ? entered.channel : '', call };
  }

  async phone(): Promise<Phone & { readonly calls: readonly IncomingCall[]; readonly user: string; readonly agent: UserAgent }> {
    const user = await this.provision();
    const agent = await this.#agent(HOST);
    const calls: IncomingCall[] = [];
    agent.onIncoming((incoming) => void calls.push(incoming));
    await agent.register({ username: user, ha1: ha1(user), expiresS: 300 });
    return { ...phoneOf(calls), endpoint: `PJSIP/${user}`, calls, user, agent };
  }

  async offline(): Promise<string> {
    return `PJSIP/${await this.provision()}`;
  }

  async carrier(): Promise<Carrier & { readonly raw: RawCarrier }> {
    const raw = await RawCarrier.open();
    // A carrier that does not hear our CANCEL is the one whose late answer matters.
    raw.answersCancel = false;
    this.#open.push(raw);
    phones += 1;
    const id = `carrier-${process.pid}-${phones}`;
    const put = (kind: string, all: Record<string, string>): Promise<unknown> =>
      this.host.ari('PUT', `asterisk/config/dynamic/res_pjsip/${kind}/${id}`, { fields: Object.entries(all).map(([attribute, value]) => ({ attribute, value })) });
    await put('aor', { contact: `sip:${HOST}:${raw.port}` });
    await put('endpoint', { context: 'gv-trunk', disallow: 'all', allow: '!all,alaw', aors: id, direct_media: 'no', send_pai: 'no', send_rpid: 'no', trust_id_inbound: 'no', from_domain: 'carrier.example' });
    const invite = () => {
      const newest = raw.invites.at(-1);
      if (newest === undefined) throw new Error('the carrier was not called');
      return newest;
    };
    return {
      raw, spec: trunkLeg(allowed(), sampleTrunk({ id, endpoint: id }), '+442079460018'),
      invited: () => eventually(() => raw.invites.length > 0),
      trying: () => raw.respond(invite(), 100),
      ring: () => raw.respond(invite(), 180),
      refuse: (code, headers = []) => raw.respond(invite(), code, headers),
      answer: async () => {
        const { callId } = invite();
        raw.respond(invite(), 200);
        // Asterisk acknowledges in any case; what it no longer wants it ends at once.
        await eventually(() => raw.count('ACK', callId) > 0);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return raw.count('BYE', callId) === 0;
      },
    };
  }

  until(isTrue: () => Promise<boolean>): Promise<void> {
    return eventually(isTrue);
  }

  /** Endpoint, auth and aor of a new phone; returns its name. Without a password anybody may register as it. */
  async provision(hasPassword = true): Promise<string> {
    phones += 1;
    const user = `acme-${process.pid}-${phones}`;
    const put = (kind: string, all: Record<string, string>): Promise<unknown> =>
      this.host.ari('PUT', `asterisk/config/dynamic/res_pjsip/${kind}/${user}`, { fields: Object.entries(all).map(([attribute, value]) => ({ attribute, value })) });
    await put('auth', { auth_type: 'md5', username: user, md5_cred: ha1(user), realm: 'asterisk' });
    await put('aor', { max_contacts: '1', remove_existing: 'yes' });
    await put('endpoint', {
      context: 'gv-phone', disallow: 'all', allow: '!all,alaw', ...(hasPassword ? { auth: user } : {}), aors: user, direct_media: 'no', dtmf_mode: 'rfc4733', callerid: `"${user}" <201>`,
      mailboxes: `${user}@genvoice`, allow_subscribe: 'yes', allow_transfer: 'yes',
    });
    return user;
  }

  async setLink(isUp: boolean): Promise<void> {
    if (isUp) this.proxy.restore();
    else this.proxy.cut();
    const wanted = isUp ? 'up' : 'down';
    await eventually(() => this.links.at(-1)?.type === wanted);
  }

  async globalOf(name: string): Promise<string> {
    return ((await this.host.ari('GET', `asterisk/variable?variable=${name}`)) as { value: string }).value;
  }

  async leftovers(): Promise<readonly string[]> {
    const left = async (): Promise<string[]> => [
      ...((await this.host.ari('GET', 'channels')) as { id: string }[]).map((one) => `channel ${one.id}`),
      ...((await this.host.ari('GET', 'bridges')) as { id: string }[]).map((one) => `bridge ${one.id}`),
      ...((await this.host.ari('GET', 'recordings/stored')) as { name: string }[]).map((one) => `recording ${one.name}`),
    ];
    // A channel is gone a moment after its last event.
    await eventually(async () => (await left()).length === 0, 1_500).catch(() => {});
    return left();
  }

  async endRow(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((agent) => agent.close()));
  }

  async sweep(): Promise<void> {
    await this.setLink(true);
    for (const line of await this.leftovers()) {
      const [kind, id = ''] = line.split(' ');
      await this.host.ari('DELETE', `${kind === 'channel' ? 'channels' : kind === 'bridge' ? 'bridges' : 'recordings/stored'}/${encodeURIComponent(id)}`).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.endRow();
    this.proxy.restore();
    await this.telephony.stop();
    await this.proxy.close();
    // The application's name is free a moment after its socket; the next world takes it.
    await eventually(async () => ((await this.host.ari('GET', 'applications')) as { name: string }[]).every((app) => app.name !== APP));
  }

  async #agent(bindHost: string): Promise<UserAgent> {
    const [host = '', port = ''] = this.host.asterisk.sipAddress.split(':');
    const agent = await createUserAgent({ bindHost, remote: { host, port: Number(port) } });
    this.#open.push(agent);
    return agent;
  }
}

/** Names are used once in a process: Asterisk takes the same Call-ID of a new phone for a repetition. */
let phones = 0;

function ha1(user: string): string {
  return createHash('md5').update(`${user}:asterisk:secret`).digest('hex');
}

function callerOf(call: OutgoingCall): Omit<Caller, 'channel'> {
  return {
    press: async (keys) => {
      if ((await call.sendDigits(keys, { durationMs: 100, gapMs: 60 })) !== keys.length) throw new Error(`not all of ${keys} were sent`);
    },
    hangUp: async () => void (await call.hangup()),
    ended: async () => {
      const { cause } = await call.ended;
      return { sipCode: cause.sipCode ?? null, cause: cause.q850 ?? null };
    },
    heardRinging: async () => {
      if ((await call.once('ringing'))?.code !== 180) throw new Error('the call ended, or something other than 180 came');
    },
    answered: async () => {
      if (!(await call.answered).isAnswered) throw new Error('the call ended without an answer');
    },
    // The last packets of what has just been stopped may still be on the way.
    hears: async () => (await call.rtp?.waitForAudio(1_500, performance.now() + 100)) !== undefined,
    speak: (ms) => call.rtp?.play(alawTone(600, ms)),
    hold: async (isHeld) => {
      const result = await (isHeld ? call.hold() : call.resume());
      if (!result.ok) throw new Error(`re-INVITE got ${result.code}`);
    },
  };
}

function phoneOf(calls: readonly IncomingCall[]): Omit<Phone, 'endpoint'> {
  const newest = (): IncomingCall => {
    const incoming = calls.at(-1);
    if (incoming === undefined) throw new Error('the phone was not called');
    return incoming;
  };
  return {
    called: () => eventually(() => calls.length > 0),
    ring: () => newest().ring(),
    progress: async () => {
      if (!(await newest().progress({ sendAudio: alawTone(350, 2_000) }))) throw new Error('183 could not be sent');
    },
    answer: () => newest().accept(),
    press: async (keys) => {
      if ((await newest().call.sendDigits(keys, { durationMs: 100, gapMs: 60 })) !== keys.length) throw new Error(`not all of ${keys} were sent`);
    },
    hears: async () => (await newest().call.rtp?.waitForAudio(1_500, performance.now() + 100)) !== undefined,
    refuse: (code) => (code === 302 ? newest().redirect('999') : newest().reject(code)),
    hangUp: async () => void (await newest().call.hangup()),
    ended: async () => (await newest().call.ended).cause.sipCode ?? null,
    refer: async (target) => {
      const result = await newest().call.refer(target);
      return result.kind === 'finished' ? result.code : null;
    },
  };
}
