// Asking another system while a caller waits: every answer is an outcome, nobody waits in silence, nothing hostile gets in.
import { describe, expect, test } from 'vitest';
import type { LookupRequest, LookupResult } from '../../src/ports/lookup.ts';
import { serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };
const busy = { kind: 'end', how: 'busy' };
const crm = { kind: 'lookup', url: 'https://crm.example/by?n={{caller}}', save: { tier: '/customer/tier' }, timeoutMs: 3_000, on: { found: 'tier', 'not-found': 'bye', failed: 'busy' }, fallback: 'sorry' };
const tier = { kind: 'branch', variable: 'tier', cases: [{ equals: 'gold', to: 'bye' }], on: { otherwise: 'busy' }, fallback: 'sorry' };

/** A lookup behind a prompt of 2 s: the caller is answered, and asked about from 2,002 ms on. */
function answeredPlan(more: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('hello', { hello: { kind: 'play', say: ['welcome'], on: { done: 'crm' }, fallback: 'sorry' }, crm: { ...crm, ...more }, tier, bye, busy });
}

function answers(result: LookupResult, afterMs = 10): (world: World) => string {
  return (world) => {
    world.lookup = () => ({ result, afterMs });
    return world.callIn();
  };
}

describe('lookup: outcomes', () => {
  test.each<[string, LookupResult, readonly string[]]>([
    ['a field that is there', { kind: 'found', json: { customer: { tier: 'gold' } } }, ['found', 'tier is gold', 'plays a message and hangs up']],
    ['an answer without the field', { kind: 'found', json: { customer: null } }, ['found, /customer/tier was not in the answer', 'tier has no value', 'busy tone']],
    ['no such record', { kind: 'not-found' }, ['not found', 'plays a message and hangs up']],
    ['a failure', { kind: 'failed', reason: 'crm.example did not answer within 3 s' }, ['failed, crm.example did not answer within 3 s', 'busy tone']],
  ])('given %s, then the exit of that outcome is taken and the trace says why', async (_, result, expected) => {
    const { texts } = await serve(answeredPlan(), answers(result));
    expect(texts).toEqual(['played', ...expected]);
  });

  test('given no exit for a failure, then the fallback is taken at once', async () => {
    const { record, heard } = await serve(answeredPlan({ on: { found: 'tier' } }), answers({ kind: 'failed', reason: 'refused' }));
    expect(record.trace[1]).toMatchObject({ outcome: 'failed', next: 'sorry', tookFallback: true });
    expect(heard.at(-1)).toBe('technical-fault');
  });

  test('given variables in address and body, then each is encoded for the place where it stands', async () => {
    const world = new World({ acme: answeredPlan({ method: 'POST', url: 'https://crm.example/{{caller}}?day={{today}}', body: '{"from":"{{caller}}","number":"{{dialled}}"}', timeoutMs: 1_500, maxBytes: 512 }) });
    const asked: LookupRequest[] = [];
    world.give({ lookup: { ask: async (request) => (asked.push(request), { kind: 'not-found' }) } });
    const channel = world.callIn();
    await world.ended();
    await served(world, channel);
    expect(asked).toEqual([{
      method: 'POST', url: 'https://crm.example/%2B447700900123?day=2026-11-24', headers: {}, body: '{"from":"+447700900123","number":"+441632960018"}', timeoutMs: 1_500, maxBytes: 512,
    }]);
  });

  test('given JSON pointers with escapes and into lists, then each finds its own value', async () => {
    const { texts } = await serve(
      answeredPlan({ save: { tier: '/a~1b/0/c~0d' } }), answers({ kind: 'found', json: { 'a/b': [{ 'c~d': 'gold' }] } }));
    expect(texts[2]).toBe('tier is gold');
  });
});

