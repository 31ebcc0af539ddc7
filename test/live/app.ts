// The real application for live tests: src/main.ts as a child with its own folders and ports, its Asterisk, callers and
// phones around it, and the proof that nothing stays behind. Read `startApp` first.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { readInstanceRecord, removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { freeSipPort, freeTcpPort, isRunning, portsInUse, signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import type { CallDetail, CallSummary } from '../../src/http/wire.ts';
import { createAnsweringPhone } from '../../src/sipua/answering-phone.ts';
import type { AnsweringPhone, PhonePolicy } from '../../src/sipua/answering-phone.ts';
import type { SipCall } from '../../src/sipua/call.ts';
import type { OutgoingCall, OutgoingCallOptions } from '../../src/sipua/outgoing-call.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import { Api } from './api.ts';
import { acme, bolt, writePlans } from './plans.ts';
import { until, within } from './until.ts';

export const REPOSITORY = new URL('../..', import.meta.url).pathname;
export const HOST = '127.0.0.1';
/** The private root folder that all instances share. */
export const ROOT_FOLDER = join(REPOSITORY, '.genvoice/root');
const START_MS = 60_000;
const STOP_MS = 40_000;

export interface AppOptions {
  /** Plans by customer; default: acme and bolt of plans.ts. `demo` = the plans as shipped. */
  readonly plans?: Readonly<Record<string, unknown>> | 'demo';
  /** Trunks besides `sim`, which matches 127.0.0.1. */
  readonly trunks?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
export interface CallIn extends Partial<Omit<OutgoingCallOptions, 'to'>> {
  /** Another source address of loopback, for another trunk. */
  readonly via?: UserAgent;
}

/** Resolves when the application says that it is ready. */
export async function startApp(options: AppOptions = {}): Promise<App> {
  const app = new App(options, mkdtempSync(join(tmpdir(), 'gv-live-')), { sip: await freeSipPort(HOST), http: await freeTcpPort(HOST) });
  try {
    await app.start();
    await app.open();
    return app;
  } catch (error) {
    await app.close().catch(() => {});
    throw error;
  }
}

export class App {
  readonly world: string;
  readonly data: string;
  readonly plansFolder: string;
  readonly sip: { readonly host: string; readonly port: number };
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** Everything that the application printed since its last start. */
  output = '';
  /** When the last start said that it is ready, `performance.now()` ms. */
  readyAtMs = 0;
  #child: ChildProcess | null = null;
  #agent: UserAgent | null = null;
  #api: Api | null = null;
  readonly #agents = new Set<UserAgent>();
  readonly #phones = new Set<AnsweringPhone>();
  /** Call ids by SIP Call-ID, and details of ended calls, which do not change any more. */
  readonly #ended = new Map<string, CallDetail>();
  #callers = 0;
  #isEndExpected = false;

  constructor(options: AppOptions, world: string, ports: { sip: number; http: number }) {
    this.world = world;
    this.data = join(world, 'data');
    this.sip = { host: HOST, port: ports.sip };
    this.url = `http://${HOST}:${ports.http}`;
    this.plansFolder = options.plans === 'demo' ? join(REPOSITORY, 'dialplan/plans') : join(world, 'plans');
    if (options.plans !== 'demo') writePlans(this.plansFolder, options.plans ?? { acme: acme(), bolt: bolt() });
    const trunksFile = join(world, 'trunks.json');
    writeFileSync(trunksFile, JSON.stringify({ trunks: { sim: { name: 'Simulator', match: [HOST] }, ...options.trunks } }));
    this.env = {
      PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/root', LANG: 'C.UTF-8',
      GENVOICE_DATA: this.data, GENVOICE_PLANS: this.plansFolder, GENVOICE_TRUNKS: trunksFile, GENVOICE_SIP_PORT: String(ports.sip), GENVOICE_HTTP_PORT: String(ports.http),
      GENVOICE_DRAIN_MS: '500', GENVOICE_MAX_CPS: '1000', GENVOICE_LOG_LEVEL: 'debug', ...options.env,
    };
  }

