import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHttpsLookup } from '../../../src/lookup/https-lookup.ts';
import type { HttpsLookup, HttpsLookupOptions } from '../../../src/lookup/https-lookup.ts';
import type { LookupRequest } from '../../../src/ports/lookup.ts';
import { CERTIFICATE, KEY } from './certificate.ts';

const json = (response: ServerResponse, text: string) => response.writeHead(200, { 'content-type': 'application/json' }).end(text);

/** What the hostile server does, by path. */
const ACTS: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/ok': (_, response) => json(response, '{"name":"Ada"}'),
  '/problem-json': (_, response) => response.writeHead(200, { 'content-type': 'application/vnd.x+json; charset=utf-8' }).end('[1]'),
  '/echo': (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => json(response, JSON.stringify({ method: request.method, body, headers: request.headers, url: request.url })));
  },
  '/404': (_, response) => response.writeHead(404).end('secret page'),
  '/500': (_, response) => response.writeHead(500).end('secret page'),
  '/redirect': (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  '/never': () => undefined,
  '/drip': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(timer));
  },
  '/gigabyte': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const block = Buffer.alloc(64 * 1024, 0x20);
    const more = (): void => {
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', more);
    more();
  },
  '/announced': (_, response) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1073741824' }).write('{'),
  '/gzip': (_, response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000, 0x20))),
  '/reset': (_, response) => response.socket?.resetAndDestroy(),
  '/half': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"a":', () => response.socket?.destroy());
  },
  '/html': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}'),
  '/deep': (_, response) => json(response, '['.repeat(41) + ']'.repeat(41)),
  '/very-deep': (_, response) => json(response, '['.repeat(60_000)),
  '/just-deep': (_, response) => json(response, '['.repeat(40) + ']'.repeat(40)),
  '/brackets-in-text': (_, response) => json(response, JSON.stringify({ text: '[{"\\'.repeat(100) })),
  '/proto': (_, response) => json(response, '{"a":[{"__pr\\u006fto__":{"admin":true}}]}'),
  '/not-json': (_, response) => json(response, 'hello'),
  '/latin': (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xe9, 0x22])),
  '/headers': (_, response) => response.writeHead(200, { 'content-type': 'application/json', big: 'x'.repeat(20_000) }).end('{}'),
};
const act: RequestListener = (request, response) => {
  response.on('error', () => undefined);
  (ACTS[(request.url ?? '').split('?')[0] ?? ''] ?? ACTS['/404'])?.(request, response);
};

let plain: Server;
let tls: ReturnType<typeof createTlsServer>;
const sockets = new Set<Socket>();
let accepted = 0;
const opened: HttpsLookup[] = [];
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  plain = createServer(act).listen(0, '127.0.0.1');
  tls = createTlsServer({ key: KEY, cert: CERTIFICATE }, act).listen(0, '127.0.0.1');
  for (const server of [plain, tls]) server.on('connection', (socket: Socket) => (accepted += 1) && sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket))));
  await Promise.all([once(plain, 'listening'), once(tls, 'listening')]);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((lookup) => lookup.close()));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  plain.close();
  tls.close();
});

const toLoopback = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
function open(options: Partial<HttpsLookupOptions> = {}): HttpsLookup {
  const lookup = createHttpsLookup({ hosts: ['127.0.0.1', 'crm.test'], allowPrivate: true, resolve: toLoopback, ca: CERTIFICATE, ...options });
  opened.push(lookup);
  return lookup;
}
const request = (url: string, more: Partial<LookupRequest> = {}): LookupRequest => ({ method: 'GET', url, headers: {}, body: null, timeoutMs: 5000, maxBytes: 100_000, ...more });
const local = (path: string) => `http://127.0.0.1:${portOf(plain)}${path}`;
const ask = (url: string, more: Partial<LookupRequest> = {}, lookup = open()) => lookup.ask(request(url, more), new AbortController().signal);

