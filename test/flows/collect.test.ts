// Digits asked for: lengths, terminator, read-back, slips; and secret digits, which no trace, record, log or page ever holds.
import { describe, expect, test } from 'vitest';
import { follow, serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };

function collectOf(more: Readonly<Record<string, unknown>> = {}, steps: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('ask', {
    ask: { kind: 'collect', variable: 'account', say: ['menu'], minDigits: 4, maxDigits: 6, retries: 0, on: { collected: 'bye' }, fallback: 'sorry', ...more },
    bye, ...steps,
  });
}

/** Keys at times after the start; the prompt ends at 2,002 ms. */
function keys(...presses: readonly (readonly [afterMs: number, keys: string])[]): (world: World) => string {
  return (world) => {
    const channel = world.callIn();
    for (const [afterMs, typed] of presses) world.press(channel, typed, afterMs);
    return channel;
  };
}

describe('collect', () => {
  test('given enough digits and the terminator, then they are kept without it, at once', async () => {
    const { texts, moments } = await serve(collectOf(), keys([3_000, '12345#']));
    expect(texts[0]).toBe('collected, account 12345');
    expect(timesOf(moments, 'play')[1]).toBe(3_600);
  });

  test('given the most digits but no terminator, then the inter-digit timer ends the entry', async () => {
    const { texts, moments } = await serve(collectOf({ interDigitMs: 1_500 }), keys([3_000, '123456']));
    expect(texts[0]).toBe('collected, account 123456');
    expect(timesOf(moments, 'play')[1]).toBe(3_600 + 1_500);
  });

  test('given a step without a terminator, then the last digit ends the entry', async () => {
    const { texts, moments } = await serve(collectOf({ terminator: 'none', maxDigits: 4 }), keys([3_000, '1234']));
    expect(texts[0]).toBe('collected, account 1234');
    expect(timesOf(moments, 'play')[1]).toBe(3_360);
  });

  test.each([
    ['too few digits and the terminator', '123#'],
    ['more digits than asked for', '1234567'],
    ['another key among the digits', '12*4#'],
    ['a key of the fourth column', '12A4#'],
    ['the terminator alone', '#'],
  ])('given %s, then it is not a whole entry and the fallback follows', async (_, typed) => {
    const { texts, record, heard } = await serve(collectOf(), keys([3_000, typed]));
    expect(texts[0]).toBe('not a whole entry, asked 1 time');
    expect(record.trace[0]).toMatchObject({ outcome: 'no-match', next: 'sorry', tookFallback: true });
    expect(heard).toEqual(['acme/menu', 'technical-fault']);
  });

  test('given silence and then a slip, then each has its words and the third try counts', async () => {
    const { texts, heard } = await serve(collectOf({ retries: 2 }), keys([8_000, '1#'], [11_500, '1234#']));
    expect(heard).toEqual(['acme/menu', 'nothing-pressed', 'acme/menu', 'try-again', 'acme/menu', 'goodbye']);
    expect(texts[0]).toBe('collected, account 1234');
  });

  test('given silence to the last, then the outcome is no-input after every try', async () => {
    const { texts, moments } = await serve(collectOf({ retries: 1, firstDigitMs: 3_000, on: { 'no-input': 'bye' } }), keys());
    expect(texts[0]).toBe('nothing pressed, asked 2 times');
    // Prompt 2 s, silence 3 s; words and prompt 2.5 s, silence 3 s.
    expect(timesOf(moments, 'play')).toEqual([1, 5_002, 5_002 + 1 + 2_500 + 3_000]);
  });

  test('given a read-back, when it is confirmed with 1, then the digits are read out and kept', async () => {
    const { texts, heard } = await serve(collectOf({ confirm: true }), keys([1_000, '1209#'], [3_000, '1']));
    expect(heard).toEqual(['acme/menu', 'you-entered', 'one', 'two', 'zero', 'nine', 'pause', 'if-right-press-1-otherwise-2', 'goodbye']);
    expect(texts[0]).toBe('collected, account 1209');
  });

  test.each([['refused with 2', '2', 7_000], ['answered by another key', '7', 7_000], ['met with silence', '', 13_000]])('given a read-back that is %s, then it is asked again', async (_, answer, againMs) => {
    const { texts, heard } = await serve(collectOf({ confirm: true, retries: 1 }), keys([1_000, '1111#'], [3_000, answer], [againMs, '2222#'], [againMs + 3_000, '1']));
    expect(heard.filter((one) => one === 'acme/menu')).toHaveLength(2);
    expect(heard).toContain('try-again');
    expect(texts[0]).toBe('collected, account 2222');
  });

  test('given collected digits, when a branch looks at them, then it goes by them', async () => {
    const { texts } = await serve(
      collectOf({ on: { collected: 'kind' } }, { kind: { kind: 'branch', variable: 'account', cases: [{ prefix: '12', to: 'bye' }], on: {}, fallback: 'sorry' } }),
      keys([1_000, '1234#']));
    expect(texts).toEqual(['collected, account 1234', 'account begins with 12', 'plays a message and hangs up']);
  });
});

