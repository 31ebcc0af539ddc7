// One keep-alive connection to Asterisk's HTTP server with at most one request on it. It knows bytes and answers, nothing
// of ARI; who asks what on which connection is http-requests.ts. Read `ask`.
import { isIP, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AnswerReader, type HttpAnswer } from './http-answer.ts';

/** What becomes of one request: exactly one of the two is called, once. */
export interface Asker {
  /** `body` is only valid during the call. */
  answered(status: number, body: Buffer): void;
  failed(error: Error): void;
}
/** Told by the connection, never from within `ask`. */
export interface ConnectionOwner {
  /** The last request is done; another may be asked. */
  idle(connection: HttpConnection): void;
  /** It has ended, whatever the reason. */
  gone(connection: HttpConnection): void;
}

/** Nearly every answer fits; a longer one comes in several pieces. */
const READ_BYTES = 16 * 1024;

export class HttpConnection {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #asker: Asker | null = null;
  #connectTimer: NodeJS.Timeout | null;
  #isGone = false;
  /** Since when nobody has asked anything, `performance.now()`. */
  idleSinceMs = 0;

  /** Begins to connect; a request may be asked at once. */
  constructor(base: URL, connectLimitMs: number, owner: ConnectionOwner) {
    this.#owner = owner;
    const host = base.hostname.replace(/^\[|\]$/g, '');
    const isTls = base.protocol === 'https:';
    const port = Number(base.port) || (isTls ? 443 : 80);
    if (isTls) {
      this.#socket = connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) });
      this.#socket.on('data', (piece: Buffer) => this.#take(piece));
    } else {
      // One buffer for the life of the connection: the answers are small, and a stream's own way costs more than they do.
      const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: (length: number, buffer: Uint8Array) => this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length)) };
      this.#socket = connect({ host, port, noDelay: true, onread });
      // Without it the end of the connection would not be told.
      this.#socket.resume();
    }
    this.#connectTimer = setTimeout(() => this.close(new Error(`no connection within ${connectLimitMs} ms`)), connectLimitMs);
    this.#socket.once(isTls ? 'secureConnect' : 'connect', () => this.#connected());
    this.#socket.once('error', (error) => this.close(error));
    this.#socket.once('end', () => this.#ended());
    this.#socket.once('close', () => this.close(new Error('the connection was closed')));
  }

  /** Sends one request, whole and in Latin-1. Only for a connection that is idle. */
  ask(request: string, asker: Asker): void {
    this.#asker = asker;
    this.#socket.write(request, 'latin1');
  }

  /** Ends it at once; a request under way fails with `reason`. */
  close(reason: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#connected();
    this.#socket.on('error', () => {});
    this.#socket.destroy();
    this.#owner.gone(this);
    this.#settle((asker) => asker.failed(reason));
  }

  #connected(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  /** True: go on reading. */
  #take(piece: Buffer): boolean {
    if (this.#isGone) return false;
    try {
      // An answer that nobody asked for would be taken for that of the next request.
      if (this.#asker === null) throw new Error('an answer that nobody asked for');
      const answer = this.#reader.push(piece);
      if (answer !== null) this.#answered(answer);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
    return !this.#isGone;
  }

  #answered({ status, body, isLast }: HttpAnswer): void {
    const asker = this.#asker;
    this.#asker = null;
    asker?.answered(status, body);
    if (isLast) this.close(new Error('closed by Asterisk'));
    else if (!this.#isGone) this.#owner.idle(this);
  }

  #ended(): void {
    const answer = this.#asker === null ? null : this.#reader.end();
    if (answer !== null) this.#answered(answer);
    this.close(new Error('Asterisk closed the connection'));
  }

  #settle(how: (asker: Asker) => void): void {
    const asker = this.#asker;
    this.#asker = null;
    if (asker !== null) how(asker);
  }
}
