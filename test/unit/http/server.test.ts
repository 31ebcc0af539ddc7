// The frame of the API: key, faults, hostile requests, listening and closing.
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/http/event-log.ts';
import { allRoutes, startServer } from '../../../src/http/server.ts';
import { WRONG_KEYS_A_MINUTE } from '../../../src/http/key.ts';
import { fakeDeps } from './fake-deps.ts';
import { ask, openEvents, withServer } from './http-helpers.ts';

const PROBLEM = {
  type: expect.stringMatching(/^urn:genvoice:problem:/),
  title: expect.any(String),
  status: expect.any(Number),
  detail: expect.any(String),
  code: expect.any(String),
};

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk: string) => (answer += chunk));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('the key', () => {
  const deps = fakeDeps();
  const guarded = allRoutes(deps, new EventLog(0)).filter(
    (route) => route.guard === undefined || route.guard === 'key',
  );

  test('only health and media have another guard', () => {
    const others = allRoutes(deps, new EventLog(0)).filter(
      (route) => route.guard !== undefined && route.guard !== 'key',
    );
    expect(others.map((route) => [route.path, route.guard])).toEqual([
      ['/healthz', 'open'],
      ['/readyz', 'open'],
      ['/media/{token}/{key}.wav', 'path-token'],
    ]);
  });

  test.each(guarded.map((route) => [route.method.toUpperCase(), route.path] as const))(
    '%s %s is refused without it',
    async (method, path) => {
      await withServer(fakeDeps(), async (server) => {
        const address = path.replaceAll(/\{version\}/g, '1').replaceAll(/\{[a-z]+\}/g, 'abc123');
        const response = await fetch(`${server.url}${address}`, { method });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer realm="genvoice"');
        expect(await response.json()).toMatchObject({
          code: 'key-missing',
          path: 'Authorization',
          hint: expect.stringContaining('api-key'),
        });
      });
    },
  );

  test('unknown addresses are not told from known ones without it', async () => {
    await withServer(fakeDeps(), async (server) => {
      expect((await fetch(`${server.url}/v1/nothing`)).status).toBe(401);
      expect((await ask(server, 'GET', '/v1/nothing')).status).toBe(404);
    });
  });

  test.each([['Bearer wrong'], ['Basic dGVzdA=='], ['Bearer'], [`Bearer ${'a'.repeat(5000)}`], ['bearer  two words']])(
    '%s is refused',
    async (header) => {
      await withServer(fakeDeps(), async (server) => {
        const answer = await ask(server, 'GET', '/v1/numbers', { headers: { Authorization: header } });
        expect(answer.status).toBe(401);
        expect(answer.body.hint).toContain('api-key');
      });
    },
  );

  test('wrong keys are slowed, the right one is not', async () => {
    await withServer(fakeDeps(), async (server) => {
      for (let count = 0; count < WRONG_KEYS_A_MINUTE; count += 1) {
        expect((await ask(server, 'GET', '/v1/numbers', { headers: { Authorization: 'Bearer no' } })).status).toBe(401);
      }
      const slowed = await ask(server, 'GET', '/v1/numbers', { headers: { Authorization: 'Bearer no' } });
      expect(slowed.status).toBe(429);
      expect(slowed.body).toMatchObject({ code: 'too-many-wrong-keys', hint: expect.stringContaining('minute') });
      expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await ask(server, 'GET', '/v1/numbers')).status).toBe(200);
    });
  });
});

