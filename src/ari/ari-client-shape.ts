// The one place that touches the inside of npm ari-client 2.2.0, typed by what is used. Its public methods lose the HTTP
// status of an error, and with it the difference between "gone" and "wrong state"; so the operations are called one layer
// below, in the API description that it loads. Read `connectClient` first.
import { createRequire } from 'node:module';
import ariClient from 'ari-client';
import { WebSocket } from 'ws';
import { refusalText } from './link.ts';
import type { AriRequest } from './transport.ts';

export interface Reply {
  readonly status: number;
  readonly data: Buffer;
}

export interface SocketEvents {
  opened(): void;
  /** Something came, a pong at least. */
  heard(): void;
  event(event: unknown): void;
  /** An HTTP status instead of a socket. */
  refused(status: number): void;
  closed(reason: string): void;
}

export interface AriClient {
  /** Runs an operation by its name in Asterisk's API description; undefined when that has none of this name. */
  operation(resource: string, operation: string): ((request: Pick<AriRequest, 'params' | 'body'>) => Promise<Reply>) | undefined;
  /** Opens the event socket of this client, once. */
  open(app: string, events: SocketEvents): void;
  ping(): void;
  /** Ends the socket at once; nothing is told afterwards and nothing is tried again. */
  terminate(): void;
}

type Operation = (args: Record<string, unknown>, done: (response: RawReply) => void, failed: (response: RawReply | undefined) => void) => unknown;
interface RawReply {
  readonly status: number;
  readonly data: Buffer | string | undefined;
}
/** What @types/ari-client leaves out. */
interface Inside {
  readonly _connection: { host: string; user: string; pass: string };
  readonly _swagger: { readonly apis: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  _ws: WebSocket;
  _wsClosed: boolean;
  on(event: string, listener: (event: unknown) => void): unknown;
  start(app: string): Promise<void>;
}

/**
 * The copy of swagger-client that ari-client uses. Whatever cannot be loaded (a wrong password, an Asterisk that still
 * starts) it both reports and throws as a string inside an HTTP callback, which would end our process; the report will do.
 */
const swagger = createRequire(createRequire(import.meta.url).resolve('ari-client'))('swagger-client') as {
  readonly SwaggerApi: { readonly prototype: { fail(this: { failure(message: string): void }, message: string): void } };
};
swagger.SwaggerApi.prototype.fail = function fail(message) {
  this.failure(message);
};

/** A client with the API loaded. Rejects with Error whose text names neither user nor password; never takes longer than `limitMs`. */
export async function connectClient(base: URL, user: string, password: string, limitMs: number): Promise<AriClient> {
  // swagger-client keeps one user and password for the whole process: one Asterisk a process.
  const loading = ariClient.connect(base.origin, user, password);
  loading.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Asterisk's API description did not load within ${limitMs} ms`)), limitMs);
  });
  try {
    return shaped((await quietly(() => Promise.race([loading, late]))) as unknown as Inside, user, password);
  } catch (error) {
    // The package rejects with a text like "401 : undefined http://…" or with the error of its first request.
    const text = error instanceof Error ? error.message : String(error);
    const status = /^(\d{3}) : /.exec(text)?.[1];
    throw new Error(status === undefined ? text : refusalText(Number(status)));
  } finally {
    clearTimeout(timer);
  }
}

function shaped(inside: Inside, user: string, password: string): AriClient {
  return {
    operation: (resource, operation) => {
      const run = inside._swagger.apis[resource]?.[operation];
      return typeof run === 'function' ? (request) => call(run as Operation, request) : undefined;
    },
    open: (app, events) => openSocket(inside, app, user, password, events),
    ping: () => {
      if (inside._ws.readyState === WebSocket.OPEN) inside._ws.ping();
    },
    terminate: () => {
      inside._wsClosed = true;
      inside._ws.terminate();
    },
  };
}

function call(run: Operation, request: Pick<AriRequest, 'params' | 'body'>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const take = (reply: RawReply | undefined): void =>
      reply === undefined ? reject(new Error('no answer')) : resolve({ status: reply.status, data: Buffer.from(reply.data ?? '') });
    // It changes the object that it gets; and it drops parameters that are empty or 0 from a path, never from the query.
    run({ ...request.params, ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }) }, take, take);
  });
}

/**
 * The package would write user and password into the query of the socket's address. Put in front of the host instead,
 * `ws` sends them as an Authorization header, and no request line on any wire or in any log has them.
 */
function openSocket(inside: Inside, app: string, user: string, password: string, events: SocketEvents): void {
  const connection = inside._connection;
  connection.host = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@${connection.host}`;
  connection.user = '';
  connection.pass = '';
  inside.on('*', (event) => {
    try {
      events.event(event);
    } catch (error) {
      // A bug of ours is seen as one, and not taken for an event that the package could not read.
      queueMicrotask(() => {
        throw error;
      });
    }
  });
  inside.on('WebSocketConnected', () => events.opened());
  // Its promise follows the first success or the tenth failure only, which we do not wait for.
  inside.start(encodeURIComponent(app)).catch(() => {});
  const socket = inside._ws;
  // Before its own listeners: with this mark set it takes the end for wanted and starts no tries of its own, which would
  // push our next socket off the application name.
  socket.prependListener('error', (error) => {
    inside._wsClosed = true;
    const status = /^Unexpected server response: (\d{3})$/.exec(error.message)?.[1];
    if (status === undefined) events.closed(error.message);
    else events.refused(Number(status));
  });
  socket.prependListener('close', (code) => {
    inside._wsClosed = true;
    events.closed(`the event socket was closed (${code})`);
  });
  socket.on('pong', () => events.heard());
  guardMessages(socket, events);
}

/** An event type that the loaded API description does not know throws inside its listener, which would end our process. */
function guardMessages(socket: WebSocket, events: SocketEvents): void {
  const own = socket.listeners('message');
  socket.removeAllListeners('message');
  socket.on('message', (message, isBinary) => {
    events.heard();
    try {
      for (const listener of own) listener.call(socket, message, isBinary);
    } catch {
      // Not for us: what it could not read, our decoder does not know either.
    }
  });
}

const NOTICE = 'This API is using a deprecated version of Swagger!';
let loads = 0;
let print = console.log;

/** Runs it without the notice that swagger-client writes to stdout, where it would spoil a JSON document. All else is printed. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  if (loads === 0) {
    print = console.log;
    console.log = (...all: unknown[]): void => {
      const [first] = all;
      if (!Array.isArray(first) || !String(first[0]).startsWith(NOTICE)) print(...all);
    };
  }
  loads += 1;
  try {
    return await load();
  } finally {
    loads -= 1;
    if (loads === 0) console.log = print;
  }
}
