// Asks other systems for lookup steps, within limits that nothing in a plan can widen: listed hosts, https, checked
// addresses, no redirects, bounded time and size. A failure is an answer, never an exception. Read `ask` below first.
import { lookup as resolveName } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import type { Agent, buildConnector, Dispatcher } from 'undici';
import type { LookupPort, LookupRequest, LookupResult } from '../ports/lookup.ts';
import { classifyAddress } from './addresses.ts';
import { readJson } from './read-json.ts';

interface Address {
  readonly address: string;
  readonly family: number;
}
export interface HttpsLookupOptions {
  /** Hosts that may be asked, exactly; empty = none. */
  readonly hosts: readonly string[];
  /** Listed hosts may have private addresses, and loopback ones may be asked by plain http. */
  readonly allowPrivate: boolean;
  /** All addresses of a name; the system's resolver unless a test hands one in. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
  /** Certificates trusted instead of the system's (PEM). */
  readonly ca?: string;
}
export interface HttpsLookup extends LookupPort {
  /** POSTs JSON within the same limits. null = taken (any 2xx); else why not, as a sentence part. Never rejects. */
  tell(url: string, json: string, timeoutMs: number): Promise<string | null>;
  /** Resolves when the first question would not wait for modules any more. */
  load(): Promise<void>;
  close(): Promise<void>;
}

/** A plan may ask for less. One main-thread task must stay under 20 ms, and 1 MiB of JSON takes about 10. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_TIME_MS = 30_000;
const MAX_CONNECTIONS_PER_HOST = 64;
const KEEP_ALIVE_MS = 10_000;
/** Headers that decide where and how a request is read; a plan cannot set them. */
const RESERVED = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'keep-alive', 'accept-encoding', 'proxy-authorization', 'proxy-connection']);

/** A reason to answer `failed`. Its message is shown: it must hold no part of a path, query, header or body. */
class Refusal extends Error {}

export function createHttpsLookup(options: HttpsLookupOptions): HttpsLookup {
  const hosts = new Set(options.hosts.map((host) => host.toLowerCase()));
  let made: Promise<Agent> | null = null;
  const agent = (): Promise<Agent> => (made ??= makeAgent(options));
  const never = new AbortController().signal;
  /** `act` on a checked address within the time; why not, where it failed. Rejects with the signal's own reason alone. */
  const within = async <T>(address: string, timeMs: number, signal: AbortSignal, act: (client: Agent, url: URL, both: AbortSignal) => Promise<T>): Promise<T | { readonly failed: string }> => {
    signal.throwIfAborted();
    const client = await agent();
    signal.throwIfAborted();
    const limit = new AbortController();
    const timeoutMs = Math.min(MAX_TIME_MS, Math.max(1, timeMs));
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const both = AbortSignal.any([signal, limit.signal]);
    try {
      const url = checkedUrl(address, hosts, options.allowPrivate);
      // Raced, because a name that is being resolved cannot be taken back.
      return await Promise.race([act(client, url, both), aborted(both)]);
    } catch (error) {
      signal.throwIfAborted();
      return { failed: limit.signal.aborted ? `no whole answer within ${timeoutMs} ms` : reasonOf(error) };
    } finally {
      clearTimeout(timer);
      // Ends whatever the race left under way, and its socket.
      limit.abort();
    }
  };
  return {
    async ask(request, signal) {
      const result = await within(request.url, request.timeoutMs, signal, (client, url, both) => exchange(client, url, request, both));
      return 'failed' in result ? { kind: 'failed', reason: result.failed } : result;
    },
    async tell(address, json, timeoutMs) {
      const result = await within(address, timeoutMs, never, (client, url, both) => deliver(client, url, json, both));
      return result === null ? null : result.failed;
    },
    async load() {
      await agent();
    },
    async close() {
      await (await made)?.destroy();
    },
  };
}

/** Loaded when it is wanted: a tenth of a second of a start after a crash, while calls wait. */
async function makeAgent(options: HttpsLookupOptions): Promise<Agent> {
  const undici = await import('undici');
  return new undici.Agent({
    connect: checkedConnector(options, undici.buildConnector),
    connections: MAX_CONNECTIONS_PER_HOST,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Our own time limit covers everything; undici's would only start after parts of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 16 * 1024,
  });
}

/** null = the other side has taken it. What it answers besides is of no interest and not read. */
async function deliver(agent: Agent, url: URL, json: string, signal: AbortSignal): Promise<null> {
  const answer = await agent.request({
    origin: url.origin, path: `${url.pathname}${url.search}`, method: 'POST', body: json, signal,
    headers: { 'content-type': 'application/json', accept: '*/*', 'accept-encoding': 'identity' },
  });
  answer.body.on('error', () => undefined).destroy();
  const code = answer.statusCode;
  if (code >= 300 && code < 400) throw new Refusal(`it answered ${code}, a redirect, which is not followed`);
  if (code < 200 || code >= 300) throw new Refusal(`it answered ${code}`);
  return null;
}

async function exchange(agent: Agent, url: URL, request: LookupRequest, signal: AbortSignal): Promise<LookupResult> {
  const answer = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: headersOf(request),
    body: request.method === 'POST' ? request.body : null,
    signal,
  });
  try {
    return await readAnswer(answer, Math.min(MAX_ANSWER_BYTES, request.maxBytes));
  } finally {
    // A body that was not read to its end must not keep the connection.
    if (!answer.body.readableEnded) answer.body.on('error', () => undefined).destroy();
  }
}

