// Switches that people move: from a phone, from elsewhere, kept over restarts, used by the next decision.
import { describe, expect, test } from 'vitest';
import { follow, heardBy, restart, serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };
const night = { kind: 'switch', switch: 'night', on: { off: 'bye', on: 'busy' }, fallback: 'sorry' };

function switchOf(positions: readonly string[] = ['off', 'on'], first = 'night', steps: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf(first, { night, bye, busy: { kind: 'end', how: 'busy' }, ...steps }, { switches: { night: { label: 'Night mode', positions, featureCode: '*21' } } });
}

describe('switches', () => {
  test('given a feature code, when it is dialled, then the switch moves, the caller hears where, and the trace says who', async () => {
    const { world, heard, texts, record } = await serve(switchOf(), (given) => given.callFrom('acme-201', '*21'));
    expect(heard).toEqual(['switch-on']);
    expect(texts).toEqual(['Night mode moved to "on" by extension 201']);
    expect(record).toMatchObject({ direction: 'internal', dialled: '*21', end: { code: 'feature-done', fault: 'none' } });
    expect(await world.state.listSwitches()).toMatchObject([{ customer: 'acme', name: 'night', position: 'on', setBy: 'extension 201' }]);
  });

  test('given the same code twice, then the switch is back, and the next call goes by it each time', async () => {
    const world = new World({ acme: switchOf() });
    const outcomes: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const channel = world.callIn();
      await world.ended(world.records.length + 1);
      outcomes.push(world.records.at(-1)?.trace[0]?.text ?? channel);
      world.callFrom('acme-201', '*21');
      await world.ended(world.records.length + 1);
    }
    expect(outcomes).toEqual(['Night mode: off', 'Night mode: on', 'Night mode: off']);
    expect(await world.leftovers()).toEqual([]);
  });

  test('given three positions, then the code goes round them', async () => {
    const world = new World({ acme: switchOf(['off', 'lunch', 'on']) });
    for (let round = 0; round < 3; round += 1) {
      world.callFrom('acme-201', '*21');
      await world.ended(round + 1);
    }
    expect(world.traced.map((line) => line.text.split('"')[1])).toEqual(['lunch', 'on', 'off']);
  });

  test('given a restart, then the position holds', async () => {
    const world = new World({ acme: switchOf() });
    world.callFrom('acme-201', '*21');
    await world.ended();
    await restart(world);
    const channel = world.callIn();
    await world.ended(2);
    expect(world.records[1]?.trace[0]?.text).toBe('Night mode: on');
    expect(world.telephony.endings.get(channel)?.sipCode).toBe(486);
  });

  test('given a call on its way, when the switch moves before its step, then the new position counts', async () => {
    const { texts } = await serve(
      switchOf(['off', 'on'], 'hello', { hello: { kind: 'play', say: ['welcome'], on: { done: 'night' }, fallback: 'sorry' } }), (world) => {
        world.clock.worldAfter(1_000, () => void world.deps.switches.set('acme', 'night', 'on', 'api'));
        return world.callIn();
      });
    expect(texts).toEqual(['played', 'Night mode: on', 'busy tone']);
  });

  test('given a call past the step, when the switch moves, then the call goes on as it was', async () => {
    const { texts, heard } = await serve(switchOf(), (world) => {
      world.clock.worldAfter(100, () => void world.deps.switches.set('acme', 'night', 'on', 'api'));
      return world.callIn();
    });
    expect(texts).toEqual(['Night mode: off', 'plays a message and hangs up']);
    expect(heard).toEqual(['goodbye']);
  });

  test('given two customers with the same switch and code, then each moves their own', async () => {
    const world = new World({ acme: switchOf(), harbour: { ...(switchOf() as object), numbers: { '+441632960777': { label: 'Main', entry: 'night' } } } });
    world.callFrom('harbour-201', '*21');
    await world.ended();
    expect(world.deps.switches.positions('acme').get('night')).toBeUndefined();
    expect(world.deps.switches.positions('harbour').get('night')).toBe('on');
    expect(world.records[0]?.customer).toBe('harbour');
  });

  test('given a position that the plan no longer has, then the first one holds', async () => {
    const { texts } = await serve(switchOf(), (world) => {
      void world.deps.switches.set('acme', 'night', 'holiday', 'api');
      return world.callIn();
    });
    expect(texts[0]).toBe('Night mode: off');
  });

  test('given a store that cannot keep it, then the switch moves all the same, and there is an alarm', async () => {
    const world = new World({ acme: switchOf() });
    const moments = follow(world);
    world.state.putSwitch = async () => Promise.reject(new Error('no space left on the disk'));
    const channel = world.callFrom('acme-201', '*21');
    await world.ended();
    const { record } = await served(world, channel);
    expect(heardBy(world, channel)).toEqual(['switch-on']);
    expect(record.end.code).toBe('feature-done');
    expect(world.deps.switches.positions('acme').get('night')).toBe('on');
    expect(world.alarms.get('state-store')).toBe('Night mode is "on" now, but that could not be kept and is lost at the next restart: no space left on the disk');
    expect(timesOf(moments, 'play')).toHaveLength(1);
  });

  test.each([['a code that no switch has', '*22'], ['a code of another customer', '*77']])('given %s, then the caller hears that it is not in service', async (_, code) => {
    const { heard, record } = await serve(switchOf(), (world) => world.callFrom('acme-201', code));
    expect(heard).toEqual(['number-not-in-service']);
    expect(record.end).toMatchObject({ code: 'unknown-number', cause: 1 });
  });

  test('given a feature code dialled from outside, then it is an unknown number', async () => {
    const { record, world } = await serve(switchOf(), (given) => given.callIn({ to: '*21' }));
    expect(record.end.code).toBe('unknown-number');
    expect(world.deps.switches.positions('acme').size).toBe(0);
  });
});
