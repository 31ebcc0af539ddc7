// Hearing messages from a phone: nobody without the PIN, and every key does what it says.
import { describe, expect, test } from 'vitest';
import type { VoicemailMessage } from '../../src/ports/records.ts';
import { serve, type Served } from './served.ts';
import { planOf, type World } from './world.ts';

const PLAN = planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } });

function message(id: string, isNew: boolean, number: VoicemailMessage['caller']['number'] = { kind: 'withheld' }): VoicemailMessage {
  return { id, customer: 'acme', mailbox: 'office', callId: 'c0', caller: { number }, receivedAtMs: 1, durationMs: 3_000, isNew, file: `${id}.wav` };
}

/** A call to `code` from a phone; keys as text with the times at which they begin. */
function ring(code: string, messages: readonly VoicemailMessage[], presses: readonly (readonly [afterMs: number, keys: string])[], more: (world: World, channel: string) => void = () => {}, from = 'acme-201'): Promise<Served> {
  return serve(PLAN, (world) => {
    world.pins.set('acme/office', '2468');
    world.messages.push(...messages);
    const channel = world.callFrom(from, code);
    for (const [afterMs, typed] of presses) world.press(channel, typed, afterMs);
    more(world, channel);
    return channel;
  });
}

/** Messages that were played, in order. */
function played(heard: readonly string[]): readonly string[] {
  return heard.filter((one) => one.startsWith('voicemail/'));
}

describe('the PIN', () => {
  test('given the right PIN, then the messages are counted and the first one is heard', async () => {
    const { heard, texts, record } = await ring('*97', [message('m1', true), message('m2', false)], [[300, '2468#']]);
    expect(heard.slice(0, 8)).toEqual(['enter-pin', 'you-have', 'one', 'new-message', 'and', 'one', 'old-message', 'from']);
    expect(texts).toEqual(['Office: 1 new, 1 heard']);
    expect(record.end).toMatchObject({ by: 'us', fault: 'none', code: 'feature-done' });
  });

  test('given a wrong PIN and then the right one, then the caller is told and let in', async () => {
    const { heard } = await ring('*97', [message('m1', true)], [[300, '1111#'], [2_500, '2468#']]);
    expect(heard.slice(0, 4)).toEqual(['enter-pin', 'wrong-pin', 'enter-pin', 'you-have']);
    expect(played(heard)).toEqual(['voicemail/m1']);
  });

  test.each([['wrong three times', '1111#'], ['never entered', ''], ['entered as nothing but #', '#']])('given a PIN that is %s, then no message is heard and the call ends', async (_, typed) => {
    const { heard, record, world } = await ring('*97', [message('m1', true)], [[300, typed], [2_500, typed], [4_500, typed]]);
    expect(played(heard)).toEqual([]);
    expect(heard.slice(-2)).toEqual(['wrong-pin', 'goodbye']);
    expect(record.end).toMatchObject({ code: 'wrong-pin', cause: 21 });
    expect(world.messages[0]?.isNew).toBe(true);
  });

  test.each([['the fifth wrong PIN in a row', 4, '1111#', ['enter-pin', 'mailbox-locked', 'goodbye']], ['the right PIN while it is locked', 5, '2468#', ['enter-pin', 'mailbox-locked', 'goodbye']]])('given %s, then the caller hears at once that the mailbox is locked', async (_, wrongBefore, typed, said) => {
    const { heard, record, texts } = await ring('*97', [message('m1', true)], [[300, typed]], (world) => world.wrongPins.set('acme/office', wrongBefore));
    expect(heard).toEqual(said);
    expect(record.end).toMatchObject({ by: 'us', code: 'mailbox-locked', cause: 21 });
    expect(texts).toEqual(['Office is locked after wrong PINs; a new PIN ends that at once: genvoice mailboxes pin office']);
  });

  test('given four wrong PINs in earlier calls, when the fifth is right, then the caller is let in', async () => {
    const { heard } = await ring('*97', [message('m1', true)], [[300, '2468#']], (world) => world.wrongPins.set('acme/office', 4));
    expect(played(heard)).toEqual(['voicemail/m1']);
  });

  test('given a mailbox without a PIN, then nobody is let in', async () => {
    const { heard, record } = await ring('*97', [message('m1', true)], [[300, '0000#'], [2_500, '1234#'], [4_500, '#']], (world) => world.pins.clear());
    expect(played(heard)).toEqual([]);
    expect(record.end.code).toBe('no-pin');
  });

  test('given a PIN, then neither trace nor record nor notes hold it', async () => {
    const { world } = await ring('*97', [message('m1', true)], [[300, '97531#'], [2_500, '2468#']]);
    const told = JSON.stringify([world.records, world.traced, world.notes, [...world.alarms]]);
    expect(told).not.toContain('2468');
    expect(told).not.toContain('97531');
  });
});

