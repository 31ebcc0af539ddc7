// The HTTP server: which routes there are, what comes before and after them, how it listens and stops.
// Holds no logic of a resource; those are one file each beside it. Read `createApp` first.
import express from 'express';
import helmet from 'helmet';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ErrorRequestHandler, Express } from 'express';
import { alarmRoutes } from './alarms.ts';
import { trunkRoutes } from './trunks.ts';
import { callRoutes } from './calls.ts';
import type { HttpDeps } from './deps.ts';
import { decisionRoutes } from './decisions.ts';
import { EventLog } from './event-log.ts';
import { evidenceRoutes } from './evidence.ts';
import { healthRoutes } from './health.ts';
import { keyGate } from './key.ts';
import { mailboxRoutes } from './mailboxes.ts';
import { mediaRoutes } from './media.ts';
import { metricsRoutes } from './metrics.ts';
import { numberRoutes } from './numbers.ts';
import { openApiRoutes } from './openapi.ts';
import { phoneRoutes } from './phones.ts';
import { placeCallRoutes } from './place-call.ts';
import { planRoutes } from './plans.ts';
import { HttpProblem, sendProblem, toProblem } from './problem.ts';
import type { Route } from './route.ts';
import { serveRoute } from './serve-route.ts';
import type { Serving } from './serve-route.ts';
import { settingRoutes } from './settings.ts';
import { switchRoutes } from './switches.ts';
import { testCallRoutes } from './test-calls.ts';

/** A whole request, the 32 MB of a plan included, arrives within this. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 512;
/** Answers under way when the server closes get this; then their connections are cut. Streams end at once. */
const CLOSE_GRACE_MS = 500;

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:8085`, IPv6 in brackets. */
  readonly url: string;
  /** Settles within 1 s whatever is open. */
  close(): Promise<void>;
}

/** Every route there is, in the order of the description. */
export function allRoutes(deps: HttpDeps, log: EventLog): readonly Route[] {
  const routes = [
    ...healthRoutes(deps),
    ...metricsRoutes(deps),
    ...callRoutes(deps, log),
    ...placeCallRoutes(deps),
    ...testCallRoutes(deps),
    ...numberRoutes(deps),
    ...evidenceRoutes(deps),
    ...decisionRoutes(deps),
    ...planRoutes(deps),
    ...switchRoutes(deps),
    ...phoneRoutes(deps),
    ...mailboxRoutes(deps),
    ...alarmRoutes(deps),
    ...trunkRoutes(deps),
    ...settingRoutes(deps),
    ...mediaRoutes(deps),
  ];
  return [...routes, ...openApiRoutes(deps.productVersion, routes)];
}

/** The express application over `routes`; every fault, 404 and 405 included, is answered as problem+json. */
export function createApp(deps: HttpDeps, routes: readonly Route[], serving: Serving): Express {
  const app = express();
  app.set('trust proxy', false);
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      strictTransportSecurity: false,
    }),
  );
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  const gate = keyGate(deps);
  for (const route of routes) {
    const before = route.guard === undefined || route.guard === 'key' ? [gate] : [];
    app[route.method](expressPath(route.path), ...before, ...serveRoute(route, serving));
  }
  app.use(gate);
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(expressPath(path), (request, response) => {
      const allowed = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
      response.set('Allow', allowed.join(', '));
      throw new HttpProblem(405, 'method', `${request.method} is not possible on ${path}.`, {
        hint: `Possible: ${allowed.join(', ')}.`,
      });
    });
  }
  app.use((request) => {
    throw new HttpProblem(404, 'no-such-address', `There is nothing at ${request.path.slice(0, 200)}.`, {
      hint: 'The addresses are listed in /v1/openapi.json.',
    });
  });
  app.use(answerFault(deps));
  return app;
}

/** Listens and feeds the event log. Rejects with a sentence when the address cannot be had. */
export async function startServer(
  deps: HttpDeps,
  where: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const log = new EventLog(deps.clock.nowMs());
  const closing = new AbortController();
  const app = createApp(deps, allRoutes(deps, log), { clock: deps.clock, closing: closing.signal, openStreams: 0 });
  const server = createServer(
    {
      requestTimeout: REQUEST_MS,
      headersTimeout: HEADERS_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 2000,
    },
    app,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', answerUnreadable);
  await listen(server, where);
  const unsubscribe = deps.subscribe((event) => log.append(event));
  const { address, port, family } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () => {
      unsubscribe();
      closing.abort();
      return stop(server, deps);
    },
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenFault(error, host, port), { cause: error })),
    );
    server.listen(port, host, () => resolve());
  });
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program. Stop it, or set GENVOICE_HTTP_PORT to a free port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine. Set GENVOICE_HTTP_HOST to one of its addresses, for example 127.0.0.1.`;
    case 'EACCES':
      return `Port ${port} may not be used by this user. Set GENVOICE_HTTP_PORT to a port from 1024 up.`;
    case undefined:
    default:
      return `The HTTP server cannot listen on ${host} port ${port} (${error.code ?? error.message}).`;
  }
}

function stop(server: Server, deps: HttpDeps): Promise<void> {
  return new Promise((resolve) => {
    const cancel = deps.clock.after(CLOSE_GRACE_MS, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What cannot be read as HTTP at all gets an answer too, in the same form. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new HttpProblem(400, 'headers-too-large', `The headers are larger than ${MAX_HEADER_BYTES / 1024} kB.`, {
          hint: 'Send fewer or shorter headers.',
        })
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new HttpProblem(408, 'request-too-slow', `The request did not arrive within ${REQUEST_MS / 1000} s.`, {
            hint: 'Send it again over a faster link.',
          })
        : new HttpProblem(400, 'not-http', 'The request is not HTTP/1.1.', {
            hint: 'Check the client, and that it does not speak TLS to this port.',
          });
  const body = JSON.stringify(toProblem(problem).body);
  const reason = problem.status === 408 ? 'Request Timeout' : 'Bad Request';
  socket.end(
    `HTTP/1.1 ${problem.status} ${reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function answerFault(deps: HttpDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // A client that went away in the middle of an answer is not a fault.
    if (response.destroyed || (response.headersSent && response.writableEnded)) return;
    if (toProblem(error).isOurs) deps.reportFault(error, `${request.method} ${request.path.slice(0, 200)}`);
    sendProblem(response, error);
  };
}

/** `/v1/calls/{id}` in OpenAPI is `/v1/calls/:id` in express. */
function expressPath(path: string): string {
  return path.replaceAll(/\{([a-zA-Z]+)\}/g, ':$1');
}
