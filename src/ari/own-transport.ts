// Our own connection to ARI: events by WebSocket, requests by HTTP keep-alive (http-requests.ts). Reconnects for ever;
// notices a half-open link within 5 s.
import { WebSocket } from 'ws';
import { HttpRequests } from './http-requests.ts';
import { HEARTBEAT, reconnectDelayMs, refusalText } from './link.ts';
import { ariBase, authorization, type AriAddress, type AriRequest, type AriTransport } from './transport.ts';

/** Largest event: a channel with every variable set; far below this. */
const MAX_EVENT_BYTES = 4 * 1024 * 1024;

export class OwnTransport implements AriTransport {
  readonly #address: AriAddress;
  readonly #base: URL;
  readonly #http: HttpRequests;
  #socket: WebSocket | null = null;
  #isStopped = false;
  #attempt = 0;
  /** When the socket last gave a sign of life. */
  #heardMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #pinger: NodeJS.Timeout | null = null;
  #onEvent: (event: unknown) => void = () => {};
  #onSocket: (state: 'open' | 'closed', reason: string) => void = () => {};

  constructor(address: AriAddress) {
    this.#address = address;
    this.#base = ariBase(address.url);
    this.#http = new HttpRequests(address);
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
    await this.#http.close();
  }

  request(request: AriRequest): Promise<unknown> {
    return this.#http.request(request);
  }

  download(path: string): Promise<Uint8Array> {
    return this.#http.download(path);
  }

  #connect(): void {
    if (this.#isStopped) return;
    const url = new URL(this.#base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.pathname += '/events';
    url.searchParams.set('app', this.#address.app);
    url.searchParams.set('subscribeAll', 'false');
    const socket = new WebSocket(url, {
      headers: { authorization: authorization(this.#address) },
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
      this.#heardMs = performance.now();
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
      over(refusalText(response.statusCode ?? 0));
    });
    socket.on('error', (error) => over(error.message));
    socket.on('close', (code) => over(`the event socket was closed (${code})`));
  }

  /** A link that is open on our side only shows by its silence. */
  #watch(socket: WebSocket, over: (reason: string) => void): void {
    this.#heardMs = performance.now();
    socket.on('pong', () => {
      this.#heardMs = performance.now();
    });
    this.#pinger = setInterval(() => {
      if (performance.now() - this.#heardMs > HEARTBEAT.silenceMs) over(HEARTBEAT.text);
      else socket.ping();
    }, HEARTBEAT.pingEveryMs);
  }

  #again(): void {
    this.#timer = setTimeout(() => this.#connect(), reconnectDelayMs(this.#attempt));
    this.#attempt += 1;
  }
}