describe('hearing messages', () => {
  test('given no messages, then the caller hears so', async () => {
    const { heard } = await ring('*97', [], [[300, '2468#']]);
    expect(heard).toEqual(['enter-pin', 'no-messages', 'goodbye']);
  });

  test('given new and old messages, then the new ones come first, each with who left it, and heard ones count as old', async () => {
    const { heard, world } = await ring('*97', [message('old', false, { kind: 'extension', number: '203' }), message('new', true, { kind: 'e164', e164: '+441632960018' as never })], [[300, '2468#']]);
    expect(played(heard)).toEqual(['voicemail/new', 'voicemail/old']);
    const [first, second] = [heard.indexOf('voicemail/new'), heard.indexOf('voicemail/old')];
    expect(heard.slice(heard.indexOf('from'), first)).toEqual(['from', 'oh', 'one', 'six', 'three', 'two', 'nine', 'six', 'double', 'oh', 'one', 'eight', 'pause']);
    expect(heard.slice(heard.lastIndexOf('from'), second)).toEqual(['from', 'extension', 'two', 'zero', 'three', 'pause']);
    expect(world.messages.map((one) => one.isNew)).toEqual([false, false]);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 0, old: 2 });
  });

  test('given 1, then the message is heard again', async () => {
    const { heard } = await ring('*97', [message('m1', true)], [[300, '2468#'], [8_500, '1']]);
    expect(played(heard)).toEqual(['voicemail/m1', 'voicemail/m1']);
  });

  test.each([['2', 'kept'], ['#', 'kept']])('given %s, then the message is kept and the next one is heard', async (key) => {
    const { heard, world } = await ring('*97', [message('m1', true), message('m2', true)], [[300, '2468#'], [8_500, key]]);
    expect(played(heard)).toEqual(['voicemail/m1', 'voicemail/m2']);
    expect(world.messages).toHaveLength(2);
  });

  test('given 3, then the message is deleted, the caller hears so, and the light follows', async () => {
    const { heard, world } = await ring('*97', [message('m1', true), message('m2', true)], [[300, '2468#'], [8_500, '3']]);
    expect(heard).toContain('message-deleted');
    expect(world.messages.map((one) => one.id)).toEqual(['m2']);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 0, old: 1 });
  });

  test('given *, then the caller is done and the rest stays new', async () => {
    const { heard, world } = await ring('*97', [message('m1', true), message('m2', true)], [[300, '2468#'], [8_500, '*']]);
    expect(played(heard)).toEqual(['voicemail/m1']);
    expect(heard.slice(-2)).toEqual(['end-of-messages', 'goodbye']);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 1, old: 1 });
  });

  test('given a caller who hears a message and hangs up, then the light goes out all the same', async () => {
    const { record, world } = await ring('*97', [message('m1', true)], [[300, '2468#']], (given, channel) => given.clock.worldAfter(9_500, () => given.telephony.hangUp(channel)));
    expect(record.end.by).toBe('caller');
    expect(world.messages[0]?.isNew).toBe(false);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 0, old: 1 });
  });

  test('given a message whose audio is gone, then the others are still heard', async () => {
    const { heard, record, world: after } = await ring('*97', [message('m1', true), message('m2', true)], [[300, '2468#']], (world) => {
      const { voicemail } = world.deps;
      world.give({ voicemail: { ...voicemail, mediaOf: async (one) => (one.id === 'm1' ? Promise.reject(new Error('m1.wav is gone')) : voicemail.mediaOf(one)) } });
    });
    expect(played(heard)).toEqual(['voicemail/m2']);
    expect(record.end.code).toBe('feature-done');
    expect(after.alarms.get('voicemail-store')).toBe('Message m1 of Office could not be played: m1.wav is gone');
    expect(after.messages.map((one) => one.isNew)).toEqual([true, false]);
  });
});

describe('whose mailbox', () => {
  test('given *98 and an extension, then that mailbox asks for its PIN', async () => {
    const { heard, texts } = await ring('*98', [message('m1', true)], [[300, '201'], [1_500, '2468#']], () => {}, 'acme-203');
    expect(heard.slice(0, 3)).toEqual(['enter-extension', 'enter-pin', 'you-have']);
    expect(texts).toEqual(['Office: 1 new, 0 heard']);
  });

  test.each([['an extension that nobody has', '299#'], ['an extension without a mailbox', '202'], ['nothing', '']])('given *98 and %s, then it is not known and the call ends', async (_, typed) => {
    const { heard, record } = await ring('*98', [message('m1', true)], [[300, typed]], () => {}, 'acme-203');
    expect(heard).toEqual(['enter-extension', 'extension-not-known']);
    expect(record.end.code).toBe('no-mailbox');
  });

  test('given *97 from a phone without a mailbox, then the caller hears so', async () => {
    const { heard } = await ring('*97', [], [], () => {}, 'acme-203');
    expect(heard).toEqual(['extension-not-known']);
  });
});
