// The npm package ari-client 2.2 behind our transport port: its global event stream and its requests, nothing else of it.
// Hidden here: it gives up after 10 tries, has no heartbeat and no time limits, can wait for ever while it loads the API,
// throws inside its socket callback at an unknown event, puts the password into the URL. Read `#attempt` first.
import { TelephonyError } from '../ports/telephony.ts';
import { connectClient, type AriClient, type Reply } from './ari-client-shape.ts';
import { statusError } from './errors.ts';
import { HttpRequests, parseAnswer, timedOut } from './http-requests.ts';
import { HEARTBEAT, reconnectDelayMs, refusalText } from './link.ts';
import { ariBase, type AriAddress, type AriRequest, type AriTransport } from './transport.ts';

/** Its HTTP client tells nobody that a connection failed; while the socket is down nothing is waited for longer. */
const NO_LINK_LIMIT_MS = 1_000;

interface Pending {
  readonly noLink: () => void;
}

export class AriClientTransport implements AriTransport {
  readonly #address: AriAddress;
  readonly #base: URL;
  readonly #http: HttpRequests;
  readonly #pending = new Set<Pending>();
  #client: AriClient | null = null;
  #isOpen = false;
  #isStopped = false;
  #attempts = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Ends the present socket; set while there is one. */
  #close: (() => void) | null = null;
  #onEvent: (event: unknown) => void = () => {};
  #onSocket: (state: 'open' | 'closed', reason: string) => void = () => {};

  /** Throws RangeError when ARI lies below a path: the package knows `/ari` at the root alone. */
  constructor(address: AriAddress) {
    this.#address = address;
    this.#base = ariBase(address.url);
    if (this.#base.pathname !== '/ari') throw new RangeError(`ARI_URL has the path ${this.#base.pathname}; ari-client knows /ari at the root of a host alone. Use GENVOICE_ARI=own`);
    this.#http = new HttpRequests(address);
  }

  onEvent(listener: (event: unknown) => void): void {
    this.#onEvent = listener;
  }
  onSocket(listener: (state: 'open' | 'closed', reason: string) => void): void {
    this.#onSocket = listener;
  }
  start(): void {
    void this.#attempt();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#isOpen = false;
    this.#close?.();
    for (const pending of this.#pending) pending.noLink();
    await this.#http.close();
  }

  async request(request: AriRequest): Promise<unknown> {
    const verb = `${request.resource}.${request.operation}`;
    const client = this.#client;
    if (client === null || this.#isStopped) throw noLink(verb, 'the link is down');
    const run = client.operation(request.resource, request.operation);
    // What this Asterisk's own API description lacks goes out by our HTTP client, this one request alone.
    if (run === undefined) return this.#http.request(request);
    const reply = await this.#settled(verb, () => run(request));
    const text = reply.data.toString('utf8');
    if (reply.status >= 300) throw statusError(verb, reply.status, text);
    return parseAnswer(verb, text);
  }

  async download(path: string): Promise<Uint8Array> {
    const name = /^recordings\/stored\/([^/]+)\/file$/.exec(path)?.[1];
    const run = this.#client?.operation('recordings', 'getStoredFile');
    if (name === undefined || run === undefined) return this.#http.download(path);
    const reply = await this.#settled('download', () => run({ params: { recordingName: decodeURIComponent(name) }, body: undefined }));
    if (reply.status >= 300) throw statusError('download', reply.status, reply.data.toString('utf8'));
    return new Uint8Array(reply.data);
  }

  /** Our own deadline over a promise of the package, which may never settle. The request itself cannot be taken back. */
  #settled(verb: string, run: () => Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const over = (act: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(pending);
        act();
      };
      const limitMs = this.#address.requestLimitMs;
      let timer = setTimeout(() => over(() => reject(timedOut(verb, limitMs))), limitMs);
      const pending: Pending = {
        noLink: () => {
          clearTimeout(timer);
          timer = setTimeout(() => over(() => reject(noLink(verb, 'the link went down'))), this.#isStopped ? 0 : Math.min(NO_LINK_LIMIT_MS, limitMs));
        },
      };
      this.#pending.add(pending);
      if (!this.#isOpen) pending.noLink();
      run().then((reply) => over(() => resolve(reply)), (error: unknown) => over(() => reject(noLink(verb, error instanceof Error ? error.message : String(error)))));
    });
  }

  /** One client from its making to its end; the next attempt makes a new one, because the package's own tries are numbered. */
  async #attempt(): Promise<void> {
    const { user, password, requestLimitMs } = this.#address;
    let client: AriClient;
    try {
      client = await connectClient(this.#base, user, password, requestLimitMs);
    } catch (error) {
      return this.#again(error instanceof Error ? error.message : String(error));
    }
    if (this.#isStopped) return;
    this.#client = client;
    let heardMs = performance.now();
    let pinger: NodeJS.Timeout | null = null;
    let isOver = false;
    const over = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      if (pinger !== null) clearInterval(pinger);
      this.#close = null;
      client.terminate();
      if (!this.#isStopped) this.#again(reason);
    };
    this.#close = () => over('stopped');
    client.open(this.#address.app, {
      opened: () => {
        if (isOver) return;
        heardMs = performance.now();
        pinger = setInterval(() => (performance.now() - heardMs > HEARTBEAT.silenceMs ? over(HEARTBEAT.text) : client.ping()), HEARTBEAT.pingEveryMs);
        this.#attempts = 0;
        this.#isOpen = true;
        this.#onSocket('open', '');
      },
      heard: () => {
        heardMs = performance.now();
      },
      event: (event) => {
        if (!isOver) this.#onEvent(event);
      },
      refused: (status) => over(refusalText(status)),
      closed: over,
    });
  }

  #again(reason: string): void {
    if (this.#isStopped) return;
    this.#isOpen = false;
    for (const pending of this.#pending) pending.noLink();
    this.#timer = setTimeout(() => void this.#attempt(), reconnectDelayMs(this.#attempts));
    this.#attempts += 1;
    this.#onSocket('closed', reason);
  }
}

function noLink(verb: string, why: string): TelephonyError {
  return new TelephonyError('no-link', `${verb} did not reach Asterisk: ${why}`);
}
