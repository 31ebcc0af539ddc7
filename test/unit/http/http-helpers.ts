// A running server over the fake world, and a reader of event streams that waits for what it is told to wait for.
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { startServer } from '../../../src/http/server.ts';
import type { RunningServer } from '../../../src/http/server.ts';
import type { HttpDeps } from '../../../src/http/deps.ts';
import { KEY } from './fake-deps.ts';

export const AUTH = { Authorization: `Bearer ${KEY}` };

export async function withServer(deps: HttpDeps, act: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await startServer(deps, { host: '127.0.0.1', port: 0 });
  try {
    await act(server);
  } finally {
    await server.close();
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

export async function ask(
  server: RunningServer,
  method: string,
  path: string,
  options: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...AUTH, ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : null,
  };
}

export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of every shape
  readonly data: any;
}

/** Reads one event stream; `next` waits for the next event that is no beat, `ended` for the end of the stream. */
export class StreamReader {
  readonly events: StreamEvent[] = [];
  readonly response: IncomingMessage;
  readonly ended: Promise<void>;
  #taken = 0;
  #wake: () => void = () => {};
  #isOver = false;

  constructor(response: IncomingMessage) {
    this.response = response;
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.events.push(parse(text.slice(0, end)));
        text = text.slice(end + 2);
      }
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      response.on('close', () => {
        this.#isOver = true;
        this.#wake();
        resolve();
      });
    });
    response.on('error', () => {});
  }

  async next(kind?: string): Promise<StreamEvent> {
    for (;;) {
      const at = this.events.findIndex(
        (event, index) => index >= this.#taken && (kind === undefined ? event.event !== 'beat' : event.event === kind),
      );
      const found = this.events[at];
      if (found !== undefined) {
        this.#taken = at + 1;
        return found;
      }
      if (this.#isOver)
        throw new Error(
          `the stream ended before ${kind ?? 'another event'}; had ${this.events.map((event) => event.event).join(', ')}`,
        );
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  leave(): void {
    this.response.destroy();
  }
}

export function openEvents(
  server: RunningServer,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<StreamReader> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${server.url}${path}`,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...AUTH, Accept: 'text/event-stream', ...headers },
        agent: false,
      },
      (response) => resolve(new StreamReader(response)),
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

function parse(block: string): StreamEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
  );
  return {
    id: fields.get('id') ?? null,
    event: fields.get('event') ?? '',
    data: JSON.parse(fields.get('data') ?? 'null'),
  };
}
