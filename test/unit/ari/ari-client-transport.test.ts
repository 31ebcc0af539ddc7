// What npm ari-client would do to us, on a server of ours that misbehaves as no real Asterisk can be made to at will.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { AriClientTransport } from '../../../src/ari/ari-client-transport.ts';
import type { AriRequest } from '../../../src/ari/transport.ts';

const EMPTY = { swaggerVersion: '1.1', apiVersion: '10', apis: [] };
const DOCS: Readonly<Record<string, unknown>> = {
  '/ari/api-docs/events.json': {
    ...EMPTY, resourcePath: '/api-docs/events.{format}',
    models: { Known: { id: 'Known', properties: { type: { type: 'string', required: true } } } },
  },
  '/ari/api-docs/channels.json': {
    ...EMPTY, resourcePath: '/api-docs/channels.{format}', models: {},
    apis: [{ path: '/channels', operations: [{ httpMethod: 'GET', nickname: 'list', responseClass: 'void', parameters: [] }] }],
  },
};

interface FakeAri {
  readonly url: string;
  /** The newest event socket. */
  socket(): Promise<WebSocket>;
  sockets: number;
}

async function fakeAri(answer: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<FakeAri> {
  const server: Server = createServer((request, response) => {
    if (answer(request, response)) return;
    const url = request.url ?? '';
    const base = `http://${request.headers.host}/ari`;
    const list = { ...EMPTY, basePath: base, apis: ['events', 'channels'].map((one) => ({ path: `/api-docs/${one}.{format}`, description: one })) };
    const found = url === '/ari/api-docs/resources.json' ? list : url in DOCS ? { ...(DOCS[url] as object), basePath: base } : { other: url };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
  });
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let newest: WebSocket | undefined;
  const ari: FakeAri = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, sockets: 0,
    socket: async () => {
      await expect.poll(() => newest?.readyState).toBe(1);
      return newest as WebSocket;
    },
  };
  sockets.on('connection', (socket) => {
    ari.sockets += 1;
    newest = socket;
  });
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return ari;
}

function transportTo(url: string): { transport: AriClientTransport; told: string[]; events: unknown[] } {
  const transport = new AriClientTransport({ url, user: 'u', password: 'p', app: 'a', requestLimitMs: 300 });
  const told: string[] = [];
  const events: unknown[] = [];
  transport.onSocket((state, reason) => told.push(`${state} ${reason}`.trim()));
  transport.onEvent((event) => events.push(event));
  transport.start();
  onTestFinished(() => transport.stop());
  return { transport, told, events };
}

const list: AriRequest = { resource: 'channels', operation: 'list', method: 'GET', path: 'channels', params: {} };

test('an event type that the API description does not know ends nothing; what follows arrives', async () => {
  const ari = await fakeAri(() => false);
  const { events, told } = transportTo(ari.url);
  const socket = await ari.socket();
  socket.send(JSON.stringify({ type: 'FromTheFuture' }));
  socket.send('no JSON at all');
  socket.send(JSON.stringify({ type: 'Known', at: 1 }));
  await expect.poll(() => events).toEqual([{ type: 'Known', at: 1 }]);
  expect(told).toEqual(['open']);
});

test('an API description that never loads is given up at the limit and tried again', async () => {
  let asked = 0;
  const ari = await fakeAri((request) => request.url === '/ari/api-docs/channels.json' && (asked += 1) < 3);
  const { told } = transportTo(ari.url);
  await expect.poll(() => told.at(-1), { timeout: 3_000 }).toBe('open');
  expect(told.slice(0, 2)).toEqual(Array(2).fill("closed Asterisk's API description did not load within 300 ms"));
});

test('an Asterisk that still starts (503) is tried again and throws nothing', async () => {
  let asked = 0;
  const ari = await fakeAri((request, response) => {
    if (request.url !== '/ari/api-docs/resources.json' || (asked += 1) > 4) return false;
    response.writeHead(503).end('{}');
    return true;
  });
  const { told } = transportTo(ari.url);
  await expect.poll(() => told.at(-1), { timeout: 3_000 }).toBe('open');
  expect(told[0]).toContain('503');
});

test('a request that is never answered ends at its limit', async () => {
  const ari = await fakeAri((request) => request.url === '/ari/channels');
  const { transport } = transportTo(ari.url);
  await ari.socket();
  await expect(transport.request(list)).rejects.toMatchObject({ fault: 'timeout' });
});

test('an operation that the API description lacks is sent all the same', async () => {
  const ari = await fakeAri(() => false);
  const { transport } = transportTo(ari.url);
  await ari.socket();
  expect(await transport.request({ resource: 'channels', operation: 'fromTheFuture', method: 'POST', path: 'channels/{channelId}/new', params: { channelId: 'a/b', x: 1 } })).toEqual({ other: '/ari/channels/a%2Fb/new?x=1' });
});

test('a lost socket is one new socket, not a second one from the package itself', async () => {
  const ari = await fakeAri(() => false);
  const { told } = transportTo(ari.url);
  const first = await ari.socket();
  first.terminate();
  await expect.poll(() => told.length).toBe(3);
  // The package's own first try would come after 100 ms.
  let isLater = false;
  setTimeout(() => (isLater = true), 250);
  await expect.poll(() => isLater).toBe(true);
  expect(ari.sockets).toBe(2);
  expect(told).toEqual(['open', expect.stringMatching(/^closed /), 'open']);
});

test('an address with a path is refused with the way out', () => {
  expect(() => new AriClientTransport({ url: 'http://pbx/asterisk', user: 'u', password: 'p', app: 'a', requestLimitMs: 1 })).toThrow(/GENVOICE_ARI=own/);
});
