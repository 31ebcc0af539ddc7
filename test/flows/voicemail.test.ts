// Leaving a message: it is kept however the caller ends it, and never lost when a part of ours fails.
import { describe, expect, test } from 'vitest';
import type { VoicemailMessage } from '../../src/ports/records.ts';
import { follow, heardBy, serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const boxStep = { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' };
const quiet = { kind: 'end' };
const REVIEW = ['to-send-press-1', 'to-listen-press-2', 'to-record-again-press-3'];

function boxOf(more: Readonly<Record<string, unknown>> = {}, mailbox: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('box', { box: { ...boxStep, ...more }, quiet }, { mailboxes: { office: { name: 'Office', greeting: ['greeting'], ...mailbox } } });
}

/** Greeting 2.5 s and tone 0.5 s: the recording begins a little after 3 s. The caller speaks from then on for `ms`. */
function speaks(world: World, channel: string, ms: number): void {
  world.clock.worldAfter(3_100, () => world.telephony.speak(channel, ms));
}

function message(id: string, isNew = true): VoicemailMessage {
  return { id, customer: 'acme', mailbox: 'office', callId: 'c0', caller: { number: { kind: 'withheld' } }, receivedAtMs: 1, durationMs: 3_000, isNew, file: `${id}.wav` };
}

describe('leaving a message', () => {
  test('given a caller who speaks and presses #, when they send it, then it is stored and the light is on', async () => {
    const { world, heard, texts } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 60_000);
      given.press(channel, '#', 10_500);
      given.press(channel, '1', 12_500);
      return channel;
    });
    expect(heard).toEqual(['acme/greeting', 'record-after-tone', 'beep', ...REVIEW, 'message-saved', 'goodbye']);
    expect(texts).toEqual(['message of 7 s kept for Office', 'message left, 7 s for Office']);
    expect(world.messages).toHaveLength(1);
    expect(world.messages[0]).toMatchObject({ customer: 'acme', mailbox: 'office', durationMs: 7_000, isNew: true, callId: 'call1' });
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 1, old: 0 });
  });

  test('given a caller who stops speaking, then the silence of the step ends the message and silence sends it', async () => {
    const { world, texts, moments } = await serve(boxOf({ silenceEndMs: 2_000 }), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 4_000);
      return channel;
    });
    expect(timesOf(moments, 'recording-ended')).toEqual([3_100 + 4_000 + 2_000]);
    expect(texts.at(-1)).toBe('message left, 6 s for Office');
    expect(world.messages).toHaveLength(1);
  });

  test('given a caller who does not stop, then the longest message ends it', async () => {
    const { texts, moments } = await serve(boxOf({ maxMessageMs: 5_000 }), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 600_000);
      return channel;
    });
    expect((timesOf(moments, 'recording-ended')[0] ?? 0) - (timesOf(moments, 'record')[0] ?? 0)).toBe(5_001);
    expect(texts.at(-1)).toBe('message left, 5 s for Office');
  });

  test('given a mailbox whose longest message is shorter than that of the step, then the shorter one counts', async () => {
    const { moments } = await serve(boxOf({ maxMessageMs: 60_000 }, { maxMessageMs: 6_000 }), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 600_000);
      return channel;
    });
    expect((timesOf(moments, 'recording-ended')[0] ?? 0) - (timesOf(moments, 'record')[0] ?? 0)).toBe(6_001);
  });

  test('given a caller who hangs up while speaking, then what was said is kept', async () => {
    const { world, record, texts } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 60_000);
      given.clock.worldAfter(8_500, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(world.messages).toMatchObject([{ durationMs: 5_000, isNew: true }]);
    expect(record.end).toMatchObject({ by: 'caller', code: 'hung-up' });
    expect(texts).toEqual(['caller ended the call here', 'message of 5 s kept for Office']);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 1, old: 0 });
  });

  test('given a caller who hangs up while being asked whether to send it, then it is kept, once', async () => {
    const { world } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 60_000);
      given.press(channel, '#', 8_500);
      given.clock.worldAfter(9_500, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(world.messages).toHaveLength(1);
  });

  test('given a caller who hangs up at the tone, then there is no message', async () => {
    const { world, texts } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      given.clock.worldAfter(3_600, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(world.messages).toEqual([]);
    expect(texts).toEqual(['caller ended the call here']);
  });

  test('given a message below a second, then it is not kept and the plan goes on', async () => {
    const { world, texts, heard } = await serve(boxOf({ on: { 'nothing-recorded': 'quiet' } }), (given) => {
      const channel = given.callIn();
      given.press(channel, '#', 3_700);
      return channel;
    });
    expect(world.messages).toEqual([]);
    expect(texts).toEqual(['nothing recorded, no message was left', 'hangs up']);
    expect(heard).toEqual(['acme/greeting', 'record-after-tone', 'beep']);
  });

  test('given a caller who listens to it and records again, then only the second one is kept', async () => {
    const { world, heard } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      speaks(given, channel, 600_000);
      given.press(channel, '#', 6_500);
      given.press(channel, '2', 8_500);
      given.press(channel, '3', 15_000);
      given.press(channel, '#', 20_700);
      given.press(channel, '1', 22_700);
      return channel;
    });
    expect(heard.filter((one) => one.startsWith('recording:'))).toHaveLength(1);
    expect(heard.filter((one) => one === 'beep')).toHaveLength(2);
    expect(world.messages).toHaveLength(1);
    expect(world.telephony.recordings.size).toBe(0);
  });

  test('given #, when it is pressed during the greeting, then the greeting is skipped and the tone follows', async () => {
    const { moments, heard } = await serve(boxOf(), (given) => {
      const channel = given.callIn();
      given.press(channel, '#', 700);
      given.clock.worldAfter(5_000, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(timesOf(moments, 'play')).toEqual([1, 700]);
    expect(heard).toEqual(['acme/greeting', 'record-after-tone', 'beep']);
  });

  test('given a greeting of the step, then it is heard instead of the one of the mailbox', async () => {
    const { heard } = await serve(boxOf({ greeting: ['welcome'] }), (given) => {
      const channel = given.callIn();
      given.clock.worldAfter(5_000, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(heard.slice(0, 2)).toEqual(['acme/welcome', 'record-after-tone']);
  });
});

describe('a mailbox in trouble', () => {
  test('given a full mailbox, then the caller is told by the plan before any greeting, and nothing is recorded', async () => {
    const plan = planOf('box', { box: { ...boxStep, on: { 'mailbox-full': 'full' } }, full: { kind: 'end', say: ['welcome'] } }, { mailboxes: { office: { name: 'Office', greeting: ['greeting'], maxMessages: 2 } } });
    const { texts, heard, moments } = await serve(plan, (given) => {
      given.messages.push(message('m1'), message('m2', false));
      return given.callIn();
    });
    expect(texts).toEqual(['mailbox full, Office holds 2 messages', 'plays a message and hangs up']);
    expect(heard).toEqual(['acme/welcome']);
    expect(timesOf(moments, 'record')).toEqual([]);
  });

  test('given a store that cannot write, then there is an alarm and the recording stays in the switch', async () => {
    const world = new World({ acme: boxOf() });
    world.give({ voicemail: { ...world.deps.voicemail, listMessages: async () => [], addMessage: async () => Promise.reject(new Error('no space left on the disk')) } });
    const channel = world.callIn();
    speaks(world, channel, 60_000);
    world.clock.worldAfter(8_500, () => world.telephony.hangUp(channel));
    await world.ended();
    expect(world.records).toHaveLength(1);
    expect(world.alarms.get('voicemail-store')).toBe('A message for Office could not be stored: no space left on the disk');
    expect([...world.telephony.recordings.values()]).toEqual([5_000]);
    expect(await world.leftovers()).toEqual([expect.stringMatching(/^recording rec-/)]);
  });

  test('given a store that cannot write, when the caller sends the message, then they are not told that it was saved', async () => {
    const world = new World({ acme: boxOf() });
    world.give({ voicemail: { ...world.deps.voicemail, addMessage: async () => Promise.reject(new Error('no space left on the disk')) } });
    const channel = world.callIn();
    speaks(world, channel, 60_000);
    world.press(channel, '#', 8_500);
    world.press(channel, '1', 10_500);
    await world.ended();
    expect(heardBy(world, channel).slice(-1)).toEqual(['technical-fault']);
    expect(world.records[0]?.trace[0]).toMatchObject({ outcome: 'fault', text: 'failed: the message could not be stored', tookFallback: true });
    expect([...world.telephony.recordings.values()]).toEqual([5_000]);
  });

  test('given a list of messages that cannot be read, then the step fails and the caller hears the fallback', async () => {
    const world = new World({ acme: boxOf() });
    const { voicemail } = world.deps;
    world.give({ voicemail: { ...voicemail, listMessages: async () => Promise.reject(new Error('index is locked')) } });
    const channel = world.callIn();
    await world.ended();
    expect(heardBy(world, channel)).toEqual(['technical-fault']);
    expect(world.records[0]?.trace[0]).toMatchObject({ outcome: 'fault', tookFallback: true });
    expect(await world.leftovers()).toEqual([]);
  });

  test('given a light that cannot be set, then the message is kept all the same', async () => {
    const world = new World({ acme: boxOf() });
    follow(world);
    world.telephony.setMailbox = async () => Promise.reject(new Error('no such mailbox'));
    const channel = world.callIn();
    speaks(world, channel, 60_000);
    world.clock.worldAfter(8_500, () => world.telephony.hangUp(channel));
    await world.ended();
    await served(world, channel);
    expect(world.messages).toHaveLength(1);
  });
});
