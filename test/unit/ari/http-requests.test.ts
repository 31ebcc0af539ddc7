// Requests to ARI against a server that does what Asterisk never should: keeps still, dies, talks without being asked.
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpRequests } from '../../../src/ari/http-requests.ts';
import type { AriRequest } from '../../../src/ari/transport.ts';
import { TelephonyError } from '../../../src/ports/telephony.ts';

const LIMIT_MS = 300;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}';
const get = (path: string): AriRequest => ({ resource: 'channels', operation: 'get', method: 'GET', path, params: {} });

interface Served {
  readonly requests: HttpRequests;
  /** All connections that were opened, oldest first, and what came on each. */
  readonly sockets: Socket[];
  readonly heard: string[];
}

async function served(answer: (head: string, socket: Socket) => void): Promise<Served> {
  const sockets: Socket[] = [];
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard.push(data.toString('utf8'));
      answer(data.toString('utf8'), socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const requests = new HttpRequests({ url: `http://127.0.0.1:${port}`, user: 'u', password: 'p', app: 'a', requestLimitMs: LIMIT_MS });
  onTestFinished(async () => {
    await requests.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { requests, sockets, heard };
}

const faultOf = async (request: Promise<unknown>): Promise<string> => {
  const error: unknown = await request.then(() => 'ok', (reason: unknown) => reason);
  return error instanceof TelephonyError ? error.fault : String(error);
};

describe('requests over HTTP', () => {
  test('one after the other go over one connection', async () => {
    const { requests, sockets, heard } = await served((_, socket) => void socket.write(OK));
    for (let n = 0; n < 5; n += 1) expect(await requests.request(get(`channels/${n}`))).toEqual({ ok: true });
    expect(sockets).toHaveLength(1);
    expect(heard[4]).toBe(`GET /ari/channels/4 HTTP/1.1\r\nHost: ${new URL(`http://127.0.0.1:${sockets[0]?.localPort}`).host}\r\nAuthorization: Basic dTpw\r\n\r\n`);
  });

  test('given one that is never answered, when others are asked, then they are answered at once and the first ends as timeout', async () => {
    const { requests, sockets } = await served((head, socket) => void (head.includes('blocked') || socket.write(OK)));
    const blocked = faultOf(requests.request(get('channels/blocked')));
    expect(await Promise.all([1, 2, 3].map((n) => faultOf(requests.request(get(`channels/${n}`)))))).toEqual(['ok', 'ok', 'ok']);
    expect(await blocked).toBe('timeout');
    // Its late answer must not become that of somebody else's request.
    expect(await faultOf(requests.request(get('channels/9')))).toBe('ok');
    expect(sockets.length).toBeGreaterThanOrEqual(2);
  });

  test('a text outside ASCII arrives whole', async () => {
    const { requests, heard } = await served((_, socket) => void socket.write(OK));
    const body = { variables: { NAME: 'Zoë \u{1f600}\u007f "q"' } };
    await requests.request({ resource: 'channels', operation: 'create', method: 'POST', path: 'channels/create', params: { endpoint: 'PJSIP/ä b' }, body });
    const [head = '', sent = ''] = (heard[0] ?? '').split('\r\n\r\n');
    expect(head).toContain('POST /ari/channels/create?endpoint=PJSIP%2F%C3%A4%20b HTTP/1.1');
    expect(Number(/Content-Length: (\d+)/.exec(head)?.[1])).toBe(sent.length);
    expect(JSON.parse(sent)).toEqual(body);
  });

  test('given a connection that the other side closed while nobody used it, when the next request goes, then over a new one', async () => {
    const { requests, sockets } = await served((_, socket) => void socket.write(OK));
    await requests.request(get('channels'));
    const [first] = sockets;
    first?.end();
    await once(first as Socket, 'close');
    expect(await faultOf(requests.request(get('channels')))).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  test.each([
    ['dies before its answer', (socket: Socket) => void socket.destroy()],
    ['dies within its answer', (socket: Socket) => void socket.end(OK.slice(0, -3))],
    ['answers with something else', (socket: Socket) => void socket.write('220 mail.example ESMTP\r\n\r\n')],
  ])('a server that %s is no link', async (_, act) => {
    const { requests } = await served((_head, socket) => act(socket));
    expect(await faultOf(requests.request(get('channels')))).toBe('no-link');
  });

  test('an answer that nobody asked for is not taken for that of the next request', async () => {
    const { requests, sockets } = await served((_, socket) => void socket.write(OK));
    await requests.request(get('channels'));
    const [first] = sockets;
    first?.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    await once(first as Socket, 'close');
    expect(await faultOf(requests.request(get('channels')))).toBe('ok');
  });

  test.each([
    ['HTTP/1.1 404 Not Found\r\nContent-Length: 21\r\n\r\n{"message":"no such"}', 'gone'],
    ['HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n', 'refused'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}', 'failed'],
  ])('%j is %s', async (text, fault) => {
    const { requests, sockets } = await served((_, socket) => void socket.write(text));
    expect(await faultOf(requests.request(get('channels/x')))).toBe(fault);
    expect(await faultOf(requests.request(get('channels/x')))).toBe(fault);
    expect(sockets).toHaveLength(1);
  });

  test('a download of many pieces is whole', async () => {
    const bytes = Buffer.alloc(300_000, 7);
    const { requests } = await served((_, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes);
    });
    expect(Buffer.compare(Buffer.from(await requests.download('recordings/stored/x/file')), bytes)).toBe(0);
  });

  test('after the end nothing is sent', async () => {
    const { requests, sockets } = await served(() => {});
    const under = faultOf(requests.request(get('channels')));
    await requests.close();
    expect(await under).toBe('no-link');
    expect(await faultOf(requests.request(get('channels')))).toBe('no-link');
    expect(sockets.length).toBeLessThanOrEqual(1);
  });
});
