// Calls that leave: what is allowed, what is shown, over which trunk, and what every attempt leaves behind.
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';
import { OUTBOUND_PLAN, OUTSIDE } from './outbound-plan.ts';

const FRANCE = '+33199001234';

function world(outbound: Readonly<Record<string, unknown>> = {}): World {
  return new World({ acme: OUTBOUND_PLAN(outbound) });
}
async function dialled(one: World, to = OUTSIDE, endpoint = 'acme-201'): Promise<string> {
  const channel = one.callFrom(endpoint, to);
  await one.ended();
  return channel;
}

describe('an outside call', () => {
  test('given an allowed number, when it answers, then it is connected, shows the phone\'s own number, and one decision is left', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 3_000, hangsUpAfterMs: 60_000 });
    await dialled(one);
    expect(one.records).toMatchObject([{ direction: 'outbound', end: { by: 'callee', code: 'hung-up' }, legs: [{ to: OUTSIDE, result: 'answered' }] }]);
    expect([...one.telephony.specs.values()]).toMatchObject([{ endpoint: `PJSIP/${OUTSIDE}@trunk-sim`, shown: '+441632960019' }]);
    expect(one.decisions).toMatchObject([{
      id: `${one.records[0]?.id}-d1`, customer: 'acme', extension: '201', origin: 'phone', outcome: 'placed', refusedBy: null, presentation: '+441632960019', end: 'answered',
      input: { dialled: OUTSIDE, destination: OUTSIDE, class: 'mobile', country: 'GB', source: 'extension' },
      attempts: [{ trunk: 'sim', result: 'answered' }], pencePerMinute: 2,
    }]);
    expect(one.signs).toEqual([{ trunk: 'sim', sign: 'works' }]);
    expect(await one.state.usage('acme/201', '2026-11-24')).toEqual({ ms: expect.closeTo(60_000, -3), pence: expect.closeTo(2, 1) });
    expect(await one.leftovers()).toEqual([]);
  });

  test.each([
    ['141', true, '+441632960019'],
    ['1470', false, '+441632960019'],
  ])('given %s before the number, then withheld is %s', async (prefix, isWithheld, shown) => {
    const one = world();
    await dialledAndLeft(one, `${prefix}07700900123`);
    expect(one.decisions).toMatchObject([{ presentation: shown, input: { isWithheld } }]);
    expect('PJSIP_HEADER(add,Privacy)' in ([...one.telephony.specs.values()][0]?.variables ?? {})).toBe(isWithheld);
  });

  test.each([
    ['*61', '+441632960018'],
    ['*62', '+442079460018'],
  ])('given %s before the number, then the number of that place is shown', async (code, shown) => {
    const one = world();
    await dialledAndLeft(one, `${code}07700900123`);
    expect(one.decisions).toMatchObject([{ presentation: shown, input: { source: 'explicit' } }]);
  });

  test('given a place that the phone has no number for, then it is refused with words and nothing leaves', async () => {
    const one = world();
    const channel = await dialled(one, '*6907700900123');
    expect(one.telephony.specs.size).toBe(0);
    expect(one.telephony.heard.get(channel)).toEqual(['sound:system/number-not-in-service']);
  });

  test.each(['999', '*61999', '141112', '9999'])('given %s, then it is an emergency call and nobody is asked', async (digits) => {
    const one = world({ suspended: true });
    await dialledAndLeft(one, digits);
    expect(one.alarms.get('emergency-call')).toBeDefined();
  });

  test.each([
    ['abroad', FRANCE, {}, 'default-destination', 'destination-not-allowed'],
    ['a premium number', '09098790123', {}, 'default-destination', 'destination-not-allowed'],
    ['a suspended customer', OUTSIDE, { suspended: true }, 'suspended', 'outgoing-suspended'],
    ['a PIN that nobody has set', '07000900123', { destinations: { classes: { personal: 'pin' } } }, 'destination-pin', 'destination-not-allowed'],
    ['a limit that is reached', OUTSIDE, { limits: { maxMinutesPerDay: 1 } }, 'minutes-per-day', 'outgoing-limit-reached'],
  ])('given %s, then it is refused with its reason, in words, and nothing leaves', async (_, to, outbound, rule, phrase) => {
    const one = world(outbound);
    await one.state.addUsage('acme', '2026-11-24', 60_000, 0);
    const channel = await dialled(one, to);
    expect(one.telephony.specs.size).toBe(0);
    expect(one.telephony.heard.get(channel)?.at(-1)).toBe(`sound:system/${phrase}`);
    expect(one.records).toMatchObject([{ end: { code: rule, by: 'us' } }]);
    expect(one.decisions).toMatchObject([{ outcome: 'refused', refusedBy: rule, presentation: null, attempts: [], end: rule }]);
    expect(one.decisions[0]?.reasons.some(({ outcome }) => outcome === 'deny')).toBe(true);
    expect(await one.leftovers()).toEqual([]);
  });

  test.each([
    ['no evidence', (one: World) => { one.evidenceOf = () => []; }, 'cli-evidence'],
    ['no proof', (one: World) => { one.proofOf = () => null; }, 'cli-returnable'],
    ['a lost proof', (one: World) => { one.proofOf = (plan) => ({ planHash: plan.hash, isReturnable: false, text: 'Sundays ends in congestion' }); }, 'cli-returnable'],
  ])('given a number with %s, then nothing leaves and the reason is told', async (_, spoil, rule) => {
    const one = world();
    spoil(one);
    const channel = await dialled(one);
    expect(one.telephony.specs.size).toBe(0);
    expect(one.telephony.heard.get(channel)).toEqual(['sound:system/number-may-not-be-shown']);
    expect(one.decisions).toMatchObject([{ outcome: 'refused', refusedBy: rule }]);
  });

  test('given a destination that needs a PIN, when the right one is keyed after a wrong one, then it leaves', async () => {
    const one = world({ destinations: { classes: { personal: 'pin' } } });
    one.pins.set('acme/201', '4321');
    const channel = one.callFrom('acme-201', '07000900123');
    one.press(channel, '1111#', 2_000);
    one.press(channel, '4321#', 8_000);
    one.clock.worldAfter(30_000, () => one.telephony.hangUp(channel));
    await one.ended();
    expect(one.telephony.specs.size).toBe(1);
    expect(one.decisions).toMatchObject([{ outcome: 'placed', reasons: expect.arrayContaining([expect.objectContaining({ rule: 'destination-pin', outcome: 'allow' })]) }]);
    expect(JSON.stringify([one.decisions, one.records, one.traced])).not.toContain('4321');
  });

  test('given a destination that needs a PIN, when nothing is keyed, then it is refused and no guess is counted', async () => {
    const one = world({ destinations: { classes: { personal: 'pin' } } });
    one.pins.set('acme/201', '4321');
    let guesses = 0;
    const { desk } = one.deps;
    one.give({ desk: { ...desk, checkPin: (...of) => ((guesses += 1), desk.checkPin(...of)) } });
    await dialled(one, '07000900123');
    expect(guesses).toBe(0);
    expect(one.decisions).toMatchObject([{ outcome: 'refused', refusedBy: 'destination-pin' }]);
  });

  test('given a call that may last 5 minutes, then both are warned a minute before and it ends then', async () => {
    const one = world({ limits: { maxCallMs: 300_000 } });
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 1_000 });
    const channel = await dialled(one);
    expect(one.records).toMatchObject([{ end: { by: 'us', code: 'longest-call-reached' } }]);
    const { answeredAtMs = 0, endedAtMs = 0 } = one.decisions[0] ?? {};
    expect(endedAtMs - (answeredAtMs ?? 0)).toBeGreaterThanOrEqual(299_000);
    expect(endedAtMs - (answeredAtMs ?? 0)).toBeLessThan(302_000);
    expect(one.telephony.heard.get(channel)).toContain('sound:system/call-ends-soon');
    const warned = one.traced.find(({ outcome }) => outcome === 'warned');
    expect((warned?.atMs ?? 0) - (answeredAtMs ?? 0)).toBeCloseTo(240_000, -3);
  });

  test('given one call at once is allowed, when two phones dial in the same instant, then one leaves and the other is told', async () => {
    const one = world({ limits: { maxCalls: 1 } });
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 5_000 });
    one.callFrom('acme-201', OUTSIDE);
    one.callFrom('acme-202', OUTSIDE);
    await one.ended(2);
    expect(one.telephony.specs.size).toBe(1);
    expect(new Set(one.decisions.map(({ refusedBy }) => refusedBy))).toEqual(new Set([null, 'calls-at-once']));
    expect(await one.leftovers()).toEqual([]);
  });

  test('given minutes of the day that are nearly used up, then the next call is cut when they are', async () => {
    const one = world({ limits: { maxMinutesPerDay: 10 } });
    await one.state.addUsage('acme', '2026-11-24', 9 * 60_000, 0);
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 1_000 });
    await dialled(one);
    expect((one.decisions[0]?.endedAtMs ?? 0) - (one.decisions[0]?.answeredAtMs ?? 0)).toBeCloseTo(60_000, -4);
    one.records.length = 0;
    await dialled(one);
    expect(one.decisions.at(-1)).toMatchObject({ refusedBy: 'minutes-per-day' });
  });
});

