// Calls over HTTP: lists, one call, and event streams that are resumed, cut and closed.
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { MAX_STREAMS } from '../../../src/http/serve-route.ts';
import type { CallEvent } from '../../../src/http/deps.ts';
import { aLiveCall, aRecord, fakeDeps, NOW_MS } from './fake-deps.ts';
import { ask, AUTH, openEvents, withServer } from './http-helpers.ts';

function step(callId: string, text: string): CallEvent {
  return {
    kind: 'call-step',
    callId,
    customer: 'bramley-finch',
    atMs: NOW_MS,
    line: { atMs: NOW_MS, step: 'main-menu', kind: 'menu', outcome: 'key 1', text, next: 'x', tookFallback: false },
  };
}
function started(callId: string): CallEvent {
  return {
    kind: 'call-started',
    callId,
    customer: 'bramley-finch',
    atMs: NOW_MS,
    direction: 'inbound',
    dialled: '01632960018',
    caller: 'Withheld',
    isTest: false,
  };
}
function ended(callId: string): CallEvent {
  return {
    kind: 'call-ended',
    callId,
    customer: 'bramley-finch',
    atMs: NOW_MS,
    end: { by: 'caller', fault: 'none', code: 'hung-up', cause: 16 },
  };
}

describe('lists', () => {
  test('live and recent, newest first, without what must not leave', async () => {
    const deps = fakeDeps();
    deps.live.push(aLiveCall('aaa111000000'));
    deps.records.push(aRecord('7f3a00000000'));
    await withServer(deps, async (server) => {
      const { body, text } = await ask(server, 'GET', '/v1/calls');
      expect(body.live).toMatchObject([
        {
          id: 'aaa111000000',
          state: 'live',
          planVersion: 41,
          step: 'main-menu',
          doing: 'step',
          caller: { kind: 'withheld', number: null },
          endedAt: null,
        },
      ]);
      expect(body.recent).toMatchObject([
        {
          id: '7f3a00000000',
          state: 'ended',
          startedAt: '2026-11-23T14:03:22.417Z',
          timeZone: 'Europe/London',
          end: { by: 'caller', cause: 16 },
        },
      ]);
      expect(body.next).toBeNull();
      expect(text).not.toMatch(/4111|channel-secret-name|7700900555|7700900999/);
    });
  });

  test('a call that ends between the two questions is shown once', async () => {
    const deps = fakeDeps();
    deps.live.push(aLiveCall('7f3a00000000'));
    deps.records.push(aRecord('7f3a00000000'));
    await withServer(deps, async (server) => {
      const { body } = await ask(server, 'GET', '/v1/calls');
      expect([body.live.length, body.recent.length]).toEqual([0, 1]);
    });
  });

  test.each([
    ['state=live', 2, 0],
    ['state=ended', 0, 2],
    ['customer=harbour-dental', 1, 1],
    ['number=%2B441632960018', 2, 2],
    ['number=%2B441632960099', 0, 2],
    ['end=hung-up', 0, 2],
    ['since=2026-11-23T14:04:00Z', 0, 2],
  ])('filter %s', async (query, live, recent) => {
    const deps = fakeDeps();
    deps.live.push(aLiveCall('aaa111000000'), aLiveCall('bbb111000000', { customer: 'harbour-dental' }));
    deps.records.push(aRecord('7f3a00000000'), aRecord('7f3b00000000', { customer: 'harbour-dental' }));
    await withServer(deps, async (server) => {
      const { body } = await ask(server, 'GET', `/v1/calls?${query}`);
      expect([body.live.length, body.recent.length]).toEqual([live, recent]);
    });
  });

  test('filters reach the records as they are meant', async () => {
    const seen: unknown[] = [];
    const deps = fakeDeps({
      listRecords: async (filter) => {
        seen.push(filter);
        return [aRecord('7f3a00000000')];
      },
    });
    await withServer(deps, async (server) => {
      const { body } = await ask(
        server,
        'GET',
        '/v1/calls?limit=1&after=7f2b00000000&since=2026-11-23T00:00:00%2B01:00&end=no-answer',
      );
      expect(seen).toEqual([
        { limit: 1, after: '7f2b00000000', sinceMs: Date.UTC(2026, 10, 22, 23), endCode: 'no-answer' },
      ]);
      expect(body.next).toBe('7f3a00000000');
    });
  });
});

describe('one call', () => {
  test('by its beginning, with trace, legs and origin', async () => {
    const deps = fakeDeps();
    deps.records.push(aRecord('7f3a00000000'));
    await withServer(deps, async (server) => {
      const { body } = await ask(server, 'GET', '/v1/calls/7f3a');
      expect(body).toMatchObject({
        id: '7f3a00000000',
        trace: [{ at: '2026-11-23T14:03:22.422Z', text: 'key 1 after 5.9 s' }],
        sip: { transport: 'udp' },
        adoptions: 0,
      });
    });
  });

  test('none, and several that begin so', async () => {
    const deps = fakeDeps();
    deps.live.push(aLiveCall('aaa111000000'), aLiveCall('aaa222000000'));
    await withServer(deps, async (server) => {
      expect((await ask(server, 'GET', '/v1/calls/zzz')).body).toMatchObject({ status: 404, code: 'no-such-call' });
      expect((await ask(server, 'GET', '/v1/calls/aaa')).body).toMatchObject({
        status: 409,
        code: 'several-calls',
        hint: expect.stringContaining('aaa111000000'),
      });
      expect((await ask(server, 'GET', '/v1/calls/aaa1')).body).toMatchObject({ id: 'aaa111000000', state: 'live' });
    });
  });
});

