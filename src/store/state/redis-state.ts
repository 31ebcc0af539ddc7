// The state port on Redis, for several processes that share the calls. Each atomic step is one Lua file in redis/lua.
// While Redis is away every request rejects within its time limit and nothing queues up; the connection is tried again
// for ever. No password is ever put into a message. Read `openRedisState` first.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { CallSnapshot, SharedStatePort, SwitchPosition } from '../../ports/state.ts';
import { StoreError } from '../store-error.ts';
import type { OnAlarm } from '../store-error.ts';
import { parseSnapshot } from './snapshot.ts';

export interface RedisStateOptions {
  /** `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS. */
  readonly url: string;
  readonly onAlarm: OnAlarm;
  /** Begins every key, so that several instances can share a server; default `genvoice`. */
  readonly prefix?: string;
  /** Longest wait for an answer; default 1000. */
  readonly commandTimeoutMs?: number;
  /** Longest wait for the first connection; default 5000. */
  readonly connectTimeoutMs?: number;
}

const DEFAULT_COMMAND_TIMEOUT_MS = 1000;
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const MAX_RETRY_DELAY_MS = 1000;

/** `keys` = how many of the arguments are keys. Names begin with gv: one of Redis' own would break the handshake. */
const SCRIPTS = {
  gvPutCall: { file: 'put-call.lua', keys: 2 },
  gvRemoveCall: { file: 'remove-call.lua', keys: 2 },
  gvListCalls: { file: 'list-calls.lua', keys: 2 },
  gvAdoptCall: { file: 'adopt-call.lua', keys: 1 },
  gvHeartbeat: { file: 'heartbeat.lua', keys: 1 },
  gvDeadOwners: { file: 'dead-owners.lua', keys: 2 },
  gvAddUsage: { file: 'add-usage.lua', keys: 1 },
  gvClaimKey: { file: 'claim-key.lua', keys: 1 },
  gvSetAside: { file: 'set-aside.lua', keys: 3 },
} as const;
type Scripts = Readonly<Record<keyof typeof SCRIPTS, (...args: string[]) => Promise<unknown>>>;

/** Connects. Throws `refused` for an address that is none, `unreachable` when Redis does not let us in in time. */
export async function openRedisState(options: RedisStateOptions): Promise<RedisState> {
  const where = placeOf(options.url);
  const redis = new Redis(options.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
    connectTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 10), MAX_RETRY_DELAY_MS),
    // After a failover the old master answers READONLY: connect anew instead of failing for ever.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  for (const [name, { file, keys }] of Object.entries(SCRIPTS)) {
    const lua = readFileSync(new URL(`redis/lua/${file}`, import.meta.url), 'utf8');
    redis.defineCommand(name, { lua, numberOfKeys: keys });
  }
  const state = new RedisState(redis, where, options);
  await firstConnection(redis, where, options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS);
  await warnOfEviction(redis, where, options.onAlarm);
  return state;
}

export class RedisState implements SharedStatePort {
  readonly #redis: Redis;
  readonly #scripts: Scripts;
  readonly #where: string;
  readonly #onAlarm: OnAlarm;
  readonly #prefix: string;
  #isDown = false;
  #isClosed = false;
  #unreadable = 0;