describe('secret digits', () => {
  /** Everything that leaves the call towards people: log, live pages, alarms, metrics, record. */
  async function told(plan: unknown, drive: (world: World) => string): Promise<{ everything: string; world: World; texts: readonly string[] }> {
    const world = new World({ acme: plan });
    const out: unknown[] = [];
    world.give({
      observer: {
        started: (...seen) => void out.push(seen), traced: (...seen) => void out.push(seen), listening: (...seen) => void out.push(seen),
        ended: (...seen) => void out.push(seen), timed: (...seen) => void out.push(seen), alarm: (...seen) => void out.push(seen),
        clearAlarm: (...seen) => void out.push(seen), note: (...seen) => void out.push(seen),
      },
    });
    const moments = follow(world);
    const channel = drive(world);
    await world.ended();
    const { texts } = await served(world, channel, moments);
    return { everything: JSON.stringify([out, world.records]), world, texts };
  }

  const PIN = '730584';

  test('given a secret entry, refused at first and then confirmed, then no digit of it is told to anybody', async () => {
    const { everything, texts } = await told(
      collectOf({ secret: true, confirm: true, retries: 1 }), keys([1_000, '918273#'], [5_000, '2'], [11_000, `${PIN}#`], [16_000, '1']));
    expect(texts[0]).toBe('collected, 6 digits');
    expect(everything).not.toContain(PIN);
    expect(everything).not.toContain('918273');
  });

  test('given a secret value in a branch, then the trace says that it fits, not what it is', async () => {
    const { everything, texts } = await told(
      collectOf({ secret: true, on: { collected: 'kind' } }, { kind: { kind: 'branch', variable: 'account', cases: [{ equals: PIN, to: 'bye' }], on: {}, fallback: 'sorry' } }),
      keys([1_000, `${PIN}#`]));
    expect(texts[1]).toBe('account fits');
    expect(everything).not.toContain(PIN);
  });

  test('given a lookup that fails and names the secret in its reason, then the reason is masked', async () => {
    const asked: string[] = [];
    const { everything, texts } = await told(
      collectOf({ secret: true, on: { collected: 'crm' } }, { crm: { kind: 'lookup', url: 'https://crm.example/pin/{{account}}', on: { failed: 'bye' }, fallback: 'sorry' } }),
      (world) => {
        world.lookup = (url) => {
          asked.push(url);
          return { result: { kind: 'failed', reason: `GET ${url} answered 500` }, afterMs: 20 };
        };
        return keys([1_000, `${PIN}#`])(world);
      });
    expect(asked).toEqual([`https://crm.example/pin/${PIN}`]);
    expect(texts[1]).toBe('failed, GET https://crm.example/pin/•••• answered 500');
    expect(everything).not.toContain(PIN);
  });

  test('given a secret entry that is too short, then what was typed is not told either', async () => {
    const { everything } = await told(collectOf({ secret: true, minDigits: 6, maxDigits: 8 }), keys([1_000, '73058#']));
    expect(everything).not.toContain('73058');
  });
});
