// What a caller is told: items in their order as one playback, values in words, and what cannot be said.
import { describe, expect, test } from 'vitest';
import { serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };

function playOf(say: readonly unknown[], more: Readonly<Record<string, unknown>> = {}, steps: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('told', { told: { kind: 'play', say, on: { done: 'bye' }, fallback: 'sorry', ...more }, bye, ...steps });
}

describe('play', () => {
  test('given items of every kind, then they are heard in their order as one playback', async () => {
    const { heard, moments, texts } = await serve(
      playOf(['welcome', { digits: '20*9' }, { number: '1234' }, { date: '2026-12-25' }, { time: '14:05' }, { phrase: 'thank-you' }]), (world) => world.callIn());
    expect(heard).toEqual([
      'acme/welcome', 'two', 'zero', 'star', 'nine', 'one', 'thousand', 'two', 'hundred', 'and', 'thirty', 'four',
      'friday', 'the', 'twenty-fifth', 'of', 'december', 'twenty', 'twenty', 'six', 'two', 'oh', 'five', 'p-m', 'thank-you', 'goodbye',
    ]);
    expect(timesOf(moments, 'play')).toHaveLength(2);
    expect(texts).toEqual(['played', 'plays a message and hangs up']);
  });

  test("given built-in values, then today and now are the customer's own, and the caller's number is said digit by digit", async () => {
    const { heard } = await serve(playOf([{ date: '{{today}}' }, { time: '{{now}}' }, { digits: '{{caller}}' }]), (world) => world.callIn());
    expect(heard.slice(0, 7)).toEqual(['tuesday', 'the', 'twenty-fourth', 'of', 'november', 'twenty', 'twenty']);
    expect(heard.slice(8, 10)).toEqual(['ten', 'a-m']);
    expect(heard.slice(10, -1)).toEqual(['plus', 'four', 'four', 'seven', 'seven', 'zero', 'zero', 'nine', 'zero', 'zero', 'one', 'two', 'three']);
  });

  test.each(['digits', 'number', 'date', 'time'])('given a %s item whose variable has no value, then the step fails and its fallback follows', async (kind) => {
    const { record, heard, texts } = await serve(
      planOf('crm', {
        // Declares the variable; the answer does not have it.
        crm: { kind: 'lookup', url: 'https://crm.example/x', save: { balance: '/balance' }, on: { 'not-found': 'told' }, fallback: 'sorry' },
        told: { kind: 'play', say: ['welcome', { [kind]: '{{balance}}' }], on: { done: 'bye' }, fallback: 'sorry' }, bye,
      }), (world) => world.callIn());
    expect(texts[1]).toBe(`failed: there is nothing to say in the ${kind} "{{balance}}"`);
    expect(record.trace[1]).toMatchObject({ outcome: 'fault', next: 'sorry', tookFallback: true });
    expect(heard).toEqual(['technical-fault']);
  });

  test.each([['digits', 'ring me'], ['number', 'NaN'], ['number', ' '], ['number', '0x1F'], ['number', '1e400'], ['date', '2026-02-30'], ['date', '24/11/2026'], ['time', '25:00'], ['time', '9am']])(
    'given %s "%s" from another system, then nothing wrong is said: the fallback follows', async (kind, value) => {
      const { heard, texts } = await serve(
        planOf('crm', {
          crm: { kind: 'lookup', url: 'https://crm.example/x', save: { value: '/value' }, on: { found: 'told' }, fallback: 'sorry' },
          told: { kind: 'play', say: [{ [kind]: '{{value}}' }], on: { done: 'bye' }, fallback: 'sorry' }, bye,
        }), (world) => {
          world.lookup = () => ({ result: { kind: 'found', json: { value } }, afterMs: 5 });
          return world.callIn();
        });
      expect(texts[1]).toBe(`failed: there is nothing to say in the ${kind} "{{value}}"`);
      expect(heard).toEqual(['technical-fault']);
    });

  test('given a prompt that is missing, then the fallback is heard within the same second', async () => {
    const world = new World({ acme: playOf(['welcome', 'menu']) });
    const { media } = world.deps;
    world.give({ media: { prompt: (plan, name) => (name === 'menu' ? null : media.prompt(plan, name)), phrase: (id) => media.phrase(id) } });
    const channel = world.callIn();
    await world.ended();
    const { heard, texts, record } = await served(world, channel);
    expect(heard).toEqual(['technical-fault']);
    expect(texts[0]).toBe('failed: prompt "menu" cannot be played');
    expect((record.trace[0]?.atMs ?? 0) - record.startedAtMs).toBeLessThan(1_000);
  });

  test('given a file that Asterisk cannot play, then the fallback is heard within the same second', async () => {
    const { heard, texts, moments } = await serve(playOf(['welcome']), (world) => {
      world.telephony.mediaMs = (media) => (media.includes('welcome') ? null : 500);
      return world.callIn();
    });
    expect(heard).toEqual(['acme/welcome', 'technical-fault']);
    expect(texts[0]).toBe('failed: Asterisk could not play a prompt');
    expect(timesOf(moments, 'play')[1]).toBeLessThan(1_000);
  });

  test('given barge-in, when a key is pressed, then the rest is skipped and the key is left for the next menu', async () => {
    const { texts, heard } = await serve(
      playOf(['welcome'], { on: { done: 'main' } }, { main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, fallback: 'sorry' } }),
      (world) => {
        const channel = world.callIn();
        world.press(channel, '1', 400);
        return channel;
      });
    expect(texts).toEqual(['played, skipped by a key', 'key 1', 'plays a message and hangs up']);
    expect(heard).toEqual(['acme/welcome', 'goodbye']);
  });

  test('given no barge-in, when a key is pressed, then all of it is heard', async () => {
    const { moments, texts } = await serve(playOf(['welcome'], { bargeIn: false }), (world) => {
      const channel = world.callIn();
      world.press(channel, '1', 400);
      return channel;
    });
    expect(timesOf(moments, 'play')).toEqual([1, 2_002]);
    expect(texts[0]).toBe('played');
  });

  test('given a playback whose end is never told, then the caller goes on two seconds later without a fallback', async () => {
    const { world, texts, moments } = await serve(playOf(['welcome']), (given) => {
      // Twice as long as the files are said to be.
      given.telephony.mediaMs = (media) => (media.includes('welcome') ? 60_000 : 500);
      return given.callIn();
    });
    expect(timesOf(moments, 'play')[1]).toBe(2 + 2_000 + 2_000);
    expect(texts[0]).toBe('played');
    expect(world.notes).toEqual([expect.stringContaining('did not report its end')]);
  });
});
