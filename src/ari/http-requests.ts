// Requests to ARI over HTTP keep-alive with as many connections as there are requests in flight: a request that Asterisk
// blocks (setVariable, answer or addChannel during a channel playback, 22.10) holds its own connection and nobody else's.
// Shared by both transports. src/decisions/0002 says why it is not the event socket.
import { Pool } from 'undici';
import { TelephonyError } from '../ports/telephony.ts';
import { statusError } from './errors.ts';
import { ariBase, authorization, pathAndQuery, type AriAddress, type AriRequest } from './transport.ts';

export class HttpRequests {
  readonly #pathname: string;
  readonly #limitMs: number;
  readonly #headers: Record<string, string>;
  readonly #pool: Pool;

  constructor(address: AriAddress) {
    const base = ariBase(address.url);
    this.#pathname = base.pathname;
    this.#limitMs = address.requestLimitMs;
    this.#headers = { authorization: authorization(address), 'content-type': 'application/json' };
    this.#pool = new Pool(base.origin, {
      // null = no upper limit; with one, a request would wait for somebody else's blocked one.
      connections: null,
      pipelining: 1,
      keepAliveTimeout: 50_000,
      connect: { timeout: Math.min(2_000, address.requestLimitMs) },
      // The deadline itself is #within's; these let go of the connection a moment later. An AbortSignal for each request
      // would do both at once, at more CPU for every one of them.
      headersTimeout: address.requestLimitMs + 1_000,
      bodyTimeout: address.requestLimitMs + 1_000,
    });
  }

  /** The parsed answer, null when empty. Rejects with TelephonyError, at the latest after the address's limit. */
  async request(request: AriRequest): Promise<unknown> {
    const verb = `${request.resource}.${request.operation}`;
    return this.#within(verb, async () => {
      const answer = await this.#send(request.method, pathAndQuery(request), request.body);
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw statusError(verb, answer.statusCode, text);
      return parseAnswer(verb, text);
    });
  }

  /** The bytes behind a path below /ari. */
  async download(path: string): Promise<Uint8Array> {
    return this.#within('download', async () => {
      const answer = await this.#send('GET', path, undefined);
      if (answer.statusCode >= 300) throw statusError('download', answer.statusCode, await answer.body.text());
      return new Uint8Array(await answer.body.arrayBuffer());
    });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #within<T>(verb: string, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(timedOut(verb, this.#limitMs)), this.#limitMs);
      act().then(resolve, (error: unknown) => {
        if (error instanceof TelephonyError) reject(error);
        else reject(new TelephonyError('no-link', `${verb} did not reach Asterisk: ${error instanceof Error ? error.message : String(error)}`));
      }).finally(() => clearTimeout(timer));
    });
  }

  #send(method: AriRequest['method'], path: string, body: unknown) {
    return this.#pool.request({ method, path: `${this.#pathname}/${path}`, headers: this.#headers, body: body === undefined ? null : JSON.stringify(body) });
  }
}

export function timedOut(verb: string, limitMs: number): TelephonyError {
  return new TelephonyError('timeout', `${verb} got no answer within ${limitMs} ms`);
}

/** JSON of an answer, null when empty; throws TelephonyError for anything else. */
export function parseAnswer(verb: string, text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TelephonyError('failed', `${verb} answered with text that is no JSON`);
  }
}
