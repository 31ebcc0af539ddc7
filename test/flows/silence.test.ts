// The silence rule: whoever has been answered hears something at least every 4 s, and is given at most 7 s for a key.
import { describe, expect, test } from 'vitest';
import { TelephonyError } from '../../src/ports/telephony.ts';
import { SCENARIOS } from './scenarios.ts';
import { SilenceMeter } from './silence-meter.ts';
import { planOf, World } from './world.ts';

const SILENCE_LIMIT_MS = 4_000;
const INPUT_LIMIT_MS = 7_000;
/** From a timer to the request that ends the silence, and back. */
const ROUND_TRIP_MS = 5;

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };

async function measured(plan: unknown, drive: (world: World) => void): Promise<SilenceMeter> {
  const world = new World({ acme: plan });
  const meter = new SilenceMeter(world);
  drive(world);
  await world.ended();
  return meter;
}

describe('the silence rule', () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    const world = new World(scenario.plans());
    const meter = new SilenceMeter(world);
    const channel = scenario.drive(world);
    if (scenario.callerLeavesAfterMs !== undefined) world.clock.worldAfter(scenario.callerLeavesAfterMs, () => world.telephony.hangUp(channel));
    await world.ended();
    expect(meter.longest.ms, JSON.stringify(meter.longest)).toBeLessThanOrEqual(SILENCE_LIMIT_MS);
    expect(meter.longestInput.ms, JSON.stringify(meter.longestInput)).toBeLessThanOrEqual(INPUT_LIMIT_MS + ROUND_TRIP_MS);
  });

  test('given the longest timer that a plan may have, then the silence is that and no more', async () => {
    const meter = await measured(planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, firstDigitMs: 7_000, retries: 1, fallback: 'bye' }, bye }), (world) => void world.callIn());
    expect(meter.longestInput.ms).toBeGreaterThanOrEqual(INPUT_LIMIT_MS);
    expect(meter.longestInput.ms).toBeLessThanOrEqual(INPUT_LIMIT_MS + ROUND_TRIP_MS);
    expect(meter.longest.ms).toBeLessThan(50);
  });

  test('given a transfer, then neither side is left in silence while the third is rung', async () => {
    const meter = await measured(planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'bye' }, bye }), (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '203', { kind: 'answers', afterMs: 15_000, hangsUpAfterMs: 1_000 });
      world.clock.worldAfter(3_000, () => world.telephony.refer(world.telephony.legs()[0] ?? '', '203'));
      world.callIn();
    });
    expect(meter.longest.ms).toBeLessThan(50);
  });

  test('given a transfer whose sender takes Asterisk 8 s to end, then who was sent on hears ringing at once', async () => {
    const meter = await measured(planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'bye' }, bye }), (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '203', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 9_000 });
      const hangup = world.telephony.hangup.bind(world.telephony);
      const channel = world.callIn();
      world.clock.worldAfter(3_000, () => {
        const [sender = ''] = world.telephony.legs();
        world.telephony.hangup = async (leg, reason) => {
          if (leg === sender) await new Promise<void>((resolve) => void world.clock.worldAfter(8_000, resolve));
          return hangup(leg, reason);
        };
        world.telephony.refer(sender, '203');
      });
      expect(channel).not.toBe('');
    });
    // The sender's own phone is quiet until it is gone; the caller is not.
    expect(meter.longestOf('in-1').ms).toBeLessThan(50);
  });
});

describe('the meter itself', () => {
  test('given music that the switch refuses during a slow lookup, then the silence is seen, to the millisecond', async () => {
    const plan = planOf('hello', {
      hello: { kind: 'play', say: ['welcome'], on: { done: 'crm' }, fallback: 'sorry' },
      crm: { kind: 'lookup', url: 'https://crm.example/', timeoutMs: 9_000, on: { failed: 'bye' }, fallback: 'sorry' }, bye,
    });
    const meter = await measured(plan, (world) => {
      world.telephony.failing.set('startMusic', new TelephonyError('failed', 'no music'));
      world.lookup = () => ({ result: { kind: 'failed', reason: 'timed out' }, afterMs: 9_000 });
      world.callIn();
    });
    expect(meter.longest.ms).toBeGreaterThanOrEqual(9_000);
    expect(meter.longest.ms).toBeLessThan(9_010);
  });

  test('given a person who talks, a recording and a caller who waits before the answer, then none of it is silence', async () => {
    const meter = await measured(planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], ringMs: 8_000, on: { 'no-answer': 'box' }, fallback: 'bye' }, box: { kind: 'voicemail', mailbox: 'office', silenceEndMs: 20_000, fallback: 'bye' }, bye }), (world) => {
      const channel = world.callIn();
      world.clock.worldAfter(25_000, () => world.telephony.hangUp(channel));
    });
    expect(meter.longest.ms).toBeLessThan(50);
  });
});