describe('lookup, a friendly server', () => {
  test('answers with its JSON, over https with a name that is checked', async () => {
    expect(await ask(`https://crm.test:${portOf(tls)}/ok?number=%2B44`)).toEqual({ kind: 'found', json: { name: 'Ada' } });
    expect(await ask(local('/ok'))).toEqual({ kind: 'found', json: { name: 'Ada' } });
    expect(await ask(local('/problem-json'))).toEqual({ kind: 'found', json: [1] });
    expect(await ask(local('/404'))).toEqual({ kind: 'not-found' });
  });

  test('POST sends body and headers, and asks for no compression', async () => {
    const result = await ask(local('/echo?x=1'), { method: 'POST', body: '{"n":1}', headers: { 'X-Key': 'k' } });
    expect(result).toMatchObject({ kind: 'found', json: { method: 'POST', body: '{"n":1}', url: '/echo?x=1', headers: { 'x-key': 'k', 'content-type': 'application/json', 'accept-encoding': 'identity' } } });
  });

  test('just inside the limits is taken', async () => {
    expect(await ask(local('/just-deep'))).toMatchObject({ kind: 'found' });
    expect(await ask(local('/brackets-in-text'))).toMatchObject({ kind: 'found' });
    expect(await ask(local('/ok'), { maxBytes: 14 })).toMatchObject({ kind: 'found' });
    expect(await ask(local('/ok'), { maxBytes: 13 })).toMatchObject({ kind: 'failed' });
  });
});

describe('lookup, a hostile server', () => {
  test.each([
    ['/500', 'it answered 500'],
    ['/redirect', 'it answered 302, a redirect, which is not followed'],
    ['/gigabyte', 'its answer has more than 100000 bytes'],
    ['/announced', 'its answer has more than 100000 bytes'],
    ['/gzip', 'its answer is compressed, which was not asked for'],
    ['/reset', 'its host broke the connection'],
    ['/half', 'its host broke the connection'],
    ['/html', 'its answer is not marked as JSON'],
    ['/deep', 'its answer is nested deeper than 40 levels'],
    ['/very-deep', 'its answer is nested deeper than 40 levels'],
    ['/proto', 'its answer has a key "__proto__"'],
    ['/not-json', 'its answer is not JSON'],
    ['/latin', 'its answer is not UTF-8 text'],
    ['/headers', 'its answer has too many headers'],
  ])('%s: %s', async (path, reason) => {
    expect(await ask(local(path))).toEqual({ kind: 'failed', reason });
  });

  test.each(['/never', '/drip'])('%s ends at the time limit, and its connection is closed', async (path) => {
    const before = performance.now();
    expect(await ask(local(path), { timeoutMs: 120 })).toEqual({ kind: 'failed', reason: 'no whole answer within 120 ms' });
    expect(performance.now() - before).toBeLessThan(1500);
    await expect.poll(() => sockets.size, { interval: 5 }).toBe(0);
  });

  test('a resolver that never answers ends at the time limit', async () => {
    const lookup = open({ resolve: () => new Promise(() => undefined) });
    expect(await ask(`https://crm.test:${portOf(tls)}/ok`, { timeoutMs: 60 }, lookup)).toEqual({ kind: 'failed', reason: 'no whole answer within 60 ms' });
  });

  test('a hundred slow ones at once do not hold up a good one for ever', async () => {
    const lookup = open();
    const slow = Array.from({ length: 100 }, () => ask(local('/never'), { timeoutMs: 300 }, lookup));
    expect(await ask(local('/ok'), { timeoutMs: 3000 }, lookup)).toMatchObject({ kind: 'found' });
    expect(new Set((await Promise.all(slow)).map(({ kind }) => kind))).toEqual(new Set(['failed']));
  });

  test('the caller who leaves ends it with the signal\'s own reason', async () => {
    const leave = new AbortController();
    const reason = new Error('caller left');
    const asked = open().ask(request(local('/never')), leave.signal);
    leave.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect(open().ask(request(local('/ok')), leave.signal)).rejects.toBe(reason);
  });
});

