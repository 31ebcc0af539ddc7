// Runs one route for one request: reads and fits the parts, waits for the reply within its deadline, writes it.
// Read `serveRoute` first; server.ts decides which routes there are.
import express from 'express';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import { fit, readJson, readText } from './json-body.ts';
import { HttpProblem } from './problem.ts';
import { ANSWER_WITHIN_MS, PLAN_BODY_BYTES, SMALL_BODY_BYTES } from './route.ts';
import type { Input, Reply, Route } from './route.ts';
import { openStream } from './sse.ts';

/** Streams at once; each costs a socket and up to 256 kB. */
export const MAX_STREAMS = 100;

/** What all routes of one server share. */
export interface Serving {
  readonly clock: Clock;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
  openStreams: number;
}

/** Express handlers of a route, the key check not included. */
export function serveRoute(route: Route, serving: Serving): RequestHandler[] {
  const handlers: RequestHandler[] = [];
  if (route.body !== null) {
    handlers.push(
      express.raw({
        type: () => true,
        inflate: false,
        limit: route.body === 'plan' ? PLAN_BODY_BYTES : SMALL_BODY_BYTES,
      }),
    );
  }
  handlers.push(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, serving.closing]);
    const input = readInput(route, request, signal);
    const reply = await withinDeadline(route, serving.clock, route.handle(input as Input<never, never, never>));
    await write(reply, route, request, response, serving);
  });
  return handlers;
}

function readInput(route: Route, request: Request, signal: AbortSignal): Input<unknown, unknown, unknown> {
  return {
    params: route.params === null ? {} : fitAddress(route.params, request.params, 'path'),
    query: route.query === null ? refuseQuery(request) : fitAddress(route.query, { ...request.query }, 'query'),
    body: readBody(route, request),
    header: (name) => request.get(name),
    address: request.socket.remoteAddress ?? '',
    signal,
  };
}

function readBody(route: Route, request: Request): unknown {
  if (route.body === null) return null;
  const raw: unknown = request.body;
  const text = raw instanceof Uint8Array ? readText(raw) : '';
  if (route.body === 'plan') {
    if (text.trim() === '')
      throw new HttpProblem(400, 'body-empty', 'The request has no body.', { hint: 'Send the plan as JSON text.' });
    return text;
  }
  return fit(route.body, readJson(text), 'The request');
}

/** Faults of path and query are 400: the address is wrong, not the thing described by a body. */
function fitAddress(schema: z.ZodObject, value: unknown, where: 'path' | 'query'): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
  const message =
    issue?.code === 'unrecognized_keys'
      ? 'is no parameter of this address'
      : (issue?.message ?? 'does not fit').replace(/^Invalid input: /, '');
  const shown = String(name ?? '').slice(0, 80);
  throw new HttpProblem(400, 'wrong-address', `${shown} in the ${where}: ${message}.`, {
    path: shown,
    hint: 'The parameters and examples are in /v1/openapi.json.',
  });
}

function refuseQuery(request: Request): Record<string, never> {
  const name = Object.keys(request.query)[0];
  if (name === undefined) return {};
  throw new HttpProblem(400, 'wrong-address', `${name.slice(0, 80)} in the query: this address takes no parameters.`, {
    path: name.slice(0, 80),
    hint: 'Leave it out.',
  });
}

async function withinDeadline(route: Route, clock: Clock, reply: Promise<Reply>): Promise<Reply> {
  if (route.hasDeadline === false) return reply;
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ANSWER_WITHIN_MS, () =>
      reject(
        new HttpProblem(
          503,
          'too-slow',
          `The server had no answer within ${ANSWER_WITHIN_MS / 1000} s; what was asked may still happen.`,
          {
            hint: 'Look at the state first, then try again.',
            headers: { 'Retry-After': '5' },
          },
        ),
      ),
    );
    reply.then(resolve, reject).finally(cancel);
  });
}

async function write(
  reply: Reply,
  route: Route,
  request: Request,
  response: Response,
  serving: Serving,
): Promise<void> {
  if (response.destroyed) return;
  switch (reply.kind) {
    case 'json': {
      response.status(reply.status ?? route.status ?? 200).set(reply.headers ?? {});
      if ((reply.status ?? route.status) === 204) response.end();
      else response.type('application/json').send(JSON.stringify(reply.body));
      return;
    }
    case 'text':
      response
        .status(200)
        .set(reply.headers ?? {})
        .set('Content-Type', reply.contentType)
        .send(reply.text);
      return;
    case 'file':
      response
        .status(200)
        .set({ ...reply.headers, 'Content-Type': reply.contentType, 'Content-Length': String(reply.bytes) });
      if (request.method === 'HEAD') response.end();
      else await pipeline(createReadStream(reply.file, { end: reply.bytes - 1 }), response);
      return;
    case 'lines':
      response.status(200).type('application/x-ndjson');
      if (request.method === 'HEAD') response.end();
      else await pipeline(Readable.from(reply.lines), response);
      return;
    case 'stream':
      await stream(reply, request, response, serving);
  }
}

async function stream(
  reply: Extract<Reply, { kind: 'stream' }>,
  request: Request,
  response: Response,
  serving: Serving,
): Promise<void> {
  if (request.method === 'HEAD') {
    response.status(200).type('text/event-stream').end();
    return;
  }
  if (serving.openStreams >= MAX_STREAMS) {
    throw new HttpProblem(
      503,
      'too-many-streams',
      `${MAX_STREAMS} event streams are open, as many as this server takes.`,
      { hint: 'Close one and try again.', headers: { 'Retry-After': '10' } },
    );
  }
  serving.openStreams += 1;
  const events = openStream(response, serving.clock, serving.closing);
  try {
    await reply.run(events);
  } finally {
    serving.openStreams -= 1;
    events.end();
  }
}