  /** Use `openRedisState`. */
  constructor(redis: Redis, where: string, options: RedisStateOptions) {
    this.#redis = redis;
    this.#scripts = redis as unknown as Scripts;
    this.#where = where;
    this.#onAlarm = options.onAlarm;
    this.#prefix = options.prefix ?? 'genvoice';
    redis.on('error', () => this.#tellDown());
    redis.on('close', () => this.#tellDown());
    redis.on('ready', () => this.#tellUp());
  }

  /** Snapshots set aside since the opening, because they held no call. */
  get unreadable(): number {
    return this.#unreadable;
  }

  async putCall(call: CallSnapshot): Promise<void> {
    await this.#ask(() => this.#scripts.gvPutCall(...this.#callKeys(), call.id, call.owner, JSON.stringify(call)));
  }
  async removeCall(id: string): Promise<void> {
    await this.#ask(() => this.#scripts.gvRemoveCall(...this.#callKeys(), id));
  }
  async listCalls(): Promise<readonly CallSnapshot[]> {
    const answer = await this.#ask(() => this.#scripts.gvListCalls(...this.#callKeys()));
    const [snapshots, owners] = answer as [string[], string[]];
    const ownerOf = new Map(pairs(owners));
    const calls: CallSnapshot[] = [];
    for (const [id, text] of pairs(snapshots)) {
      const call = parseSnapshot(text, id, ownerOf.get(id) ?? '');
      if (call === null) await this.#setAside(id, text);
      else calls.push(call);
    }
    return calls;
  }

  async putSwitch(position: SwitchPosition): Promise<void> {
    const field = JSON.stringify([position.customer, position.name]);
    await this.#ask(() => this.#redis.hset(this.#key('switches'), field, JSON.stringify(position)));
  }
  async listSwitches(): Promise<readonly SwitchPosition[]> {
    const texts = await this.#ask(() => this.#redis.hvals(this.#key('switches')));
    return texts.map(parseSwitch).filter((position) => position !== null);
  }

  async nextTurn(key: string): Promise<number> {
    return (await this.#ask(() => this.#redis.hincrby(this.#key('turns'), key, 1))) - 1;
  }
  async putLastTalked(customer: string, extension: string, atMs: number): Promise<void> {
    await this.#ask(() => this.#redis.hset(this.#talkedKey(customer), extension, String(Math.round(atMs))));
  }
  async lastTalked(customer: string, extensions: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (extensions.length === 0) return new Map();
    const times = await this.#ask(() => this.#redis.hmget(this.#talkedKey(customer), ...extensions));
    const found = new Map<string, number>();
    for (const [index, extension] of extensions.entries()) {
      const atMs = Number(times[index] ?? Number.NaN);
      if (Number.isFinite(atMs)) found.set(extension, atMs);
    }
    return found;
  }

  async addUsage(key: string, day: string, ms: number, pence: number): Promise<void> {
    await this.#ask(() => this.#scripts.gvAddUsage(this.#usageKey(key, day), String(Math.round(ms)), String(pence)));
  }
  async usage(key: string, day: string): Promise<{ readonly ms: number; readonly pence: number }> {
    const [ms, pence] = await this.#ask(() => this.#redis.hmget(this.#usageKey(key, day), 'ms', 'pence'));
    return { ms: Number(ms ?? 0), pence: Number(pence ?? 0) };
  }
  async claimKey(key: string, value: string, ttlMs: number): Promise<string> {
    return String(await this.#ask(() => this.#scripts.gvClaimKey(this.#key(`claim:${key}`), value, String(Math.round(ttlMs)))));
  }
  async claimedValue(key: string): Promise<string | null> {
    return this.#ask(() => this.#redis.get(this.#key(`claim:${key}`)));
  }
  async heartbeat(owner: string, ttlMs: number): Promise<void> {
    await this.#ask(() => this.#scripts.gvHeartbeat(this.#key('heartbeats'), owner, String(Math.round(ttlMs))));
  }
  async deadOwners(): Promise<readonly string[]> {
    return (await this.#ask(() =>
      this.#scripts.gvDeadOwners(this.#key('owners'), this.#key('heartbeats')),
    )) as string[];
  }
  async adoptCall(id: string, fromOwner: string, toOwner: string): Promise<boolean> {
    return (await this.#ask(() => this.#scripts.gvAdoptCall(this.#key('owners'), id, fromOwner, toOwner))) === 1;
  }

  async ping(): Promise<boolean> {
    try {
      return (await this.#ask(() => this.#redis.ping())) === 'PONG';
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // QUIT lets the requests under way finish; without a connection there is nothing to finish.
    await this.#redis.quit().catch(() => this.#redis.disconnect());
  }

  async #setAside(id: string, text: string): Promise<void> {
    const keys = [...this.#callKeys(), this.#key('unreadable')];
    if ((await this.#ask(() => this.#scripts.gvSetAside(...keys, id, text))) !== 1) return;
    this.#unreadable += 1;
    this.#onAlarm(
      `The state of call ${id.slice(0, 64)} in Redis at ${this.#where} could not be read. It is kept under ${this.#key('unreadable')}; that call is not carried on.`,
    );
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StoreError('closed', `The connection to Redis at ${this.#where} has been closed.`);
    try {
      return await request();
    } catch (error) {
      const reply = error instanceof Error && error.name === 'ReplyError';
      const why = error instanceof Error ? error.message.slice(0, 200) : String(error);
      if (!reply)
        throw new StoreError(
          'unreachable',
          `Redis at ${this.#where} did not answer (${why}). The connection is tried again.`,
        );
      throw new StoreError('failed', `Redis at ${this.#where} refused a request: ${why}`);
    }
  }

  /** The tag in braces keeps the keys that one script touches on one node of a cluster. */
  #key(name: string): string {
    return `${this.#prefix}:{state}:${name}`;
  }
  #usageKey(key: string, day: string): string {
    return this.#key(`usage:${day}:${key}`);
  }
  #talkedKey(customer: string): string {
    return `${this.#prefix}:{${customer}}:last-talked`;
  }
  #callKeys(): [string, string] {
    return [this.#key('calls'), this.#key('owners')];
  }

  #tellDown(): void {
    if (this.#isDown || this.#isClosed) return;
    this.#isDown = true;
    this.#onAlarm(`Redis at ${this.#where} is out of reach. Calls go on; their state is not shared until it is back.`);
  }
  #tellUp(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#onAlarm(`Redis at ${this.#where} is back.`);
  }
}

/** Host, port and database of the address: what may be shown. */
function placeOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new StoreError('refused', 'The Redis address is no URL. Write it as redis://host:6379 (rediss:// for TLS).');
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw new StoreError(
      'refused',
      'The Redis address must begin with redis:// or rediss://, for example redis://127.0.0.1:6379.',
    );
  }
  return `${parsed.hostname}:${parsed.port === '' ? '6379' : parsed.port}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}

async function firstConnection(redis: Redis, where: string, withinMs: number): Promise<void> {
  let reason = 'no answer';
  const note = (error: Error): void => {
    reason = error.message.slice(0, 200);
  };
  redis.on('error', note);
  let timer: NodeJS.Timeout | undefined;
  const ready = new Promise<boolean>((resolve) => {
    redis.once('ready', () => resolve(true));
    // Whatever kept the first try from working, `error` events and the time limit say so.
    redis.connect().catch(note);
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const isReady = await ready;
  clearTimeout(timer);
  redis.off('error', note);
  if (isReady) return;
  redis.disconnect();
  throw new StoreError(
    'unreachable',
    `Redis at ${where} could not be used within ${withinMs / 1000} s (${reason}). Start it, or correct its address and password in the settings.`,
  );
}

/** A server that may evict keys would drop live calls without a word. */
async function warnOfEviction(redis: Redis, where: string, onAlarm: OnAlarm): Promise<void> {
  const memory = await redis.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  const limit = Number(/^maxmemory:(\d+)/m.exec(memory)?.[1] ?? 0);
  if (limit === 0 || policy === 'noeviction') return;
  onAlarm(
    `Redis at ${where} may drop live calls when its memory is full (${policy}). Set maxmemory-policy to noeviction there.`,
  );
}

function pairs(flat: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return found;
}

function parseSwitch(text: string): SwitchPosition | null {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== 'object' || read === null) return null;
    const { customer, name, position, setAtMs, setBy } = read as Partial<SwitchPosition>;
    if (typeof customer !== 'string' || typeof name !== 'string' || typeof position !== 'string') return null;
    return { customer, name, position, setAtMs: Number(setAtMs ?? 0), setBy: String(setBy ?? '') };
  } catch {
    return null;
  }
}