describe('lookup, where it may connect', () => {
  test.each([
    ['http to a name', 'http://crm.test/', 'its address does not begin with https://'],
    ['a host that is not listed', 'https://evil.test/', 'the host evil.test is not listed in GENVOICE_LOOKUP_HOSTS'],
    ['a name with a password', 'https://u:p@crm.test/', 'its address has a user name or password inside'],
    ['a user part that looks like the host', 'https://crm.test@evil.test/', 'its address has a user name or password inside'],
    ['file', 'file:///etc/passwd', 'the host  is not listed in GENVOICE_LOOKUP_HOSTS'],
    ['no address', 'nonsense', 'its address cannot be read'],
  ])('%s', async (_, url, reason) => {
    expect(await ask(url)).toEqual({ kind: 'failed', reason });
  });

  test.each(['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '0.0.0.0', '::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::7f00:1', '2002:7f00:1::', 'fd00::1', 'fe80::1', '::'])(
    'a listed name that resolves to %s is refused',
    async (address) => {
      const lookup = open({ allowPrivate: false, resolve: () => Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]) });
      expect(await ask(`https://crm.test:${portOf(tls)}/ok`, {}, lookup)).toEqual({ kind: 'failed', reason: 'the host crm.test has an address of an internal network, which lookups may not reach' });
    },
  );

  test.each(['https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::ffff:127.0.0.1]/', 'https://[::1]/'])('a listed address %s is refused unless private ones are allowed', async (url) => {
    const lookup = open({ allowPrivate: false, hosts: ['127.0.0.1', '::ffff:7f00:1', '::1'] });
    expect(await ask(url, {}, lookup)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('internal network') as string });
  });

  test('metadata addresses stay refused even with private ones allowed', async () => {
    const lookup = open({ resolve: () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]) });
    expect(await ask('https://crm.test/', {}, lookup)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('internal network') as string });
  });

  test('a name that changes between two resolutions is judged at the one that connects', async () => {
    let asked = 0;
    const before = accepted;
    const lookup = open({ allowPrivate: false, resolve: () => Promise.resolve([{ address: (asked += 1) === 1 ? '10.0.0.1' : '127.0.0.1', family: 4 }]) });
    for (let at = 0; at < 3; at += 1) expect(await ask(`https://crm.test:${portOf(tls)}/ok`, {}, lookup)).toMatchObject({ kind: 'failed' });
    expect(accepted).toBe(before);
  });

  test('a certificate for another name is refused', async () => {
    const lookup = open({ hosts: ['evil.test'] });
    expect(await ask(`https://evil.test:${portOf(tls)}/ok`, {}, lookup)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('certificate') as string });
    const untrusting = createHttpsLookup({ hosts: ['crm.test'], allowPrivate: true, resolve: toLoopback });
    opened.push(untrusting);
    expect(await ask(`https://crm.test:${portOf(tls)}/ok`, {}, untrusting)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('certificate') as string });
  });

  test.each<[string, Record<string, string>]>([
    ['host', { Host: 'internal' }],
    ['transfer-encoding', { 'Transfer-Encoding': 'chunked' }],
    ['a line break', { 'X-A': 'a\r\nX-B: b' }],
    ['a name with a space', { 'X A': 'a' }],
  ])('a header with %s is refused', async (_, headers) => {
    expect(await ask(local('/echo'), { headers })).toMatchObject({ kind: 'failed', reason: expect.stringContaining('its header') as string });
  });

  test('no reason holds a path, a query, a header or a body', async () => {
    const reasons = await Promise.all(
      Object.keys(ACTS).map((path) => ask(local(`${path}?key=hunter2`), { timeoutMs: 150, method: 'POST', body: 'hunter2', headers: { authorization: 'hunter2' } })),
    );
    const failed = reasons.filter(({ kind }) => kind === 'failed');
    expect(failed.length).toBeGreaterThan(10);
    expect(JSON.stringify(failed)).not.toMatch(/hunter2|secret page|key=/);
  });
});

describe('tell', () => {
  test('any 2xx is taken, whatever its body is', async () => {
    expect(await open().tell(`https://crm.test:${portOf(tls)}/echo`, '{"a":1}', 2000)).toBeNull();
    expect(await open().tell(local('/html'), '{}', 2000)).toBeNull();
  });

  test.each([
    ['/404', /answered 404/],
    ['/500', /answered 500/],
    ['/redirect', /redirect, which is not followed/],
    ['/reset', /broke the connection/],
    ['/never', /no whole answer within 150 ms/],
  ])('%s is a reason, never an exception', async (path, reason) => {
    expect(await open().tell(local(path), '{}', 150)).toMatch(reason);
  });

  test('the address rules of lookups hold', async () => {
    const before = accepted;
    expect(await open({ hosts: [] }).tell(local('/ok'), '{}', 500)).toMatch(/not listed in GENVOICE_LOOKUP_HOSTS/);
    expect(await open({ allowPrivate: false }).tell(`https://crm.test:${portOf(tls)}/ok`, '{}', 500)).toMatch(/internal network/);
    expect(accepted).toBe(before);
  });
});
