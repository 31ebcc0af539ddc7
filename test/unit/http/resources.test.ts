// Every other resource: what is asked reaches the deps, what they say comes out in its form.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TestCallBody } from '../../../src/http/wire.ts';
import { fakeDeps } from './fake-deps.ts';
import { ask, openEvents, withServer } from './http-helpers.ts';

describe('health', () => {
  const ok = { isAsteriskUp: true, eventsArriveAgoMs: 120, isStoreOk: true, livePlans: 2, isDraining: false };
  test.each([
    ['all well', ok, 200, null],
    ['no link', { ...ok, isAsteriskUp: false }, 503, 'asterisk'],
    ['a link without events', { ...ok, eventsArriveAgoMs: 10_001 }, 503, 'events'],
    ['no event ever', { ...ok, eventsArriveAgoMs: null }, 503, 'events'],
    ['a full store', { ...ok, isStoreOk: false }, 503, 'store'],
    ['no plan', { ...ok, livePlans: 0 }, 503, 'plans'],
    ['draining', { ...ok, isDraining: true }, 503, 'taking-calls'],
  ])('readyz: %s', async (_name, health, status, failing) => {
    await withServer(fakeDeps({ health: async () => health }), async (server) => {
      const response = await fetch(`${server.url}/readyz`);
      const body = (await response.json()) as { status: string; checks: { name: string; ok: boolean }[] };
      expect(response.status).toBe(status);
      expect(body.checks.filter((check) => !check.ok).map((check) => check.name)).toEqual(
        failing === null ? [] : [failing],
      );
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    });
  });

  test('metrics are Prometheus text', async () => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'GET', '/metrics');
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(answer.text).toBe('genvoice_calls_total 3\n');
    });
  });
});

describe('simple lists', () => {
  test.each([
    ['/v1/numbers', 'numbers', 2],
    ['/v1/numbers?customer=harbour-dental', 'numbers', 1],
    ['/v1/plans', 'plans', 0],
    ['/v1/plans/bramley-finch/versions', 'versions', 1],
    ['/v1/switches', 'switches', 1],
    ['/v1/switches?customer=harbour-dental', 'switches', 0],
    ['/v1/phones', 'phones', 1],
    ['/v1/mailboxes', 'mailboxes', 1],
    ['/v1/mailboxes/bramley-finch/sales/messages', 'messages', 1],
    ['/v1/alarms', 'alarms', 1],
    ['/v1/trunks', 'trunks', 2],
    ['/v1/settings', 'settings', 1],
  ])('%s', async (path, key, count) => {
    await withServer(fakeDeps(), async (server) => {
      const { status, body } = await ask(server, 'GET', path);
      expect([status, Object.keys(body), body[key].length]).toEqual([200, [key], count]);
    });
  });

  test('messages do not name the file', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { text } = await ask(server, 'GET', '/v1/mailboxes/bramley-finch/sales/messages');
      expect(text).toContain('+447700900123');
      expect(text).not.toContain('secret-file-name');
    });
  });
});

