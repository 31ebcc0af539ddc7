import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';
import { watchClock } from '../../../src/telemetry/clock-watch.ts';
import { realClock, timeSortedIds } from '../../../src/telemetry/clock.ts';
import { watchLoop } from '../../../src/telemetry/loop-watch.ts';

describe('ids', () => {
  test('are 17 of [0-9a-z], unique, and sort by time', () => {
    let now = Date.UTC(2026, 10, 22);
    const ids = timeSortedIds(() => now);
    const made: string[] = [];
    for (let at = 0; at < 5000; at += 1) {
      if (at % 10 === 0) now += 1;
      made.push(ids.callId(''));
    }
    expect(made.every((id) => /^[0-9a-z]{17}$/.test(id))).toBe(true);
    expect(new Set(made).size).toBe(made.length);
    expect([...made].sort()).toEqual(made);
  });

  test('still go up and stay unique when the clock goes back', () => {
    let now = 1_800_000_000_000;
    const ids = timeSortedIds(() => now);
    const before = ids.callId('');
    now -= 3_600_000;
    const after = ids.callId('');
    expect(after > before).toBe(true);
  });

  test('of two processes differ in the same millisecond', () => {
    const made = Array.from({ length: 2000 }, () => timeSortedIds(() => 1_800_000_000_000).callId(''));
    expect(new Set(made).size).toBe(made.length);
  });

  test('of a channel that Asterisk named follow from its name and ours, in the order of the channels', () => {
    const [one, later] = [timeSortedIds(() => 1, 'a'), timeSortedIds(() => 2, 'a')];
    const channels = Array.from({ length: 900 }, (_, count) => `1795386221.${count}`);
    const made = channels.map((channel) => one.callId(channel));
    expect(made).toEqual(channels.map((channel) => later.callId(channel)));
    expect(made.every((id) => /^[0-9a-z]{17}$/.test(id))).toBe(true);
    expect([...made].sort()).toEqual(made);
    expect(new Set([...made, ...channels.map((channel) => timeSortedIds(() => 1, 'b').callId(channel))]).size).toBe(1_800);
    expect(one.callId('pbx-1795386221.4')).not.toBe(one.callId('1795386221.4'));
  });
});

describe('real clock', () => {
  test('calls back once, can be cancelled, and does not fire at once for a delay past Node\'s limit', async () => {
    const clock = realClock();
    const fired: string[] = [];
    const cancelFar = clock.after(2 ** 40, () => fired.push('far'));
    const cancel = clock.after(0, () => fired.push('cancelled'));
    cancel();
    await new Promise<void>((resolve) => clock.after(-5, resolve));
    cancelFar();
    expect(fired).toEqual([]);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(clock.monotonicMs());
    expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000);
  });
});

/** A clock moved by hand; one timer at a time is enough for the watch. */
function handClock(startMs: number) {
  let wall = startMs;
  let steady = 0;
  let timer: { dueMs: number; act: () => void } | null = null;
  const clock: Clock = {
    nowMs: () => wall,
    monotonicMs: () => steady,
    after(delayMs, act) {
      const mine = { dueMs: steady + delayMs, act };
      timer = mine;
      return () => {
        if (timer === mine) timer = null;
      };
    },
  };
  return {
    clock,
    /** `wallMs` more than `ms` is a jump. */
    pass(ms: number, wallMs = ms) {
      steady += ms;
      wall += wallMs;
      while (timer !== null && timer.dueMs <= steady) {
        const { act } = timer;
        timer = null;
        act();
      }
    },
    hasTimer: () => timer !== null,
    wall: () => wall,
  };
}

