// Our own connection to ARI: events by WebSocket, requests by HTTP keep-alive with as many connections as there are
// requests in flight, so that a request that Asterisk blocks (ASTERISK.md 3: setVariable, answer or addChannel during a
// channel playback) never stands in front of another call's. Reconnects for ever; notices a half-open link within 5 s.
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { TelephonyError } from '../ports/telephony.ts';
import { statusError } from './errors.ts';
import { ariBase, authorization, pathAndQuery, type AriAddress, type AriRequest, type AriTransport } from './transport.ts';

/** A ping each, and a pong within: together below the 5 s in which a dead link must be noticed. */
const PING_EVERY_MS = 1_500;
const PONG_WITHIN_MS = 2_500;
const RECONNECT_MS = [20, 50, 100, 250, 500, 1_000, 2_000] as const;
/** Largest event: a channel with every variable set; far below this. */
const MAX_EVENT_BYTES = 4 * 1024 * 1024;

export class OwnTransport implements AriTransport {
  readonly #address: AriAddress;
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #pool: Pool;
  #socket: WebSocket | null = null;
  #isStopped = false;
  #attempt = 0;
  #timer: NodeJS.Timeout | null = null;
  #pinger: NodeJS.Timeout | null = null;
  #onEvent: (event: unknown) => void = () => {};
  #onSocket: (state: 'open' | 'closed', reason: string) => void = () => {};

  constructor(address: AriAddress) {
    this.#address = address;
    this.#base = ariBase(address.url);
    this.#headers = { authorization: authorization(address), 'content-type': 'application/json' };
    this.#pool = new Pool(this.#base.origin, {
      connections: null,
      pipelining: 1,
      keepAliveTimeout: 50_000,
      connect: { timeout: 2_000 },
      headersTimeout: address.requestLimitMs,
      bodyTimeout: address.requestLimitMs,
    });
  }

  onEvent(listener: (event: unknown) => void): void {
    this.#onEvent = listener;
  }
  onSocket(listener: (state: 'open' | 'closed', reason: string) => void): void {
    this.#onSocket = listener;
  }
  start(): void {
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#pinger !== null) clearInterval(this.#pinger);
    const socket = this.#socket;
    this.#socket = null;
    socket?.removeAllListeners();
    socket?.on('error', () => {});
    socket?.close();
    // A peer that does not answer the close must not hold up our own end.
    const kill = setTimeout(() => socket?.terminate(), 500);
    kill.unref();
    await this.#pool.destroy();
  }

  async request(request: AriRequest): Promise<unknown> {
    const answer = await this.#send(request.method, pathAndQuery(request), `${request.resource}.${request.operation}`, request.body);
    const text = await this.#read(answer.body.text(), request.operation);
    if (answer.statusCode >= 300) throw statusError(`${request.resource}.${request.operation}`, answer.statusCode, text);
    if (text === '') return null;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new TelephonyError('failed', `${request.resource}.${request.operation} answered with text that is no JSON`);
    }
  }

  async download(path: string): Promise<Uint8Array> {
    const answer = await this.#send('GET', path, 'download', undefined);
    if (answer.statusCode >= 300) throw statusError('download', answer.statusCode, await this.#read(answer.body.text(), 'download'));
    return new Uint8Array(await this.#read(answer.body.arrayBuffer(), 'download'));
  }

  async #send(method: AriRequest['method'], path: string, verb: string, body: unknown) {
    try {
      return await this.#pool.request({
        method,
        path: `${this.#base.pathname}/${path}`,
        headers: this.#headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch (error) {
      throw asTelephonyError(verb, error);
    }
  }

  async #read<T>(body: Promise<T>, verb: string): Promise<T> {
    try {
      return await body;
    } catch (error) {
      throw asTelephonyError(verb, error);
    }
  }

  #connect(): void {
    if (this.#isStopped) return;
    const url = new URL(this.#base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.pathname += '/events';
    url.searchParams.set('app', this.#address.app);
    url.searchParams.set('subscribeAll', 'false');
    const socket = new WebSocket(url, {
      headers: { authorization: this.#headers['authorization'] },
      maxPayload: MAX_EVENT_BYTES,
      handshakeTimeout: 3_000,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let isOver = false;
    const over = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      if (this.#pinger !== null) clearInterval(this.#pinger);
      this.#pinger = null;
      socket.terminate();
      if (this.#socket !== socket || this.#isStopped) return;
      this.#socket = null;
      this.#onSocket('closed', reason);
      this.#again();
    };
    socket.on('open', () => {
      this.#attempt = 0;
      this.#watch(socket, over);
      this.#onSocket('open', '');
    });
    socket.on('message', (raw: Buffer) => {
      if (this.#socket !== socket) return;
      let event: unknown;
      try {
        event = JSON.parse(raw.toString('utf8')) as unknown;
      } catch {
        return;
      }
      this.#onEvent(event);
    });
    socket.on('unexpected-response', (request, response) => {
      response.resume();
      request.destroy();
      over(response.statusCode === 401 ? 'Asterisk refused the ARI user or password (401)' : `Asterisk answered ${response.statusCode} to the event socket`);
    });
    socket.on('error', (error) => over(error.message));
    socket.on('close', (code) => over(`the event socket was closed (${code})`));
  }

  /** A link that is open on our side only shows by its silence. */
  #watch(socket: WebSocket, over: (reason: string) => void): void {
    let heardMs = performance.now();
    const hear = (): void => {
      heardMs = performance.now();
    };
    socket.on('pong', hear);
    socket.on('message', hear);
    this.#pinger = setInterval(() => {
      if (performance.now() - heardMs > PING_EVERY_MS + PONG_WITHIN_MS) over('Asterisk did not answer for 4 s');
      else socket.ping();
    }, PING_EVERY_MS);
  }

  #again(): void {
    const delay = RECONNECT_MS[Math.min(this.#attempt, RECONNECT_MS.length - 1)] ?? 2_000;
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), delay);
  }
}

function asTelephonyError(verb: string, error: unknown): TelephonyError {
  if (error instanceof TelephonyError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return new TelephonyError('timeout', `${verb} got no answer in time`);
  return new TelephonyError('no-link', `${verb} did not reach Asterisk: ${text}`);
}