describe('plans', () => {
  test('come byte for byte with their hash', async () => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'GET', '/v1/plans/bramley-finch');
      expect(answer.text).toBe('{\n  "organisation": { "name": "Bramley & Finch" }\n}\n');
      expect([answer.headers.get('etag'), answer.headers.get('genvoice-plan-version')]).toEqual(['"hash41"', '41']);
    });
  });

  const put = '/v1/plans/bramley-finch';
  test.each([
    ['published', put, '{"a":1}', { 'If-Match': '"hash41"' }, 200, undefined],
    ['based on nothing', put, '{}', {}, 412, 'if-match-missing'],
    ['weak or starred', put, '{}', { 'If-Match': '*' }, 412, 'if-match-form'],
    ['based on an old one', put, '{}', { 'If-Match': '"hash40"' }, 412, 'plan-changed'],
    ['with problems', put, '{"to":"suport"}', { 'If-Match': '"hash41"' }, 422, 'plan-problems'],
    ['over an edit', put, '"edited"', { 'If-Match': '"hash41"' }, 409, 'unpublished-edit'],
    ['of nobody', '/v1/plans/nobody', '{}', { 'If-Match': '"x"' }, 404, 'no-such-plan'],
    ['empty', put, ' ', { 'If-Match': '"hash41"' }, 400, 'body-empty'],
  ])('a write %s', async (_name, path, body, headers, status, code) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'PUT', path, { body, headers: headers as Record<string, string> });
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      if (status === 200) expect(answer.headers.get('etag')).toBe('"hash42"');
      if (code === 'plan-changed')
        expect(answer.body.detail).toBe(
          'Priya published version 41 of bramley-finch in the meantime. Nothing was changed.',
        );
      if (code === 'plan-problems')
        expect(answer.body.problems).toMatchObject([
          { path: '/steps/main-menu/choices/3', hint: 'Did you mean "support"?' },
        ]);
    });
  });

  test('the text reaches the compiler untouched, prototype keys and depth included', async () => {
    const seen: string[] = [];
    const deps = fakeDeps();
    const plans = {
      ...deps.plans,
      check: async (source: string) => (
        seen.push(source),
        { ok: false, problems: [], steps: 0, numbers: 0, tookMs: 1 }
      ),
    };
    const text = `{"__proto__": 1, "deep": ${'['.repeat(100)}${']'.repeat(100)} }\n`;
    await withServer({ ...deps, plans }, async (server) => {
      expect((await ask(server, 'POST', '/v1/plans/check', { body: text })).body).toEqual({
        ok: false,
        problems: [],
        steps: 0,
        numbers: 0,
        tookMs: 1,
      });
      expect(seen).toEqual([text]);
    });
  });

  test('32 MB pass, one byte more does not', async () => {
    await withServer(fakeDeps(), async (server) => {
      const largest = new Uint8Array(32 * 1024 * 1024).fill(0x20);
      largest[0] = 0x31;
      expect((await ask(server, 'POST', '/v1/plans/check', { body: largest })).status).toBe(200);
      const more = new Uint8Array(32 * 1024 * 1024 + 1).fill(0x31);
      expect((await ask(server, 'POST', '/v1/plans/check', { body: more })).body).toMatchObject({
        status: 413,
        detail: 'The body is larger than 32 MB.',
      });
    });
  });

  test('an old version is restored', async () => {
    await withServer(fakeDeps(), async (server) => {
      expect((await ask(server, 'POST', '/v1/plans/bramley-finch/versions/40/restore')).body).toMatchObject({
        version: 42,
      });
      expect((await ask(server, 'POST', '/v1/plans/bramley-finch/versions/7/restore')).body).toMatchObject({
        status: 404,
        code: 'no-such-version',
      });
      expect((await ask(server, 'GET', '/v1/plans/bramley-finch?version=7')).body).toMatchObject({
        status: 404,
        code: 'no-such-version',
      });
    });
  });
});

describe('acts', () => {
  test.each([
    ['a switch', 'PUT', '/v1/switches/bramley-finch/night', '{"position":"on"}', 200, { position: 'on', setBy: 'api' }],
    [
      'an unknown switch',
      'PUT',
      '/v1/switches/bramley-finch/day',
      '{"position":"on"}',
      404,
      { code: 'not-found', hint: 'GET /v1/switches lists what there is.' },
    ],
    [
      'another customer has no such switch',
      'PUT',
      '/v1/switches/harbour-dental/night',
      '{"position":"on"}',
      404,
      { code: 'not-found' },
    ],
    [
      'an unknown position',
      'PUT',
      '/v1/switches/bramley-finch/night',
      '{"position":"half"}',
      422,
      { code: 'refused', hint: 'Positions: off, on.' },
    ],
    ['a password', 'POST', '/v1/phones/bramley-finch/201/secret', undefined, 201, { password: 'shown-once' }],
    ['an unknown phone', 'POST', '/v1/phones/bramley-finch/299/secret', undefined, 404, { code: 'not-found' }],
    ['a phone taken away', 'DELETE', '/v1/phones/bramley-finch/201', undefined, 200, { hasSecret: false }],
    ['a PIN', 'PUT', '/v1/mailboxes/bramley-finch/sales/pin', '{"pin":"4927"}', 200, { id: 'sales' }],
    [
      'a PIN of an unknown box',
      'PUT',
      '/v1/mailboxes/bramley-finch/none/pin',
      '{"pin":"4927"}',
      404,
      { code: 'not-found' },
    ],
    [
      'messages of an unknown box',
      'GET',
      '/v1/mailboxes/bramley-finch/none/messages',
      undefined,
      404,
      { code: 'not-found' },
    ],
  ])('%s', async (_name, method, path, body, status, expected) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, method, path, body === undefined ? {} : { body });
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject(expected);
      expect(answer.text).not.toContain('4927');
    });
  });
});