describe('clock watch', () => {
  const good = Date.UTC(2026, 10, 22, 12);
  const codes = (alarms: ReturnType<typeof createAlarms>) => alarms.list().map(({ code }) => code);

  test('a steady clock raises nothing; stop leaves no timer', () => {
    const hand = handClock(good);
    const alarms = createAlarms(() => hand.wall());
    const watch = watchClock(hand.clock, alarms);
    for (let at = 0; at < 100; at += 1) hand.pass(5000, 5000 + (at % 2 ? 400 : -400));
    expect(codes(alarms)).toEqual([]);
    watch.stop();
    expect(hand.hasTimer()).toBe(false);
  });

  test.each([[7_200_000], [-3_000]])('a jump by %i ms is shown for a quarter of an hour', (jump) => {
    const hand = handClock(good);
    const alarms = createAlarms(() => hand.wall());
    watchClock(hand.clock, alarms);
    hand.pass(5000, 5000 + jump);
    expect(codes(alarms)).toEqual(['clock-jumped']);
    expect(alarms.list()[0]?.text).toContain(`${(jump / 1000).toFixed(1)} s`);
    for (let at = 0; at < 181; at += 1) hand.pass(5000);
    expect(codes(alarms)).toEqual([]);
  });

  test('a machine without a clock battery says 1970', () => {
    const hand = handClock(0);
    const alarms = createAlarms(() => hand.wall());
    watchClock(hand.clock, alarms);
    expect(codes(alarms)).toEqual(['clock-implausible']);
    hand.pass(5000, good);
    expect(codes(alarms)).toEqual(['clock-jumped']);
  });

  test.each([[-60_000], [60_000]])('an Asterisk whose clock differs by %i ms is noticed and forgotten', (difference) => {
    const hand = handClock(good);
    const alarms = createAlarms(() => hand.wall());
    const watch = watchClock(hand.clock, alarms);
    for (let at = 0; at < 3; at += 1) {
      watch.sawStamp(hand.wall() + difference);
      hand.pass(5000);
    }
    expect(codes(alarms)).toEqual(['clock-differs-from-asterisk']);
    watch.sawStamp(hand.wall() - 1);
    hand.pass(5000);
    expect(codes(alarms)).toEqual([]);
  });

  test('events that waited in a queue are no difference of clocks', () => {
    const hand = handClock(good);
    const alarms = createAlarms(() => hand.wall());
    const watch = watchClock(hand.clock, alarms);
    for (let at = 0; at < 10; at += 1) {
      watch.sawStamp(hand.wall() - 30_000);
      watch.sawStamp(hand.wall() - 3);
      hand.pass(5000);
    }
    expect(codes(alarms)).toEqual([]);
  });
});

describe('alarms', () => {
  test('are told once per raising, keep their first time, and are bounded', () => {
    let now = 1000;
    const alarms = createAlarms(() => now);
    const told: string[] = [];
    alarms.onChange(({ code }, raised) => told.push(`${code} ${raised}`));
    alarms.raise('disk-full', 'The disk is full', 'Free some space.');
    now = 2000;
    alarms.raise('disk-full', 'The disk is still full', 'Free some space.');
    expect(alarms.list()).toEqual([{ code: 'disk-full', text: 'The disk is still full', mend: 'Free some space.', sinceMs: 1000 }]);
    alarms.clear('disk-full');
    alarms.clear('disk-full');
    expect(told).toEqual(['disk-full true', 'disk-full false']);
    for (let at = 0; at < 1000; at += 1) alarms.raise(`x-${at}`, 't', 'm');
    expect(alarms.list()).toHaveLength(200);
  });
});

describe('loop watch', () => {
  test('sees a task that held the loop', async () => {
    const windows: number[] = [];
    const full = Promise.withResolvers<void>();
    const watch = watchLoop(({ maxMs }) => {
      windows.push(maxMs);
      full.resolve();
    });
    const hold = () => {
      const until = performance.now() + 80;
      while (performance.now() < until);
    };
    hold();
    expect(watch.takeLongestMs()).toBeGreaterThan(60);
    hold();
    await full.promise;
    watch.stop();
    expect(windows[0]).toBeGreaterThan(60);
    expect(watch.last().maxMs).toBe(windows[0]);
    expect(watch.last().p50Ms).toBeLessThan(60);
  });
});
