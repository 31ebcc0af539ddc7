// Requests to ARI over HTTP keep-alive with as many connections as there are requests in flight: a request that Asterisk
// blocks (setVariable, answer or addChannel during a channel playback, 22.10) holds its own connection and nobody else's.
// Shared by both transports. src/decisions/0002 says why it is not the event socket, and why no general HTTP client.
import { TelephonyError } from '../ports/telephony.ts';
import { statusError } from './errors.ts';
import { HttpConnection, type ConnectionOwner } from './http-connection.ts';
import { ariBase, authorization, pathAndQuery, type AriAddress, type AriRequest } from './transport.ts';

/** Below the 60 s after which our Asterisk closes a connection that nobody uses. */
const IDLE_LIMIT_MS = 50_000;
const LOOK_EVERY_MS = 10_000;
const CONNECT_LIMIT_MS = 2_000;

export class HttpRequests {
  readonly #base: URL;
  readonly #limitMs: number;
  /** Header fields that all requests share, with the end of the request line before them. */
  readonly #fields: string;
  readonly #open = new Set<HttpConnection>();
  /** The one used last comes last and is taken first, so that those not needed grow old. */
  readonly #idle: HttpConnection[] = [];
  readonly #owner: ConnectionOwner;
  #looker: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(address: AriAddress) {
    this.#base = ariBase(address.url);
    this.#limitMs = address.requestLimitMs;
    this.#fields = ` HTTP/1.1\r\nHost: ${this.#base.host}\r\nAuthorization: ${authorization(address)}\r\n`;
    this.#owner = {
      idle: (connection) => {
        connection.idleSinceMs = performance.now();
        this.#idle.push(connection);
      },
      gone: (connection) => {
        this.#open.delete(connection);
        const at = this.#idle.lastIndexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    };
  }

  /** The parsed answer, null when empty. Rejects with TelephonyError, at the latest after the address's limit. */
  request(request: AriRequest): Promise<unknown> {
    const verb = `${request.resource}.${request.operation}`;
    return this.#ask(verb, request.method, pathAndQuery(request), request.body, (body) => parseAnswer(verb, body.toString('utf8')));
  }

  /** The bytes behind a path below /ari. */
  download(path: string): Promise<Uint8Array> {
    return this.#ask('download', 'GET', path, undefined, (body) => new Uint8Array(body));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#looker !== null) clearInterval(this.#looker);
    this.#looker = null;
    for (const connection of this.#open) connection.close(new Error('we have ended'));
  }

  #ask<T>(verb: string, method: AriRequest['method'], path: string, body: unknown, read: (body: Buffer) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new TelephonyError('no-link', `${verb} was not sent: we have ended`));
      const connection = this.#idle.pop() ?? this.#connect();
      // The connection of a request that got no answer is of no use to another one.
      const timer = setTimeout(() => {
        reject(timedOut(verb, this.#limitMs));
        connection.close(new Error('no answer in time'));
      }, this.#limitMs);
      connection.ask(this.#text(method, path, body), {
        answered(status, bytes) {
          clearTimeout(timer);
          try {
            if (status >= 300) reject(statusError(verb, status, bytes.toString('utf8')));
            else resolve(read(bytes));
          } catch (error) {
            reject(error instanceof TelephonyError ? error : new TelephonyError('failed', `${verb}: ${String(error)}`));
          }
        },
        failed(error) {
          clearTimeout(timer);
          reject(new TelephonyError('no-link', `${verb} did not reach Asterisk: ${error.message}`));
        },
      });
    });
  }

  /** All of it is ASCII: the path is percent-encoded, and JSON may write every other character as an escape. */
  #text(method: AriRequest['method'], path: string, body: unknown): string {
    const line = `${method} ${this.#base.pathname}/${path}${this.#fields}`;
    if (body === undefined) return method === 'GET' || method === 'DELETE' ? `${line}\r\n` : `${line}Content-Length: 0\r\n\r\n`;
    const json = JSON.stringify(body).replace(NOT_ASCII, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return `${line}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
  }

  #connect(): HttpConnection {
    const connection = new HttpConnection(this.#base, Math.min(CONNECT_LIMIT_MS, this.#limitMs), this.#owner);
    this.#open.add(connection);
    this.#looker ??= setInterval(() => this.#closeOld(), LOOK_EVERY_MS).unref();
    return connection;
  }

  #closeOld(): void {
    const before = performance.now() - IDLE_LIMIT_MS;
    for (const connection of this.#idle.filter((one) => one.idleSinceMs < before)) connection.close(new Error('not used'));
  }
}

// oxlint-disable-next-line no-control-regex -- everything outside printable ASCII is what is looked for
const NOT_ASCII = /[^\u0000-\u007e]/g;

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