describe('test calls', () => {
  test('as one document', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { body } = await ask(server, 'POST', '/v1/test-calls', {
        body: '{"to":"+441632960018","keys":["1"],"answers":{"201":"busy"}}',
      });
      expect(body.progress.map((item: { kind: string }) => item.kind)).toEqual(['calling', 'answered']);
      expect(body.result).toMatchObject({ verdict: 'as-planned', endedAt: 'Priya', callId: '81c0aaaaaaaa' });
    });
  });

  test('as a stream', async () => {
    await withServer(fakeDeps(), async (server) => {
      const reader = await openEvents(server, '/v1/test-calls', {}, '{"to":"+441632960018"}');
      expect([(await reader.next()).data.kind, (await reader.next()).data.kind, (await reader.next()).event]).toEqual([
        'calling',
        'answered',
        'result',
      ]);
      await reader.ended;
    });
  });

  test.each([
    ['+441632960099', 422, 'unknown-number'],
    ['999', 409, 'test-call-refused'],
  ])('%s is refused, in both forms', async (to, status, code) => {
    await withServer(fakeDeps(), async (server) => {
      const body = JSON.stringify({ to });
      expect((await ask(server, 'POST', '/v1/test-calls', { body })).body).toMatchObject({ status, code });
      const reader = await openEvents(server, '/v1/test-calls', {}, body);
      expect(await reader.next()).toMatchObject({ event: 'problem', data: { status, code } });
      await reader.ended;
    });
  });

  test.each([['text/event-stream'], ['application/json']])('who goes away hangs up (%s)', async (accept) => {
    const signals: AbortSignal[] = [];
    const deps = fakeDeps({
      testCall: (_request: TestCallBody, _emit, signal) =>
        new Promise((_resolve, reject) => {
          signals.push(signal);
          signal.addEventListener('abort', () => reject(new Error('hung up')));
        }),
    });
    await withServer(deps, async (server) => {
      const leave = new AbortController();
      const asked = fetch(`${server.url}/v1/test-calls`, {
        method: 'POST',
        body: '{"to":"1"}',
        headers: { Accept: accept, Authorization: 'Bearer test-key-0123456789abcdef0123456789abcdef012' },
        signal: leave.signal,
      }).then((response) => response.text());
      await expect.poll(() => signals.length).toBe(1);
      leave.abort();
      await expect(asked).rejects.toThrow();
      await expect.poll(() => signals[0]?.aborted).toBe(true);
    });
  });
});

describe('media', () => {
  const token = 'token-0123456789abcdef';
  test('a prompt with its content as name is kept for ever', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genvoice-media-'));
    const file = join(folder, 'prompt.wav');
    await writeFile(file, 'RIFF-and-so-on');
    const deps = fakeDeps({
      findMedia: async (given, key) => (given === token && key === 'ab12cd34ef56ab12' ? { file, bytes: 14, isPrivate: false } : null),
    });
    try {
      await withServer(deps, async (server) => {
        const address = `${server.url}/media/${token}/ab12cd34ef56ab12.wav`;
        const got = await fetch(address, { headers: { Range: 'bytes=2-4' } });
        expect([got.status, await got.text(), got.headers.get('etag'), got.headers.get('content-type')]).toEqual([
          200,
          'RIFF-and-so-on',
          '"ab12cd34ef56ab12"',
          'audio/wav',
        ]);
        expect(got.headers.get('cache-control')).toContain('immutable');
        const head = await fetch(address, { method: 'HEAD' });
        expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '14', '']);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([`/media/${token}x/ab12cd34ef56ab12.wav`, `/media/${token}/0000000000000000.wav`])(
    '%s is not there',
    async (path) => {
      await withServer(fakeDeps(), async (server) => {
        expect((await ask(server, 'GET', path)).body).toMatchObject({ status: 404, code: 'no-such-media' });
      });
    },
  );

  test('a way out of the folder is no address', async () => {
    await withServer(fakeDeps(), async (server) => {
      expect((await ask(server, 'GET', `/media/${token}/..%2F..%2Fapi-key.wav`)).body).toMatchObject({
        status: 400,
        code: 'wrong-address',
      });
    });
  });
});
