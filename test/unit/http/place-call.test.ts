// POST /v1/calls over HTTP: what is asked, what is refused and how, and the PIN for outside calls.
import { describe, expect, test } from 'vitest';
import type { PlaceCall, PlacedCall } from '../../../src/http/deps.ts';
import { fakeDeps } from './fake-deps.ts';
import { ask, withServer } from './http-helpers.ts';

const BODY = { customer: 'bramley-finch', as: '201', to: '+447700900123' };
const post = (key: string | null, body: unknown = BODY) => ({ body: JSON.stringify(body), headers: key === null ? {} : { 'Idempotency-Key': key } });

describe('POST /v1/calls', () => {
  test('answers 202 with the call and its events, and passes everything on', async () => {
    const asked: PlaceCall[] = [];
    const deps = fakeDeps({
      placeCall: async (request) => {
        asked.push(request);
        return { kind: 'placed', callId: 'c1c000000000', isRepeat: false };
      },
    });
    await withServer(deps, async (server) => {
      const { status, body } = await ask(server, 'POST', '/v1/calls', post('order 7', { ...BODY, cli: '+441632960018', purpose: 'service', autoAnswer: true, order: 'agent-first' }));
      expect([status, body]).toEqual([202, { callId: 'c1c000000000', events: '/v1/calls/c1c000000000/events', isRepeat: false }]);
      await ask(server, 'POST', '/v1/calls', post('k'));
    });
    expect(asked).toEqual([
      { customer: 'bramley-finch', extension: '201', to: '+447700900123', cli: '+441632960018', purpose: 'service', isAutoAnswer: true, key: 'order 7', address: expect.stringContaining('127.0.0.1') },
      { customer: 'bramley-finch', extension: '201', to: '+447700900123', cli: null, purpose: null, isAutoAnswer: false, key: 'k', address: expect.stringContaining('127.0.0.1') },
    ]);
  });

  test.each<[string, string | null, unknown, number, string, string]>([
    ['no key', null, BODY, 400, 'idempotency-key', 'Idempotency-Key'],
    ['a key that is too long', 'k'.repeat(201), BODY, 400, 'idempotency-key', 'Idempotency-Key'],
    ['a key with other characters', 'caf\u00e9', BODY, 400, 'idempotency-key', 'Idempotency-Key'],
    ['customer first', 'k', { ...BODY, order: 'customer-first' }, 422, 'customer-first', '/order'],
    ['a purpose that nobody may claim', 'k', { ...BODY, purpose: 'emergency' }, 422, 'wrong-body', '/purpose'],
    ['a CLI that is no E.164', 'k', { ...BODY, cli: '01632960018' }, 422, 'wrong-body', '/cli'],
    ['a field that is none', 'k', { ...BODY, from: '201' }, 422, 'wrong-body', '/from'],
    ['an unknown customer', 'k', { ...BODY, customer: 'nobody' }, 404, 'not-found', '/customer'],
    ['an unknown extension', 'k', { ...BODY, as: '299' }, 404, 'not-found', '/as'],
  ])('%s', async (_, key, body, status, code, path) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'POST', '/v1/calls', post(key, body));
      expect([answer.status, answer.body.path]).toEqual([status, path]);
      if (code !== 'wrong-body') expect(answer.body.code).toBe(code);
      expect(answer.body.hint).not.toBeNull();
    });
  });

  test.each<[PlacedCall, number, string, string | null]>([
    [{ kind: 'key-reused' }, 422, 'idempotency-key-reused', null],
    [{ kind: 'number', message: 'Too short.' }, 422, 'number', null],
    [{ kind: 'not-now', code: 'draining', message: 'Ending.', retryAfterS: 30 }, 503, 'draining', '30'],
  ])('%o', async (placed, status, code, retryAfter) => {
    await withServer(fakeDeps({ placeCall: async () => placed }), async (server) => {
      const answer = await ask(server, 'POST', '/v1/calls', post('k'));
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([status, code, retryAfter]);
    });
  });

  test('the description says that the key must be sent', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { body } = await ask(server, 'GET', '/v1/openapi.json');
      expect(body.paths['/v1/calls'].post.parameters).toMatchObject([{ in: 'header', name: 'Idempotency-Key', required: true }]);
    });
  });
});

describe('the PIN for outside calls', () => {
  const path = (extension: string): string => `/v1/customers/bramley-finch/extensions/${extension}/calls-pin`;
  test.each<[string, unknown, number]>([['201', { pin: '4927' }, 200], ['299', { pin: '4927' }, 404], ['201', { pin: '12' }, 422], ['201', { pin: 'abcd' }, 422]])('%s %o', async (extension, body, status) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'PUT', path(extension), { body: JSON.stringify(body) });
      expect(answer.status).toBe(status);
      expect(answer.text).not.toContain('4927');
    });
  });
});