describe('event streams', () => {
  test('a beat with the time comes at once and every 2 s', async () => {
    const deps = fakeDeps();
    await withServer(deps, async (server) => {
      const reader = await openEvents(server, '/v1/events');
      expect(reader.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      expect((await reader.next('beat')).data).toEqual({ now: '2026-11-23T14:03:22.417Z' });
      deps.clock.fire(2000);
      await reader.next('beat');
      reader.leave();
    });
  });

  test('resumed after the last id, nothing is lost and nothing comes twice', async () => {
    const deps = fakeDeps();
    await withServer(deps, async (server) => {
      const first = await openEvents(server, '/v1/events');
      await first.next('beat');
      deps.emit(started('aaa111'));
      deps.emit(step('aaa111', 'one'));
      await first.next('call-started');
      const seen = await first.next('call-step');
      first.leave();
      deps.emit(step('aaa111', 'two'));
      deps.emit(step('bbb111', 'three'));
      const second = await openEvents(server, '/v1/events', { 'Last-Event-ID': seen.id ?? '' });
      const missed = [await second.next(), await second.next()];
      deps.emit(step('aaa111', 'four'));
      missed.push(await second.next());
      expect(missed.map((event) => event.data.line.text)).toEqual(['two', 'three', 'four']);
      second.leave();
    });
  });

  test('the snapshot names the event to resume after', async () => {
    const deps = fakeDeps();
    await withServer(deps, async (server) => {
      deps.emit(started('aaa111'));
      const { body } = await ask(server, 'GET', '/v1/calls');
      deps.emit(step('aaa111', 'after the snapshot'));
      const reader = await openEvents(server, '/v1/events', { 'Last-Event-ID': body.lastEventId });
      expect((await reader.next()).data.line.text).toBe('after the snapshot');
      reader.leave();
    });
  });

  test.each([
    ['of another process', 'zzzz-1'],
    ['of the future', 'SELF-99'],
    ['nonsense', 'x'],
    ['a header injection', '0-0%0a'],
  ])('an id %s is a gap', async (_name, given) => {
    const deps = fakeDeps();
    await withServer(deps, async (server) => {
      const { body } = await ask(server, 'GET', '/v1/calls');
      const id = given.replace('SELF', body.lastEventId.split('-')[0]);
      const reader = await openEvents(server, '/v1/events', { 'Last-Event-ID': id });
      expect(await reader.next()).toMatchObject({ event: 'gap', data: { lastEventId: body.lastEventId } });
      reader.leave();
    });
  });

  test('one call: what was, what comes, and the end of the stream with the call', async () => {
    const deps = fakeDeps();
    deps.live.push(aLiveCall('aaa111000000'));
    await withServer(deps, async (server) => {
      deps.emit(started('aaa111000000'));
      deps.emit(step('bbb111000000', 'of another call'));
      const reader = await openEvents(server, '/v1/calls/aaa111/events');
      expect((await reader.next()).event).toBe('call-started');
      deps.emit(step('aaa111000000', 'now'));
      expect((await reader.next()).data.line.text).toBe('now');
      deps.emit(ended('aaa111000000'));
      expect((await reader.next()).event).toBe('call-ended');
      await reader.ended;
      expect(reader.events.some((event) => event.data.callId === 'bbb111000000')).toBe(false);
    });
  });

  test('one recorded call: told from its record, then the end', async () => {
    const deps = fakeDeps();
    deps.records.push(aRecord('7f3a00000000'));
    await withServer(deps, async (server) => {
      const reader = await openEvents(server, '/v1/calls/7f3a/events');
      expect((await reader.next()).data.line.text).toBe('key 1 after 5.9 s');
      expect((await reader.next()).event).toBe('call-ended');
      await reader.ended;
    });
  });

  test('a reader that does not read is cut, others go on', async () => {
    const deps = fakeDeps();
    await withServer(deps, async (server) => {
      const good = await openEvents(server, '/v1/events');
      await good.next('beat');
      const slow = await new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request(`${server.url}/v1/events`, { headers: AUTH, agent: false }, resolve);
        asked.on('error', reject);
        asked.end();
      });
      slow.pause();
      const text = 'x'.repeat(100_000);
      // Kernel buffers on loopback take some megabytes before ours fill.
      for (let sent = 0; sent < 400; sent += 1) {
        deps.emit(step('aaa111', text));
        await good.next('call-step');
      }
      let got = 0;
      slow.on('error', () => {});
      slow.on('data', (chunk: Buffer) => (got += chunk.length));
      // `once` of node:events would reject with the cut itself.
      const closed = new Promise<void>((resolve) => slow.on('close', resolve));
      slow.resume();
      await closed;
      expect(got).toBeLessThan(400 * text.length);
      deps.emit(ended('aaa111'));
      expect((await good.next('call-ended')).data.callId).toBe('aaa111');
      good.leave();
    });
  });

  test('there is a largest number of streams, and a closed one makes room', async () => {
    await withServer(fakeDeps(), async (server) => {
      const readers = await Promise.all(Array.from({ length: MAX_STREAMS }, () => openEvents(server, '/v1/events')));
      expect((await ask(server, 'GET', '/v1/events')).body).toMatchObject({ status: 503, code: 'too-many-streams' });
      readers[0]?.leave();
      await expect
        .poll(async () => {
          const again = await openEvents(server, '/v1/events');
          again.leave();
          return again.response.statusCode;
        })
        .toBe(200);
      for (const reader of readers) reader.leave();
    });
  });
});
