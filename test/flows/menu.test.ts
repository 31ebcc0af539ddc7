// Menus as a caller meets them: keys before, during and after the prompt, every timer to the millisecond, every way out.
import { describe, expect, test } from 'vitest';
import { serve, timesOf } from './served.ts';
import { planOf, type World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };
const other = { kind: 'end', say: ['greeting'] };

/** A menu of one prompt (2 s) that says goodbye on 1. */
function menuOf(more: Readonly<Record<string, unknown>> = {}, steps: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, retries: 0, fallback: 'sorry', ...more }, bye, ...steps });
}

/** Keys at times after the start; the caller's prompt begins at 2 ms and ends at 2,002 ms. */
function keys(...presses: readonly (readonly [afterMs: number, keys: string])[]): (world: World) => string {
  return (world) => {
    const channel = world.callIn();
    for (const [afterMs, typed] of presses) world.press(channel, typed, afterMs);
    return channel;
  };
}

describe('menu: keys and the prompt', () => {
  test('given barge-in, when a key is pressed during the prompt, then the prompt stops and the next one begins at once', async () => {
    const { texts, heard, moments } = await serve(menuOf(), keys([700, '1']));
    expect(timesOf(moments, 'stopPlayback')).toEqual([700]);
    expect(timesOf(moments, 'play')).toEqual([1, 700]);
    expect(heard).toEqual(['acme/menu', 'goodbye']);
    expect(texts).toEqual(['key 1', 'plays a message and hangs up']);
  });

  test('given no barge-in, when a key is pressed during the prompt, then the prompt is heard to its end and the key counts', async () => {
    const { texts, moments } = await serve(menuOf({ bargeIn: false }), keys([700, '1']));
    expect(timesOf(moments, 'stopPlayback')).toEqual([]);
    expect(timesOf(moments, 'play')).toEqual([1, 2_002]);
    expect(texts[0]).toBe('key 1');
  });

  test('given two menus, the first without barge-in, when both keys are typed during it, then the second is not spoken at all', async () => {
    const { texts, heard } = await serve(
      menuOf({ bargeIn: false, choices: { '1': 'second' } }, { second: { kind: 'menu', say: ['welcome'], choices: { '2': 'bye' }, fallback: 'sorry' } }), keys([500, '12']));
    expect(heard).toEqual(['acme/menu', 'goodbye']);
    expect(texts).toEqual(['key 1', 'key 2', 'plays a message and hangs up']);
  });

  test('given keys of both menus before the first prompt began, then neither prompt is heard', async () => {
    const { texts, heard } = await serve(
      planOf('hello', {
        hello: { kind: 'play', say: ['welcome'], bargeIn: false, on: { done: 'main' }, fallback: 'sorry' },
        main: { kind: 'menu', say: ['menu'], choices: { '1': 'second' }, fallback: 'sorry' },
        second: { kind: 'menu', say: ['menu'], choices: { '2': 'bye' }, fallback: 'sorry' },
        bye,
      }), keys([300, '12']));
    expect(heard).toEqual(['acme/welcome', 'goodbye']);
    expect(texts).toEqual(['played', 'key 1', 'key 2', 'plays a message and hangs up']);
  });

  test('given typeAhead false, when a key was pressed before the menu, then it does not count', async () => {
    const { texts, heard } = await serve(
      planOf('hello', {
        hello: { kind: 'play', say: ['welcome'], bargeIn: false, on: { done: 'main' }, fallback: 'sorry' },
        main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, typeAhead: false, retries: 0, on: { 'no-input': 'busy' }, fallback: 'sorry' },
        busy: { kind: 'end', how: 'busy' }, bye,
      }), keys([300, '1']));
    expect(heard).toEqual(['acme/welcome', 'acme/menu']);
    expect(texts).toEqual(['played', 'nothing pressed, offered 1 time', 'busy tone']);
  });
});

