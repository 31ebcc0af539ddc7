// Rows of the telephony contract: prompts, music, ringing and recordings.
import { expect, test } from 'vitest';
import type { RecordRequest, TelephonyEvent } from '../../src/ports/telephony.ts';
import { answeredCaller, faultOf, type World } from './telephony-steps.ts';
import { newId, type Caller } from './telephony-world.ts';

export function mediaRows(world: World): void {
  const ended = (playback: string): Promise<TelephonyEvent> => world().log.until((event) => event.type === 'playback-ended' && event.playback === playback, `the end of ${playback}`);
  const play = async (caller: Caller, ...media: string[]): Promise<string> => {
    const playback = newId('pb');
    await world().telephony.play(caller.channel, playback, media);
    return playback;
  };

  test('a prompt is heard and ends by itself', async () => {
    const caller = await answeredCaller(world());
    const playback = await play(caller, world().media.long);
    expect(await caller.hears()).toBe(true);
    await world().telephony.stopPlayback(playback);
    const short = await play(caller, world().media.short);
    expect(await ended(short)).toMatchObject({ result: 'done' });
    expect(await caller.hears()).toBe(false);
  });

  test('a list plays whole, one after the other', async () => {
    const caller = await answeredCaller(world());
    const one = await play(caller, world().media.short);
    const first = await ended(one);
    const two = await play(caller, world().media.short, world().media.short);
    const second = await ended(two);
    // Begun right after the first one's end.
    expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(2 * world().shortMs - 20);
    expect(second.atMs - first.atMs).toBeLessThan(2 * world().shortMs + 350);
  });

  test('a missing file is a failure; inside a list only the last one decides', async () => {
    const { media } = world();
    const caller = await answeredCaller(world());
    expect(await ended(await play(caller, media.missing))).toMatchObject({ result: 'failed' });
    expect(await ended(await play(caller, media.missing, media.short))).toMatchObject({ result: 'done' });
    expect(await ended(await play(caller, media.short, media.missing))).toMatchObject({ result: 'failed' });
  });

  test('stopped, and the next one sent behind it at once: the next one plays now', async () => {
    const { telephony, media, shortMs } = world();
    const caller = await answeredCaller(world());
    const long = await play(caller, media.long);
    expect(await caller.hears()).toBe(true);
    const [stopped, next] = await Promise.all([faultOf(telephony.stopPlayback(long)), play(caller, media.short)]);
    expect(stopped).toBe('ok');
    const first = await ended(long);
    expect(first).toMatchObject({ result: 'done' });
    const second = await ended(next);
    expect(second).toMatchObject({ result: 'done' });
    expect(second.atMs - first.atMs).toBeLessThan(shortMs + 350);
  });

  test('two prompts queue; one that is stopped while it waits ends when its turn comes', async () => {
    const { telephony, media, shortMs, log } = world();
    const caller = await answeredCaller(world());
    const first = await play(caller, media.short);
    const waits = await play(caller, media.long);
    const last = await play(caller, media.short);
    await telephony.stopPlayback(waits);
    await ended(last);
    const order = log.all.flatMap((event) => (event.type === 'playback-ended' && [first, waits, last].includes(event.playback) ? [event] : []));
    expect(order.map((event) => event.playback)).toEqual([first, waits, last]);
    expect((order[2]?.atMs ?? 0) - (order[1]?.atMs ?? 0)).toBeGreaterThanOrEqual(shortMs - 20);
    expect((order[1]?.atMs ?? 0) - (order[0]?.atMs ?? 0)).toBeLessThan(300);
  });

  test('a playback that has ended is gone', async () => {
    const caller = await answeredCaller(world());
    const playback = await play(caller, world().media.short);
    await ended(playback);
    expect(await faultOf(world().telephony.stopPlayback(playback))).toBe('gone');
  });

  test('the caller hangs up in a prompt: asked, every prompt ended, left', async () => {
    const { log, media } = world();
    const caller = await answeredCaller(world());
    const now = await play(caller, media.long);
    const queued = await play(caller, media.long);
    expect(await caller.hears()).toBe(true);
    await caller.hangUp();
    await log.on('left', caller.channel);
    await ended(now);
    await ended(queued);
    const order = log.all.flatMap((event) => {
      if (event.type === 'playback-ended' && (event.playback === now || event.playback === queued)) return ['playback-ended'];
      return (event.type === 'hangup-requested' || event.type === 'left') && event.channel === caller.channel ? [event.type] : [];
    });
    expect(order.filter((one) => one === 'playback-ended')).toHaveLength(2);
    expect(order[0]).toBe('hangup-requested');
  });

  test('we hang up in a prompt: its end comes', async () => {
    const caller = await answeredCaller(world());
    const playback = await play(caller, world().media.long);
    expect(await caller.hears()).toBe(true);
    await world().telephony.hangup(caller.channel, 'normal');
    await ended(playback);
  });

  test('music on, music off', async () => {
    const caller = await answeredCaller(world());
    await world().telephony.startMusic(caller.channel);
    expect(await caller.hears()).toBe(true);
    await world().telephony.stopMusic(caller.channel);
    expect(await caller.hears()).toBe(false);
  });

  test('ring on an answered channel is heard as a tone', async () => {
    const caller = await answeredCaller(world());
    await world().telephony.ring(caller.channel);
    expect(await caller.hears()).toBe(true);
    await world().telephony.ringStop(caller.channel);
    expect(await caller.hears()).toBe(false);
  });

  const asked = (channel: string, more: Partial<RecordRequest>): RecordRequest => ({ name: newId('rec'), channel, maxMs: 10_000, silenceEndMs: 0, terminateOn: 'none', ...more });
  const recorded = async (request: RecordRequest): Promise<Extract<TelephonyEvent, { type: 'recording-ended' }>> => {
    const event = await world().log.until((one) => one.type === 'recording-ended' && one.recording === request.name, `the end of ${request.name}`);
    if (event.type !== 'recording-ended') throw new Error('unreachable');
    const bytes = await world().telephony.fetchRecording(request.name);
    expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('RIFF');
    await world().telephony.deleteRecording(request.name);
    expect(await faultOf(world().telephony.fetchRecording(request.name))).toBe('gone');
    expect(await faultOf(world().telephony.deleteRecording(request.name))).toBe('gone');
    return event;
  };

  test('a recording ends with #', async () => {
    const caller = await answeredCaller(world());
    const request = asked(caller.channel, { terminateOn: '#' });
    caller.speak(5_000);
    await world().telephony.record(request);
    await caller.press('1#');
    expect(await recorded(request)).toMatchObject({ result: 'done' });
    expect(world().log.of(caller.channel)).not.toContain('hangup-requested');
  });

  test('a recording ends after the silence that was asked for', async () => {
    const caller = await answeredCaller(world());
    const request = asked(caller.channel, { silenceEndMs: 1_000 });
    caller.speak(600);
    await world().telephony.record(request);
    expect(await recorded(request)).toMatchObject({ result: 'done', durationMs: 1_000 });
  });

  test('a recording ends at its longest', async () => {
    const caller = await answeredCaller(world());
    const request = asked(caller.channel, { maxMs: 1_000 });
    caller.speak(5_000);
    await world().telephony.record(request);
    // Asterisk counts whole seconds and looks at the limit when a packet comes: up to a second late on a busy machine.
    const { result, durationMs } = await recorded(request);
    expect(result).toBe('done');
    expect([1_000, 2_000]).toContain(durationMs);
  });

  test('a recording ends with the hang-up and is kept', async () => {
    const caller = await answeredCaller(world());
    const request = asked(caller.channel, {});
    caller.speak(5_000);
    await world().telephony.record(request);
    await caller.press('12');
    await caller.hangUp();
    expect(await recorded(request)).toMatchObject({ result: 'done' });
  });

  test('a recording is stopped by us; it is gone as a live one then', async () => {
    const caller = await answeredCaller(world());
    const request = asked(caller.channel, {});
    caller.speak(5_000);
    await world().telephony.record(request);
    await caller.press('12');
    await world().telephony.stopRecording(request.name);
    expect(await recorded(request)).toMatchObject({ result: 'done' });
    expect(await faultOf(world().telephony.stopRecording(request.name))).toBe('gone');
  });
}