describe('failover', () => {
  const tried = (one: World) => one.decisions[0]?.attempts.map(({ trunk, result }) => `${trunk} ${result}`);

  test.each([408, 500, 502, 503, 504] as const)('given %i from the first trunk, then the second takes the call', async (code) => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'refuses', code });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    await dialled(one);
    expect(one.records).toMatchObject([{ end: { code: 'hung-up' } }]);
    expect(one.decisions[0]?.attempts).toMatchObject([{ trunk: 'sim', techCause: code }, { trunk: 'spare', result: 'answered' }]);
    expect(await one.leftovers()).toEqual([]);
  });

  test.each([[486, 'busy'], [603, 'declined'], [404, 'unknown-number'], [410, 'unknown-number'], [484, 'unknown-number'], [604, 'unknown-number'], [480, 'no-answer']] as const)(
    'given %i, then no other trunk is tried: %s', async (code, end) => {
      const one = world();
      one.telephony.trunks.set('trunk-sim', { kind: 'refuses', code });
      await dialled(one);
      expect(one.decisions).toMatchObject([{ end, attempts: [{ trunk: 'sim', techCause: code }] }]);
      expect(one.decisions[0]?.attempts).toHaveLength(1);
      expect(one.telephony.specs.size).toBe(1);
    });

  test('given a trunk that sends nothing at all, then the next leaves within 600 ms and the risk is recorded', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'silent' });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    await dialled(one);
    const [first, second] = one.decisions[0]?.attempts ?? [];
    expect([first?.result, second?.result]).toEqual(['silent', 'answered']);
    expect(first?.risk).toMatch(/could ring/);
    expect((second?.placedAtMs ?? 0) - (first?.placedAtMs ?? 0)).toBeLessThan(600);
  });

  test('given 100 and then nothing for 5 s, then it is taken back, and the next leaves 2 s later', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'tries' });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    await dialled(one);
    const [first, second] = one.decisions[0]?.attempts ?? [];
    expect([first?.result, second?.result]).toEqual(['silent', 'answered']);
    const gapMs = (second?.placedAtMs ?? 0) - (first?.placedAtMs ?? 0);
    expect(gapMs).toBeGreaterThanOrEqual(7_000);
    expect(gapMs).toBeLessThan(7_200);
  });

  test('given it rang and was refused with 503 then, then the next may be tried: the first is known to be dead', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'refuses', code: 503, ringsFirst: true });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    await dialled(one);
    expect(tried(one)).toEqual(['sim unreachable', 'spare answered']);
  });

  test('given it rings and nobody answers, then no other trunk is tried', async () => {
    const one = world();
    await dialled(one);
    expect(one.decisions).toMatchObject([{ end: 'no-answer', attempts: [{ trunk: 'sim', result: 'no-answer' }] }]);
    expect(one.decisions[0]?.attempts).toHaveLength(1);
  });

  test('given every trunk fails, then the caller hears it and the admin is told', async () => {
    const one = world();
    for (const trunk of ['trunk-sim', 'trunk-spare']) one.telephony.trunks.set(trunk, { kind: 'refuses', code: 503 });
    const channel = await dialled(one);
    expect(one.telephony.heard.get(channel)).toEqual(['sound:system/all-lines-busy']);
    expect(one.alarms.get('no-trunk')).toBeDefined();
    expect(one.decisions).toMatchObject([{ end: 'trunk-failed' }]);
  });

  test('given no trunk that may be used, then it is refused as such', async () => {
    const one = world();
    one.route = [];
    await dialled(one);
    expect(one.decisions).toMatchObject([{ outcome: 'refused', refusedBy: 'no-trunk' }]);
    expect(one.alarms.get('no-trunk')).toBeDefined();
  });
});