async function readAnswer(answer: Dispatcher.ResponseData, maxBytes: number): Promise<LookupResult> {
  const { statusCode: code, headers } = answer;
  if (code === 404 || code === 410 || code === 204) return { kind: 'not-found' };
  if (code >= 300 && code < 400) throw new Refusal(`it answered ${code}, a redirect, which is not followed`);
  if (code !== 200) throw new Refusal(`it answered ${code}`);
  const encoding = one(headers['content-encoding']).toLowerCase();
  if (encoding !== '' && encoding !== 'identity') throw new Refusal('its answer is compressed, which was not asked for');
  if (!/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(one(headers['content-type']).slice(0, 200))) throw new Refusal('its answer is not marked as JSON');
  if (Number(one(headers['content-length'])) > maxBytes) throw new Refusal(`its answer has more than ${maxBytes} bytes`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxBytes) throw new Refusal(`its answer has more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  const read = readJson(Buffer.concat(chunks));
  if (!read.ok) throw new Refusal(read.reason);
  return { kind: 'found', json: read.json };
}

function checkedUrl(text: string, hosts: ReadonlySet<string>, allowPrivate: boolean): URL {
  if (text.length > 8192 || !URL.canParse(text)) throw new Refusal('its address cannot be read');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new Refusal('its address has a user name or password inside');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (!hosts.has(host)) throw new Refusal(`the host ${shown(host)} is not listed in GENVOICE_LOOKUP_HOSTS`);
  const isLoopbackName = host === 'localhost' || (isIP(host) !== 0 && classifyAddress(host) === 'loopback');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate && isLoopbackName)) throw new Refusal('its address does not begin with https://');
  return url;
}

/**
 * Connects only to addresses that were judged. The judging happens in the resolver of the very connection that is made,
 * so that a name cannot be public when asked and private when used; the connected socket is judged once more.
 */
function checkedConnector(options: HttpsLookupOptions, build: typeof buildConnector): buildConnector.connector {
  const resolve = options.resolve ?? ((host: string) => resolveName(host, { all: true, verbatim: true }));
  const find = callbackify(async (host: string, family: number): Promise<readonly Address[]> => {
    const found = await resolve(host).catch((error: NodeJS.ErrnoException) => {
      throw new Refusal(`the name ${shown(host)} could not be resolved (${error.code ?? 'unknown'})`);
    });
    const wanted = found.filter((entry) => family === 0 || entry.family === family);
    const allowed = wanted.filter(({ address }) => isAllowed(address, options.allowPrivate));
    if (allowed.length === 0) throw new Refusal(wanted.length === 0 ? `the host ${shown(host)} has no address` : refusedAddress(host));
    return allowed;
  });
  const lookup: LookupFunction = (host, { all, family }, done) => {
    find(host, Number(String(family ?? 0).replace(/\D/g, '')), (error, found) => {
      const [first] = found ?? [];
      if (first === undefined) done(error, '', 0);
      else if (all === true) done(null, [...found]);
      else done(null, first.address, first.family);
    });
  };
  const connect = build({ lookup, timeout: MAX_TIME_MS, ...(options.ca === undefined ? {} : { ca: options.ca }) } as buildConnector.BuildOptions);
  return (target, done) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // An address written as such is never resolved.
    if (isIP(host) !== 0 && !isAllowed(host, options.allowPrivate)) return done(new Refusal(refusedAddress(host)), null);
    return connect(target, (error, socket) => {
      if (error !== null) return done(error, null);
      if (isAllowed(socket.remoteAddress ?? '', options.allowPrivate)) return done(null, socket);
      socket.destroy();
      return done(new Refusal(refusedAddress(host)), null);
    });
  };
}

function isAllowed(address: string, allowPrivate: boolean): boolean {
  const kind = classifyAddress(address);
  return kind === 'public' || (allowPrivate && kind !== 'never');
}

function refusedAddress(host: string): string {
  return `the host ${shown(host)} has an address of an internal network, which lookups may not reach`;
}

function headersOf(request: LookupRequest): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json' };
  for (const [name, value] of Object.entries(request.headers)) {
    if (RESERVED.has(name.toLowerCase())) throw new Refusal(`its header ${shown(name)} cannot be set by a plan`);
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(value)) throw new Refusal(`its header ${shown(name)} has characters that a header cannot hold`);
    headers[name.toLowerCase()] = value;
  }
  if (request.method === 'POST') headers['content-type'] ??= 'application/json';
  return { ...headers, 'accept-encoding': 'identity' };
}

function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof Refusal) return at.message;
  // Messages of other errors may repeat addresses and headers; their codes do not.
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'its host refused the connection',
    ECONNRESET: 'its host broke the connection',
    UND_ERR_SOCKET: 'its host broke the connection',
    UND_ERR_CONNECT_TIMEOUT: 'its host did not answer',
    UND_ERR_HEADERS_OVERFLOW: 'its answer has too many headers',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer has another length than announced',
  };
  if (code !== undefined && Object.hasOwn(known, code)) return known[code] ?? '';
  if (code !== undefined && /CERT|SELF_SIGNED|TLS|SSL|ALTNAME|VERIFY/.test(code)) return `its certificate is not trusted (${code})`;
  return `the request failed (${typeof code === 'string' ? shown(code) : 'unknown'})`;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(new Refusal('aborted'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

function one(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}

function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}
