// Our real application as a child process: starts src/main.ts on folders and ports of its own, asks its API, forces
// collections of its heap, kills and restarts it. Read `Application.start`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { WebSocket } from 'ws';
import { adoptEmbedded, type EmbeddedAsterisk } from '../../src/embedded/asterisk.ts';
import { freeSipPort, freeTcpPort } from '../../src/embedded/processes.ts';

const PROJECT = new URL('../..', import.meta.url).pathname;
const READY_MS = 60_000;
const STOP_MS = 40_000;

export interface ApplicationOptions {
  /** Folder of this instance; `plans` inside it must be there already. */
  readonly folder: string;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Application {
  readonly folder: string;
  readonly sipTarget: string;
  readonly sipPort: number;
  readonly httpUrl: string;
  /** When the last start was ordered and when its ready line came, epoch ms. */
  startedAtMs = 0;
  readyAtMs = 0;
  readonly #options: ApplicationOptions;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #asterisk: EmbeddedAsterisk | null = null;
  #said = '';

  private constructor(options: ApplicationOptions, sipPort: number, httpPort: number) {
    this.#options = options;
    this.folder = options.folder;
    this.sipPort = sipPort;
    this.sipTarget = `127.0.0.1:${sipPort}`;
    this.httpUrl = `http://127.0.0.1:${httpPort}`;
    this.#env = {
      ...Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined || /^(GENVOICE|ARI|REDIS)_/.test(name) ? [] : [[name, value]]))),
      GENVOICE_SIP_PORT: String(sipPort), GENVOICE_HTTP_PORT: String(httpPort), GENVOICE_DATA: join(options.folder, 'data'), GENVOICE_PLANS: join(options.folder, 'plans'),
      GENVOICE_TRUNKS: join(options.folder, 'trunks.json'), GENVOICE_ASTERISK: 'embedded', GENVOICE_MAX_CPS: '10000', GENVOICE_MAX_CALLS: '100000', GENVOICE_DRAIN_MS: '1000',
      GENVOICE_LOOKUP_HOSTS: '127.0.0.1', GENVOICE_LOOKUP_PRIVATE: 'true', ...options.env,
    };
  }

  /** Resolves when it has said that it is ready. Rejects with what it said instead. */
  static async start(options: ApplicationOptions): Promise<Application> {
    mkdirSync(options.folder, { recursive: true });
    const trunk = { name: 'Bench', match: ['127.0.0.1'], ddiFrom: 'request-uri', dtmf: 'rfc4733' };
    writeFileSync(join(options.folder, 'trunks.json'), JSON.stringify({ trunks: { bench: trunk } }));
    const application = new Application(options, await freeSipPort('127.0.0.1'), await freeTcpPort('127.0.0.1'));
    try {
      await application.restart();
    } catch (error) {
      await application.stop();
      throw error;
    }
    return application;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  get asterisk(): EmbeddedAsterisk {
    if (this.#asterisk === null) throw new Error('the application has not started');
    return this.#asterisk;
  }
  /** What it has written on both outputs since its last start, the last 64 kB. */
  get said(): string {
    return this.#said;
  }

  async restart(nodeArgs: readonly string[] = this.#options.nodeArgs ?? []): Promise<void> {
    this.#said = '';
    this.startedAtMs = Date.now();
    const child = spawn(process.execPath, [...nodeArgs, join(PROJECT, 'src/main.ts')], { cwd: PROJECT, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`the application was not ready within ${READY_MS} ms:\n${this.#said}`)), READY_MS);
      const hear = (text: string): void => {
        this.#said = (this.#said + text).slice(-65_536);
        if (!/^GENVoice is ready/m.test(this.#said) || this.readyAtMs > this.startedAtMs) return;
        this.readyAtMs = Date.now();
        clearTimeout(limit);
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', hear);
      child.stderr.setEncoding('utf8').on('data', hear);
      child.once('exit', (code) => reject(new Error(`the application ended with ${code} while it started:\n${this.#said}`)));
    });
    ready.catch(() => child.kill('SIGKILL'));
    await ready;
    this.#asterisk = (await adoptEmbedded(join(this.folder, 'data/asterisk'))) ?? null;
  }

  /** kill -9; Asterisk and its calls stay. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** SIGTERM and what follows; whatever is left after its time is killed, Asterisk too. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(limit);
    }
    const left = await adoptEmbedded(join(this.folder, 'data/asterisk')).catch(() => undefined);
    await left?.stop();
  }

  async api(path: string, method = 'GET'): Promise<unknown> {
    const response = await fetch(`${this.httpUrl}${path}`, { method, headers: { authorization: `Bearer ${this.key()}` }, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  }

  key(): string {
    return readFileSync(join(this.folder, 'data/api-key'), 'utf8').trim();
  }

  /** Value of a metric without labels, NaN when it is not there. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`${this.httpUrl}/metrics`, { headers: { authorization: `Bearer ${this.key()}` }, signal: AbortSignal.timeout(10_000) });
    const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `));
    return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
  }

  async liveCalls(): Promise<number> {
    const answer = await this.api('/v1/calls?state=live');
    return (answer as { live: unknown[] }).live.length;
  }

  /** Bytes of heap in use after two full collections, by the inspector that `--inspect=127.0.0.1:0` opened. */
  async heapAfterCollection(): Promise<number> {
    const url = /ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+/.exec(this.#inspector ?? this.#said)?.[0];
    if (url === undefined) throw new Error('the application was not started with --inspect');
    this.#inspector = url;
    const socket = new WebSocket(url, { perMessageDeflate: false });
    try {
      await once(socket, 'open');
      let id = 0;
      const ask = async (method: string): Promise<{ result?: { usedSize?: number } }> => {
        id += 1;
        const wanted = id;
        const answer = new Promise<{ result?: { usedSize?: number } }>((resolve) => {
          const take = (raw: Buffer): void => {
            const message = JSON.parse(raw.toString('utf8')) as { id?: number; result?: { usedSize?: number } };
            if (message.id !== wanted) return;
            socket.off('message', take);
            resolve(message);
          };
          socket.on('message', take);
        });
        socket.send(JSON.stringify({ id, method }));
        return answer;
      };
      await ask('HeapProfiler.enable');
      await ask('HeapProfiler.collectGarbage');
      await ask('HeapProfiler.collectGarbage');
      const usage = await ask('Runtime.getHeapUsage');
      return usage.result?.usedSize ?? Number.NaN;
    } finally {
      socket.close();
    }
  }
  #inspector: string | null = null;
}

/** Channels and bridges that an Asterisk holds. */
export async function held(asterisk: EmbeddedAsterisk): Promise<{ channels: number; bridges: number }> {
  const authorization = `Basic ${Buffer.from(`${asterisk.ariUser}:${asterisk.ariPassword}`).toString('base64')}`;
  const count = async (what: string): Promise<number> => {
    const response = await fetch(`${asterisk.ariUrl}/${what}`, { headers: { authorization }, signal: AbortSignal.timeout(10_000) });
    return ((await response.json()) as unknown[]).length;
  };
  return { channels: await count('channels'), bridges: await count('bridges') };
}