  /** Starts the process; resolves with the milliseconds until it is ready. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<number> {
    const startedMs = performance.now();
    this.output = '';
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', process.execPath, 'src/main.ts'], { cwd: REPOSITORY, env: { ...this.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        this.output = (this.output + chunk.toString()).slice(-100_000);
        if (this.output.includes('GENVoice is ready')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`the application ended with ${String(code ?? signal)} while it started:\n${this.output.slice(-4_000)}`)));
    });
    await within('the application is ready', START_MS, ready).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`, { cause: error });
    });
    this.readyAtMs = performance.now();
    // An end that no test asked for explains whatever fails next.
    child.once('exit', (code, signal) => {
      if (!this.#isEndExpected) process.stderr.write(`the application ended with ${String(code ?? signal)}:\n${this.output.slice(-4_000)}\n`);
    });
    this.#isEndExpected = false;
    return this.readyAtMs - startedMs;
  }

  /** Makes the callers' side ready. */
  async open(): Promise<void> {
    this.#api = new Api(this.url, readFileSync(join(this.data, 'api-key'), 'utf8').trim());
    this.#agent = await this.agent();
    await this.calm();
  }

  get api(): Api {
    if (this.#api === null) throw new Error('the application was never ready');
    return this.#api;
  }
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** A user agent towards this application's SIP address, from any address of loopback. */
  async agent(bindHost = HOST, remote: { readonly host: string; readonly port: number } = this.sip): Promise<UserAgent> {
    const agent = await createUserAgent({ bindHost, remote, userAgent: 'live test' });
    this.#agents.add(agent);
    return agent;
  }

  /** A call from outside, each from a number of its own unless told. */
  async call(to: string, options: CallIn = {}): Promise<OutgoingCall> {
    const { via, ...rest } = options;
    const agent = via ?? this.#agent;
    if (agent === null) throw new Error('the application was never ready');
    this.#callers += 1;
    const user = `+4477009${String(this.#callers % 100_000).padStart(5, '0')}`;
    return agent.call({ to, from: { user }, keepAudioMs: 60_000, ...rest });
  }

  /** A registered phone; its password comes from the API, as an admin gets it. */
  async phone(customer: string, extension: string, policy: PhonePolicy, remote = this.sip): Promise<AnsweringPhone> {
    const phone = await createAnsweringPhone({ bindHost: HOST, remote, credentials: await this.credentials(customer, extension), policy });
    this.#phones.add(phone);
    return phone;
  }

  /** New credentials of a phone: what a phone keeps is the digest. */
  async credentials(customer: string, extension: string): Promise<{ username: string; ha1: string }> {
    const secret = await this.api.post<{ username: string; password: string }>(`/v1/phones/${customer}/${extension}/secret`);
    return { username: secret.username, ha1: createHash('md5').update(`${secret.username}:genvoice:${secret.password}`).digest('hex') };
  }

  /** Ends phones and agents that a test made; the agent of plain callers stays. */
  async closePhones(): Promise<void> {
    const agents = [...this.#agents].filter((agent) => agent !== this.#agent);
    await Promise.all([...this.#phones, ...agents].map((one) => one.close()));
    this.#phones.clear();
    for (const agent of agents) this.#agents.delete(agent);
  }

  /** A call placed by a phone. */
  dialFrom(phone: AnsweringPhone, to: string, credentials: { username: string; ha1: string }, options: Partial<OutgoingCallOptions> = {}): Promise<OutgoingCall> {
    return phone.userAgent.call({ to, from: { user: credentials.username }, auth: credentials, keepAudioMs: 60_000, ...options });
  }

  async live(): Promise<readonly CallSummary[]> {
    return (await this.api.get<{ live: CallSummary[] }>('/v1/calls?state=live')).live;
  }

  async recent(query = ''): Promise<readonly CallSummary[]> {
    return (await this.api.get<{ recent: CallSummary[] }>(`/v1/calls?state=ended&limit=500${query}`)).recent;
  }

  /** The live or ended call of a SIP call, or undefined. */
  async find(call: Pick<SipCall, 'callId'>): Promise<CallDetail | undefined> {
    const kept = this.#ended.get(call.callId);
    if (kept !== undefined) return kept;
    const { live, recent } = await this.api.get<{ live: CallSummary[]; recent: CallSummary[] }>('/v1/calls?limit=100');
    const seen = new Set([...this.#ended.values()].map((detail) => detail.id));
    for (const { id } of [...live, ...recent]) {
      if (seen.has(id)) continue;
      const detail = await this.api.get<CallDetail>(`/v1/calls/${id}`).catch(() => undefined);
      if (detail?.state === 'ended') this.#ended.set(detail.sip.sipCallId, detail);
      if (detail?.sip.sipCallId === call.callId) return detail;
    }
    return undefined;
  }

  /** The record of a call that has ended. */
  async record(call: Pick<SipCall, 'callId'>, limitMs = 10_000): Promise<CallDetail> {
    let last: CallDetail | undefined;
    return until('the record of the call', limitMs, async () => {
      last = await this.find(call);
      return last?.state === 'ended' ? last : undefined;
    }, () => last?.trace.map((line) => line.text));
  }

  /** Resolves when the live call does `doing` (step, ringing, connected, recording) in `step`. */
  async doing(call: Pick<SipCall, 'callId'>, doing: string, step?: string, limitMs = 10_000): Promise<CallDetail> {
    let last: CallDetail | undefined;
    return until(`the call is ${doing} in ${step ?? 'any step'}`, limitMs, async () => {
      last = await this.find(call);
      return last?.state === 'live' && last.doing === doing && (step === undefined || last.step === step) ? last : undefined;
    }, () => ({ doing: last?.doing, step: last?.step, trace: last?.trace.map((line) => line.text), end: last?.end }));
  }

  /** An ARI request of the test's own. */
  async ari<T>(path: string, method = 'GET'): Promise<T> {
    const record = readInstanceRecord(join(this.data, 'asterisk'));
    if (record === undefined) throw new Error('there is no Asterisk in this data folder');
    const { host, port, user, password } = record.ari;
    const response = await fetch(`http://${host}:${port}/ari/${path}`, { method, headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }, signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** What Asterisk holds of ours; all lists empty = nothing. */
  async leftovers(): Promise<{ channels: string[]; bridges: string[]; recordings: string[] }> {
    const [channels, bridges, recordings] = await Promise.all([this.ari<{ name: string }[]>('channels'), this.ari<{ id: string }[]>('bridges'), this.ari<{ name: string }[]>('recordings/stored')]);
    return { channels: channels.map((one) => one.name), bridges: bridges.map((one) => one.id), recordings: recordings.map((one) => one.name) };
  }

  /** Rejects unless no call is live and Asterisk holds nothing within `limitMs`. */
  async clean(limitMs = 8_000): Promise<void> {
    let last: unknown;
    await until('nothing is left in Asterisk and no call is live', limitMs, async () => {
      const left = await this.leftovers();
      const live = await this.live();
      last = { ...left, live: live.map((call) => `${call.id} ${String(call.doing)} ${String(call.step)}`) };
      return live.length + left.channels.length + left.bridges.length + left.recordings.length === 0;
    }, () => last);
    await this.calm();
  }

  /** Resolves when new calls are not turned away; a machine that is busy with other things may cause that. */
  async calm(): Promise<void> {
    await until('new calls are taken', 60_000, async () => !(await this.api.get<{ alarms: { code: string }[] }>('/v1/alarms')).alarms.some((alarm) => alarm.code === 'overload'));
  }

  /** kill -9: Asterisk and its calls go on. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    this.#isEndExpected = true;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** SIGTERM without waiting. */
  terminate(): void {
    // A second signal would end it at once.
    if (!this.#isEndExpected) this.#child?.kill('SIGTERM');
    this.#isEndExpected = true;
  }

  /** Resolves with the exit code once the process has ended. */
  async exited(limitMs = STOP_MS): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return within('the application has ended', limitMs, new Promise<number | null>((resolve) => child.once('exit', resolve)));
  }

  /** SIGTERM, then everything that it started is gone: process, Asterisk, ports, mounts. Rejects if not. */
  async stop(): Promise<void> {
    this.terminate();
    const code = await this.exited();
    if (code !== 0) throw new Error(`the application ended with ${String(code)}:\n${this.output.slice(-4_000)}`);
    await this.#gone();
  }

  async #gone(): Promise<void> {
    const instance = join(this.data, 'asterisk/instance.json');
    if (existsSync(instance)) throw new Error('Asterisk still runs after the stop');
    const ports = [...portsInUse('udp'), ...portsInUse('tcp')].filter((port) => port === this.sip.port || String(port) === new URL(this.url).port);
    if (ports.length > 0) throw new Error(`ports are still in use after the stop: ${ports.join(', ')}`);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(this.world));
    if (mounts.length > 0) throw new Error(`mounts are left: ${mounts.join('\n')}`);
  }

  /** Closes phones and callers, stops the application with all checks, removes its folders. For afterAll. */
  async close(): Promise<void> {
    const agents = [...this.#phones, ...this.#agents];
    try {
      await Promise.all(agents.map((agent) => agent.close()));
      if (this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
    } finally {
      await this.kill();
      const record = readInstanceRecord(join(this.data, 'asterisk'));
      if (record !== undefined && isRunning(record.process)) {
        signalProcess(record.process, 'SIGKILL');
        await waitUntilGone(record.process, 5_000);
      }
      removeInstanceFolder(join(this.data, 'asterisk'));
      rmSync(this.world, { recursive: true, force: true });
    }
  }
}