describe('restart', () => {
  test('given an outside call that rings, when the process dies, then it goes on ringing, nobody is rung twice, and one decision is left', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 10_000, hangsUpAfterMs: 20_000 });
    one.callFrom('acme-201', OUTSIDE);
    await one.clock.pass(4_000);
    one.kill();
    await one.clock.pass(1_000);
    void one.restart();
    await one.ended();
    expect(one.telephony.specs.size).toBe(1);
    expect(one.decisions).toMatchObject([{ end: 'answered', attempts: [{ trunk: 'sim', result: 'answered' }] }]);
    expect(one.records).toHaveLength(1);
    expect(await one.leftovers()).toEqual([]);
  });

  test('given a conversation, when the process dies, then what it uses is counted from its answer', async () => {
    const one = world();
    one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 60_000 });
    one.callFrom('acme-201', OUTSIDE);
    await one.clock.pass(10_000);
    one.kill();
    await one.clock.pass(5_000);
    void one.restart();
    await one.ended();
    expect(one.decisions).toMatchObject([{ end: 'answered' }]);
    expect((await one.state.usage('acme', '2026-11-24')).ms).toBeCloseTo(60_000, -3);
  });
});

/** The caller gives up after ten seconds of ringing. */
async function dialledAndLeft(one: World, to: string): Promise<void> {
  const channel = one.callFrom('acme-201', to);
  one.clock.worldAfter(10_000, () => one.telephony.hangUp(channel));
  await one.ended();
}