describe('lookup: waiting', () => {
  test('given an answer within 700 ms, then no music is played', async () => {
    const { moments } = await serve(answeredPlan(), answers({ kind: 'not-found' }, 690));
    expect(timesOf(moments, 'startMusic')).toEqual([]);
  });

  test('given a slow answer, then music plays after 700 ms and has stopped before anything is said', async () => {
    const { moments, heard } = await serve(answeredPlan(), answers({ kind: 'not-found' }, 2_500));
    expect(timesOf(moments, 'startMusic')).toEqual([2_002 + 700]);
    expect(timesOf(moments, 'stopMusic')).toEqual([2_002 + 2_500]);
    expect(timesOf(moments, 'play')[1]).toBeGreaterThan(timesOf(moments, 'stopMusic')[0] ?? Number.NaN);
    expect(heard).toEqual(['acme/welcome', 'goodbye']);
  });

  test('given a caller who is not answered yet, then ringing is heard meanwhile and the lookup does not answer', async () => {
    const { moments, record } = await serve(planOf('crm', { crm, tier, bye, busy }), answers({ kind: 'failed', reason: 'down' }, 2_000));
    expect(timesOf(moments, 'ring')).toEqual([0]);
    expect(timesOf(moments, 'answer')).toEqual([]);
    expect(record.answeredAtMs).toBeNull();
  });

  test('given a caller who hangs up meanwhile, then the request is aborted at once', async () => {
    const world = new World({ acme: answeredPlan() });
    const aborted: number[] = [];
    world.give({
      lookup: {
        ask: (_, signal) => new Promise((__, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(world.clock.nowMs());
            reject(signal.reason as Error);
          });
        }),
      },
    });
    const channel = world.callIn();
    let hungUpMs = 0;
    world.clock.worldAfter(4_000, () => {
      hungUpMs = world.clock.nowMs();
      world.telephony.hangUp(channel);
    });
    await world.ended();
    const { record, texts } = await served(world, channel);
    expect(aborted).toEqual([hungUpMs]);
    expect(record.end).toMatchObject({ by: 'caller', code: 'hung-up' });
    expect(texts).toEqual(['played', 'caller ended the call here']);
  });

  test('given music that Asterisk refuses, then the answer still counts', async () => {
    const { texts } = await serve(answeredPlan(), (world) => {
      world.telephony.startMusic = async () => {
        throw new Error('no class of music');
      };
      return answers({ kind: 'not-found' }, 2_000)(world);
    });
    expect(texts[1]).toBe('not found');
  });
});

describe('lookup: hostile answers', () => {
  /** The value as the call kept it. */
  async function kept(value: unknown): Promise<string | undefined> {
    const world = new World({ acme: answeredPlan() });
    let seen: string | undefined;
    world.lookup = () => ({ result: { kind: 'found', json: { customer: { tier: value } } }, afterMs: 10 });
    world.telephony.onRequest = (verb) => {
      if (verb === 'hangup') seen = world.live.all()[0]?.variables.get('tier');
    };
    const channel = world.callIn();
    await world.ended();
    await served(world, channel);
    return seen;
  }

  test('given control characters, then they become spaces', async () => {
    expect(await kept('gold\r\nX-Evil: 1\u0000\u001b[2J\u007f')).toBe('gold  X-Evil: 1  [2J ');
  });

  test.each([['an object', { gold: true }], ['a list', ['gold']], ['null', null]])('given %s where a value should be, then nothing is kept', async (_, value) => {
    expect(await kept(value)).toBeUndefined();
  });

  test.each([[42, '42'], [true, 'true'], [-1.5, '-1.5'], ['', '']])('given the plain value %j, then it is kept as text', async (value, text) => {
    expect(await kept(value)).toBe(text);
  });

  test('given 10 MB of text, then it is cut to 256 characters without holding anybody up', async () => {
    const text = 'x\u0007'.repeat(5_000_000);
    const startedMs = performance.now();
    expect(await kept(text)).toBe('x '.repeat(128));
    // Other calls are served by the same thread.
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test('given half a surrogate pair, also by the cut, then a later address can still be made of it', async () => {
    const plan = planOf('crm', {
      crm: { kind: 'lookup', url: 'https://crm.example/', save: { who: '/who', other: '/other' }, on: { found: 'again' }, fallback: 'sorry' },
      again: { kind: 'lookup', url: 'https://crm.example/{{who}}/{{other}}', on: { 'not-found': 'bye' }, fallback: 'sorry' }, bye,
    });
    const asked: string[] = [];
    const { texts } = await serve(plan, (world) => {
      world.lookup = (url) => {
        asked.push(url);
        return { result: asked.length === 1 ? { kind: 'found', json: { who: `${'a'.repeat(255)}\u{1F600}`, other: '\ud800' } } : { kind: 'not-found' }, afterMs: 5 };
      };
      return world.callIn();
    });
    expect(texts).toEqual(['found', 'not found', 'plays a message and hangs up']);
    expect(asked[1]).toBe(`https://crm.example/${'a'.repeat(255)}%EF%BF%BD/%EF%BF%BD`);
  });

  test.each(['/__proto__/polluted', '/constructor/name', '/customer/tier/length'])('given the pointer %s, then only what the answer itself holds is found', async (pointer) => {
    const { texts } = await serve(answeredPlan({ save: { tier: pointer } }), answers({ kind: 'found', json: { customer: { tier: 'gold' } } }));
    expect(texts[1]).toBe(`found, ${pointer} was not in the answer`);
  });
});