describe('faults are problem+json', () => {
  test.each([
    ['unknown address', 'GET', '/v1/nothing', undefined, 404, 'no-such-address'],
    ['wrong method', 'DELETE', '/v1/numbers', undefined, 405, 'method'],
    ['broken percent', 'GET', '/v1/calls/%E0%A4%A', undefined, 400, 'address'],
    ['call id of another form', 'GET', '/v1/calls/..%2F..%2Fetc', undefined, 400, 'wrong-address'],
    ['unknown query', 'GET', '/v1/calls?fro=1', undefined, 400, 'wrong-address'],
    ['query twice', 'GET', '/v1/calls?limit=1&limit=2', undefined, 400, 'wrong-address'],
    ['limit of a million', 'GET', '/v1/calls?limit=1000000', undefined, 400, 'wrong-address'],
    ['no body', 'POST', '/v1/test-calls', undefined, 400, 'body-empty'],
    ['not JSON', 'POST', '/v1/test-calls', '{"to":', 400, 'not-json'],
    ['an array', 'POST', '/v1/test-calls', '[]', 422, 'wrong-value'],
    ['missing field', 'POST', '/v1/test-calls', '{}', 422, 'missing'],
    ['unknown field', 'POST', '/v1/test-calls', '{"to":"1","speed":3}', 422, 'unknown-key'],
    ['prototype key', 'POST', '/v1/test-calls', '{"to":"1","answers":{"__proto__":{"x":1}}}', 400, 'refused-key'],
    [
      'constructor key',
      'PUT',
      '/v1/switches/bramley-finch/night',
      '{"position":"on","constructor":{}}',
      400,
      'refused-key',
    ],
    ['deep nesting', 'POST', '/v1/test-calls', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 400, 'too-deep'],
    ['a body too large', 'POST', '/v1/test-calls', JSON.stringify({ to: 'x'.repeat(70_000) }), 413, 'body-too-large'],
    ['keys that are none', 'POST', '/v1/test-calls', '{"to":"1","keys":["1; rm"]}', 422, 'wrong-value'],
    ['a PIN of letters', 'PUT', '/v1/mailboxes/bramley-finch/sales/pin', '{"pin":"abcd"}', 422, 'wrong-value'],
    ['a customer of another form', 'GET', '/v1/plans/..', undefined, 404, 'no-such-address'],
  ] as const)('%s', async (_name, method, path, body, status, code) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, method, path, body === undefined ? {} : { body });
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(answer.body).toMatchObject({ ...PROBLEM, status, code });
      expect(answer.status).toBe(status);
      expect(answer.text).not.toMatch(/invalid|please|sorry|oops|node_modules|\.ts:/i);
    });
  });

  test('every fault of a body is reported at its place', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { body } = await ask(server, 'POST', '/v1/test-calls', { body: '{"keys":["x"],"timeLimitMs":1,"a/b":2}' });
      expect(body.problems.map((problem: { path: string }) => problem.path).toSorted()).toEqual([
        '/a~1b',
        '/keys/0',
        '/timeLimitMs',
        '/to',
      ]);
    });
  });

  test('bytes that are not UTF-8', async () => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'POST', '/v1/test-calls', { body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]) });
      expect(answer.body).toMatchObject({ status: 400, code: 'not-utf8' });
    });
  });

  test('a compressed body', async () => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'POST', '/v1/test-calls', {
        body: 'x',
        headers: { 'Content-Encoding': 'gzip' },
      });
      expect(answer.body).toMatchObject({ status: 415, code: 'content-encoding' });
    });
  });

  test('a rejected function of ours is a 500 that says nothing of the inside', async () => {
    const deps = fakeDeps({
      numbers: async () => {
        throw new Error('SQLITE_CORRUPT at /var/lib/genvoice/records.db');
      },
    });
    await withServer(deps, async (server) => {
      const answer = await ask(server, 'GET', '/v1/numbers');
      expect(answer.body).toMatchObject({ ...PROBLEM, status: 500, code: 'server-fault' });
      expect(answer.text).not.toContain('SQLITE');
      expect(deps.faults).toHaveLength(1);
    });
  });

  test('an answer that does not come is a 503', async () => {
    const deps = fakeDeps({ phones: () => new Promise(() => {}) });
    await withServer(deps, async (server) => {
      const asked = ask(server, 'GET', '/v1/phones');
      await expect.poll(() => deps.clock.waiting.length).toBe(1);
      deps.clock.fire(10_000);
      expect((await asked).body).toMatchObject({ status: 503, code: 'too-slow' });
    });
  });

  test.each([
    ['no HTTP', 'HELLO\r\n\r\n', 'not-http'],
    [
      'headers of 20 kB',
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`,
      'headers-too-large',
    ],
    [
      'two lengths',
      'POST /v1/test-calls HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'not-http',
    ],
  ])('%s', async (_name, text, code) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await raw(server.port, text);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ ...PROBLEM, code });
    });
  });
});

describe('the frame', () => {
  test('security headers are set, and nothing is cached or named', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { headers } = await ask(server, 'GET', '/v1/numbers');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    });
  });

  test('a taken port is said with the mend', async () => {
    await withServer(fakeDeps(), async (server) => {
      await expect(startServer(fakeDeps(), { host: '127.0.0.1', port: server.port })).rejects.toThrow(
        /is taken by another program\. Stop it, or set GENVOICE_HTTP_PORT/,
      );
    });
  });

  test('closing ends streams at once and cuts what hangs after the grace', async () => {
    const deps = fakeDeps({ phones: () => new Promise(() => {}) });
    const server = await startServer(deps, { host: '127.0.0.1', port: 0 });
    const reader = await openEvents(server, '/v1/events');
    await reader.next('beat');
    const hanging = ask(server, 'GET', '/v1/phones').then(
      () => 'answered',
      () => 'cut',
    );
    await expect.poll(() => deps.clock.waiting.some((one) => one.delayMs === 10_000)).toBe(true);
    const closed = server.close();
    await reader.ended;
    deps.clock.fire(500);
    await closed;
    expect(await hanging).toBe('cut');
    expect(deps.listenerCount()).toBe(0);
  });
});