describe('menu: timers', () => {
  test('given silence, then the first-digit timer runs from the end of the prompt, to the millisecond', async () => {
    const { texts, moments, heard } = await serve(menuOf({ firstDigitMs: 4_321, on: { 'no-input': 'bye' } }), keys());
    expect(timesOf(moments, 'playback-ended')[0]).toBe(2_002);
    expect(timesOf(moments, 'play')).toEqual([1, 2_002 + 4_321]);
    expect(heard).toEqual(['acme/menu', 'goodbye']);
    expect(texts[0]).toBe('nothing pressed, offered 1 time');
  });

  test('given a longer choice, then the inter-digit timer decides for the shorter one, to the millisecond', async () => {
    const { texts, moments } = await serve(menuOf({ choices: { '1': 'bye', '12': 'other' }, interDigitMs: 1_234 }, { other }), keys([3_000, '1']));
    expect(timesOf(moments, 'play')[1]).toBe(3_000 + 1_234);
    expect(texts[0]).toBe('key 1');
  });

  test('given a longer choice, when its last key comes within the timer, then it is taken at that key', async () => {
    const { texts, moments } = await serve(menuOf({ choices: { '1': 'bye', '12': 'other' }, interDigitMs: 1_234 }, { other }), keys([3_000, '1'], [4_200, '2']));
    expect(timesOf(moments, 'play')[1]).toBe(4_200);
    expect(texts[0]).toBe('key 12');
  });

  test('given a longer choice, when # is pressed, then the shorter one is taken at once', async () => {
    const { texts, moments } = await serve(menuOf({ choices: { '1': 'bye', '12': 'other' } }, { other }), keys([3_000, '1#']));
    expect(timesOf(moments, 'play')[1]).toBe(3_120);
    expect(texts[0]).toBe('key 1');
  });

  test('given keys that go on slowly, then the overall timer ends the entry, to the millisecond', async () => {
    const { texts, moments } = await serve(
      menuOf({ choices: { '1111111111': 'bye' }, interDigitMs: 1_000, overallMs: 3_500, on: { 'no-match': 'bye' } }),
      keys([2_500, '1'], [3_400, '1'], [4_300, '1'], [5_200, '1'], [6_100, '1']));
    expect(timesOf(moments, 'play')[1]).toBe(2_002 + 3_500);
    expect(texts[0]).toBe('no such choice, offered 1 time');
  });
});

describe('menu: slips and ways out', () => {
  test('given retries, when nothing and then something else is pressed, then each slip has its words, in order', async () => {
    const { texts, heard } = await serve(menuOf({ retries: 2, on: { 'no-match': 'bye' } }), keys([8_000, '9'], [11_000, '7']));
    expect(heard).toEqual(['acme/menu', 'nothing-pressed', 'acme/menu', 'that-choice-is-not-known', 'acme/menu', 'goodbye']);
    expect(texts[0]).toBe('no such choice, offered 3 times');
  });

  test("given words of the plan's own for slips, then those are heard instead", async () => {
    const { heard } = await serve(
      menuOf({ retries: 2, noInputSay: ['welcome'], noMatchSay: ['greeting'], on: { 'no-input': 'bye' } }), keys([2_500, '9']));
    expect(heard).toEqual(['acme/menu', 'acme/greeting', 'acme/menu', 'acme/welcome', 'acme/menu', 'goodbye']);
  });

  test('given no exit for no-input, then the fallback is taken and the trace says so', async () => {
    const { record, heard } = await serve(menuOf(), keys());
    expect(heard).toEqual(['acme/menu', 'technical-fault']);
    expect(record.trace[0]).toMatchObject({ outcome: 'no-input', next: 'sorry', tookFallback: true, text: 'nothing pressed, offered 1 time' });
  });

  test('given dial-an-extension, when an extension is dialled, then its phone rings', async () => {
    const { texts, record } = await serve(menuOf({ dialExtension: true }), (world) => {
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
      return keys([500, '203'])(world);
    });
    expect(texts).toEqual(['extension 203, Aisha Khan', 'Aisha Khan answered']);
    expect(record.trace[0]).toMatchObject({ next: '@203', tookFallback: false });
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });

  test('given dial-an-extension, when a number is dialled that nobody has, then it is no such choice', async () => {
    const { texts, record } = await serve(menuOf({ dialExtension: true }), keys([500, '299']));
    expect(texts[0]).toBe('no such choice, offered 1 time');
    expect(record.legs).toEqual([]);
  });

  test.each(['A', 'B', 'C', 'D', '*', '#', '0'])('given key %s that no choice has, then it is no such choice and nothing worse', async (key) => {
    const { texts } = await serve(menuOf(), keys([500, key]));
    expect(texts).toEqual(['no such choice, offered 1 time', 'plays a message and hangs up']);
  });

  test('given a flood of 500 digits, then the menu gives up after its retries and the caller hears why', async () => {
    const { texts, heard, record } = await serve(menuOf({ retries: 2 }), (world) => {
      const channel = world.callIn();
      for (let n = 0; n < 500; n += 1) world.clock.worldAfter(100 + n, () => world.telephony.press(channel, '90*#D'[n % 5] ?? ''));
      return channel;
    });
    expect(texts).toEqual(['no such choice, offered 3 times', 'plays a message and hangs up']);
    expect(heard.at(-1)).toBe('technical-fault');
    expect(record.end.code).toBe('plan-end');
  });

  test('given 500 digits before anybody asks for keys, then they are bounded and the next menu still works', async () => {
    const { texts } = await serve(
      planOf('hello', {
        hello: { kind: 'play', say: ['welcome'], bargeIn: false, on: { done: 'main' }, fallback: 'sorry' },
        main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, retries: 1, fallback: 'sorry' },
        bye,
      }), (world) => {
        const channel = world.callIn();
        for (let n = 0; n < 500; n += 1) world.clock.worldAfter(10 + n, () => world.telephony.press(channel, '9'));
        world.press(channel, '1', 6_000);
        return channel;
      });
    expect(texts).toEqual(['played', 'key 1', 'plays a message and hangs up']);
  });
});
