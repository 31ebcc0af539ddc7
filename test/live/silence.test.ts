// What a live caller hears and when: the first sound after the answer, no silence over 4 s, lookups that are slow, absent or far too
// long, and the plans as shipped.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SipCall } from '../../src/sipua/call.ts';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { answered, ended, hears } from './hearing.ts';
import { acme, bolt, DDI } from './plans.ts';

/** The limit. */
const LONGEST_SILENCE_MS = 4_000;
/** The bench holds us to far less; here the machine may be busy. */
const FIRST_SOUND_MS = 1_000;

let app: App;
let answer: (path: string) => { status: number; body: string; afterMs: number } = () => ({ status: 200, body: '{"tier":"gold"}', afterMs: 0 });
const server = createServer((request, response) => {
  const { status, body, afterMs } = answer(request.url ?? '');
  setTimeout(() => {
    response.writeHead(status, { 'content-type': 'application/json' });
    if (body !== 'endless') return void response.end(body);
    const more = (): void => {
      while (!response.destroyed && response.write('a'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  }, afterMs);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const lookupUrl = `http://${HOST}:${(server.address() as AddressInfo).port}/tier`;
  app = await startApp({ plans: { acme: acme({ lookupUrl }), bolt: bolt() }, env: { GENVOICE_LOOKUP_HOSTS: HOST, GENVOICE_LOOKUP_PRIVATE: 'true' } });
}, 120_000);
afterEach(() => app.clean());
afterAll(async () => {
  await app.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Times of the answer and of the end, as the caller saw them. */
function span(call: SipCall): { fromMs: number; toMs: number } {
  const at = (kind: string): number => call.history.find((event) => event.kind === kind)?.atMs ?? 0;
  return { fromMs: at('answered'), toMs: at('ended') };
}

describe('sound', () => {
  test('given a menu, a lookup of 3 s, a tone and the end, then the first sound comes at once and no silence is longer than 4 s', async () => {
    answer = () => ({ status: 200, body: '{"tier":"gold"}', afterMs: 3_000 });
    const call = await app.call(DDI.main);
    await answered(call);
    await hears(call, 'menu');
    await call.sendDigits('5');
    await hears(call, 'gold');
    await ended(call);
    const { fromMs, toMs } = span(call);
    expect((call.rtp?.stats().firstActiveAtMs ?? Infinity) - fromMs).toBeLessThan(FIRST_SOUND_MS);
    expect(call.rtp?.longestSilentGapMs(fromMs, toMs)).toBeLessThan(LONGEST_SILENCE_MS);
  });

  test('given a wrong key, silence, voicemail and its goodbye, then no silence is longer than 4 s but the own message', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.sendDigits('8');
    await call.sendDigits('4');
    await hears(call, 'greeting');
    await app.doing(call, 'recording');
    const recordingMs = performance.now();
    const { fromMs } = span(call);
    expect(call.rtp?.longestSilentGapMs(fromMs, recordingMs)).toBeLessThan(LONGEST_SILENCE_MS);
    await call.sendDigits('#');
    await ended(call, 30_000);
    expect(call.rtp?.longestSilentGapMs(recordingMs, span(call).toMs)).toBeLessThan(LONGEST_SILENCE_MS);
  });
});

describe('lookup', () => {
  test.each([
    ['another value', { status: 200, body: '{"tier":"tin"}', afterMs: 0 }, 'plain'],
    ['404', { status: 404, body: '{}', afterMs: 0 }, 'plain'],
    ['500', { status: 500, body: '{}', afterMs: 0 }, 'failed'],
    ['no JSON', { status: 200, body: '<html>', afterMs: 0 }, 'failed'],
    ['an answer that never ends', { status: 200, body: 'endless', afterMs: 0 }, 'failed'],
    ['an answer after 20 s', { status: 200, body: '{}', afterMs: 20_000 }, 'failed'],
    ['keys of a prototype', { status: 200, body: '{"__proto__":{"tier":"gold"},"tier":"plain"}', afterMs: 0 }, 'failed'],
  ] as const)('given %s, then the exit for it is taken in time', async (_, reply, tone) => {
    answer = () => reply;
    const call = await app.call(DDI.lookup);
    await hears(call, tone);
    await ended(call);
    const { fromMs, toMs } = span(call);
    expect(call.rtp?.longestSilentGapMs(fromMs, toMs)).toBeLessThan(LONGEST_SILENCE_MS);
    expect((await app.record(call)).end?.code).toBe('plan-end');
  });
});
