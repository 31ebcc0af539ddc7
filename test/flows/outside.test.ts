// People outside who are rung for a call: judged, asked to press 1, never in silence, and a voicemail never has the call.
import { describe, expect, test } from 'vitest';
import { ANNA, BEN, OTHER_OUTSIDE, OUTSIDE, OUTSIDE_PLAN } from './outbound-plan.ts';
import { carrier, DDI, World } from './world.ts';

const FROM = '<sip:+447700900999@carrier.invalid>';
const ASKED = 'sound:system/press-1-to-accept';
const GONE = 'sound:system/call-gone';

function world(targets: readonly unknown[], more: Readonly<Record<string, unknown>> = {}, outbound: Readonly<Record<string, unknown>> = {}): World {
  return new World({ acme: OUTSIDE_PLAN(targets, more, outbound) });
}
/** What the leg to `number` was told. */
function told(one: World, number: string): readonly string[] {
  const legs = [...one.telephony.specs].filter(([, spec]) => spec.endpoint.startsWith(`PJSIP/${number}@`));
  return legs.flatMap(([leg]) => one.telephony.heard.get(leg) ?? []);
}
const legResults = (one: World) => Object.fromEntries(one.records[0]?.legs.map(({ to, result }) => [to, result]) ?? []);
const texts = (one: World) => one.records[0]?.trace.map(({ text }) => text) ?? [];

describe('a ring step with somebody outside', () => {
  test('given a phone and a mobile, when the mobile picks up and 1 is pressed, then it has the call, and the phone stops ringing', async () => {
    const one = world([{ extension: '202' }, ANNA]);
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 30_000 });
    one.pressOutside(OUTSIDE, '1', 4_000);
    const channel = one.callIn({ from: FROM });
    await one.clock.pass(3_500);
    expect(one.live.all()[0]?.isAnswered, 'the caller is not answered by being asked for').toBe(false);
    expect(one.telephony.isAudible(channel), 'the caller hears ringing').toBe(true);
    await one.ended();
    expect(legResults(one)).toEqual({ '202': 'answered-elsewhere', [OUTSIDE]: 'answered' });
    expect(one.records).toMatchObject([{ direction: 'inbound', end: { by: 'callee', code: 'hung-up' } }]);
    expect(told(one, OUTSIDE).filter((media) => media === ASKED).length).toBeGreaterThanOrEqual(2);
    expect(one.telephony.heard.get(channel)).toBeUndefined();
    expect(one.decisions).toMatchObject([{ origin: 'ring-step', extension: null, outcome: 'placed', end: 'answered', presentation: DDI, input: { destination: OUTSIDE, class: 'mobile', source: 'customer' } }]);
    expect((await one.state.usage('acme', '2026-11-24')).ms).toBeCloseTo(30_000, -3);
    expect(texts(one)).toEqual(expect.arrayContaining(['Anna mobile picked up and is asked to press 1', 'Anna mobile answered; Tom Evans: answered elsewhere']));
    expect(await one.leftovers()).toEqual([]);
  });

  test('given a prompt named organisation-name, then whoever picks up hears whose call it is', async () => {
    const plan = OUTSIDE_PLAN([ANNA]) as { prompts: Record<string, unknown> };
    plan.prompts['organisation-name'] = { file: 'name.wav', text: 'Acme' };
    const one = new World({ acme: plan });
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
    one.callIn({ from: FROM });
    await one.ended();
    expect(told(one, OUTSIDE).slice(0, 3)).toEqual(['sound:system/call-for-you', 'sound:acme/organisation-name', ASKED]);
  });

  test.each([['nothing', ''], ['another key', '2']])('given a voicemail that presses %s, then it is ended after 10 s, the phone goes on ringing and answers', async (_, key) => {
    const one = world([ANNA, { extension: '202' }], { ringMs: 20_000 });
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
    one.phone('acme', '202', { kind: 'answers', afterMs: 15_000, hangsUpAfterMs: 1_000 });
    if (key !== '') one.pressOutside(OUTSIDE, key, 3_000);
    one.callIn({ from: FROM });
    await one.ended();
    expect(legResults(one)).toEqual({ [OUTSIDE]: 'not-accepted', '202': 'answered' });
    const leg = one.records[0]?.legs.find(({ to }) => to === OUTSIDE);
    expect((leg?.endedAtMs ?? 0) - (leg?.answeredAtMs ?? 0)).toBeGreaterThanOrEqual(10_000);
    expect((leg?.endedAtMs ?? 0) - (leg?.answeredAtMs ?? 0)).toBeLessThan(10_200);
    expect(one.decisions).toMatchObject([{ end: 'not-accepted', answeredAtMs: null, attempts: [{ result: 'answered' }] }]);
    expect((await one.state.usage('acme', '2026-11-24')).ms, 'what the carrier bills counts').toBeCloseTo(10_000, -3);
  });

  test('given a voicemail alone, then the step comes to no answer and its fallback follows', async () => {
    const one = world([ANNA], { ringMs: 5_000 });
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 4_900 });
    const channel = one.callIn({ from: FROM });
    await one.ended();
    expect(texts(one)).toContain('no answer, Anna mobile: did not press 1');
    expect(one.telephony.heard.get(channel)).toEqual(['sound:system/technical-fault']);
  });

  test('given somebody is asked, when the caller leaves, then they hear that the call has gone, and nothing is left', async () => {
    const one = world([ANNA]);
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
    const channel = one.callIn({ from: FROM });
    one.clock.worldAfter(3_000, () => one.telephony.hangUp(channel));
    await one.ended();
    expect(told(one, OUTSIDE).at(-1)).toBe(GONE);
    expect(one.records).toMatchObject([{ end: { by: 'caller' }, legs: [{ result: 'caller-left' }] }]);
    expect(one.decisions).toMatchObject([{ end: 'caller-left', answeredAtMs: null }]);
    expect(await one.leftovers()).toEqual([]);
  });

  test('given somebody is asked, when a phone answers, then they hear that the call has gone', async () => {
    const one = world([ANNA, { extension: '202' }]);
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
    one.phone('acme', '202', { kind: 'answers', afterMs: 3_000, hangsUpAfterMs: 10_000 });
    one.callIn({ from: FROM });
    await one.ended();
    expect(told(one, OUTSIDE).at(-1)).toBe(GONE);
    expect(legResults(one)).toEqual({ [OUTSIDE]: 'answered-elsewhere', '202': 'answered' });
    expect(one.decisions).toMatchObject([{ end: 'answered-elsewhere' }]);
  });

  test('given two who press 1 in the same instant, then one has the call and the other hears that it has gone', async () => {
    const one = world([ANNA, BEN]);
    for (const number of [OUTSIDE, OTHER_OUTSIDE]) {
      one.outside(number, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 10_000 });
      one.pressOutside(number, '1', 3_000);
    }
    one.callIn({ from: FROM });
    await one.ended();
    expect(Object.values(legResults(one)).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(['answered', 'answered-elsewhere']);
    expect([OUTSIDE, OTHER_OUTSIDE].filter((number) => told(one, number).includes(GONE))).toHaveLength(1);
    expect(one.decisions.map(({ end }) => end).toSorted((a, b) => a.localeCompare(b))).toEqual(['answered', 'answered-elsewhere']);
  });

  test('given pressToAccept false, then picking up takes the call as on a phone', async () => {
    const one = world([{ ...ANNA, pressToAccept: false }]);
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
    one.callIn({ from: FROM });
    await one.ended();
    expect(told(one, OUTSIDE)).toEqual([]);
    expect(legResults(one)).toEqual({ [OUTSIDE]: 'answered' });
  });

  test('given in-order, then the mobile rings when the phone has not answered', async () => {
    const one = world([{ extension: '202' }, ANNA], { strategy: 'in-order', ringMs: 5_000 });
    one.callIn({ from: FROM });
    await one.ended();
    expect(one.records[0]?.legs.map(({ to, placedAtMs }) => [to, Math.round((placedAtMs - (one.records[0]?.startedAtMs ?? 0)) / 1_000)])).toEqual([['202', 0], [OUTSIDE, 5]]);
    expect(one.decisions).toMatchObject([{ end: 'no-answer' }]);
  });

  test.each([
    ['suspended', { suspended: true }, () => {}, FROM],
    ['cli-evidence', {}, (one: World) => { one.evidenceOf = () => []; }, FROM],
    ['forward-loop', {}, () => {}, `<sip:${OUTSIDE}@carrier.invalid>`],
    ['no-trunk', {}, (one: World) => { one.route = []; }, FROM],
  ])('given %s, then nobody outside is rung, the reason stands in trace and decision, and the phone rings', async (rule, outbound, spoil, from) => {
    const one = world([ANNA, { extension: '202' }], {}, outbound);
    spoil(one);
    one.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    one.callIn({ from });
    await one.ended();
    expect(one.telephony.specs.size).toBe(0);
    expect(legResults(one)).toEqual({ '202': 'answered' });
    expect(one.decisions).toMatchObject([{ origin: 'ring-step', outcome: 'refused', refusedBy: rule, attempts: [] }]);
    expect(texts(one)).toContainEqual(expect.stringMatching(/^Anna mobile, 07700 900123, is not rung: ./));
  });

  test('given one call at once may leave, then of two outside one is rung', async () => {
    const one = world([ANNA, BEN], {}, { limits: { maxCalls: 1 } });
    one.callIn({ from: FROM });
    await one.ended();
    expect(one.decisions.map(({ refusedBy }) => refusedBy)).toEqual([null, 'calls-at-once']);
  });

  test('given the first trunk refuses, then the next one is tried, and the phones ring on', async () => {
    const one = world([ANNA, { extension: '202' }]);
    one.outside(OUTSIDE, { kind: 'busy' });
    one.telephony.phones.delete(`PJSIP/${OUTSIDE}@trunk-sim`);
    one.telephony.trunks.set('trunk-sim', { kind: 'refuses', code: 503 });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 5_000 });
    one.pressOutside(OUTSIDE, '1', 3_000);
    one.callIn({ from: FROM });
    await one.ended();
    expect(one.decisions).toMatchObject([{ end: 'answered', attempts: [{ trunk: 'sim', techCause: 503 }, { trunk: 'spare', result: 'answered' }] }]);
    expect(legResults(one)['202']).toBe('answered-elsewhere');
  });
});

describe('what the carrier is told of a call that is sent out', () => {
  const diversion = (one: World) => [...one.telephony.specs.values()][0]?.variables['PJSIP_HEADER(add,Diversion)'] ?? '';

  test.each([
    ['a trunk that allows it', true, {}, '+447700900999'],
    ['a trunk that does not', false, {}, DDI],
    ['a withheld caller', true, { privacy: 'id' }, DDI],
  ])('given %s, then the number shown is the right one and the number called stands in Diversion', async (_, allowsThirdPartyNumbers, more, shown) => {
    const one = world([ANNA]);
    one.route = [carrier('sim', { recipe: { format: '+E164', defaultNetworkNumber: null, sendsNetworkNumber: true, allowsThirdPartyNumbers } })];
    one.callIn({ from: FROM, to: '+442079460018', ...more });
    await one.ended();
    expect([...one.telephony.specs.values()]).toMatchObject([{ shown }]);
    expect(diversion(one)).toContain('+442079460018');
    expect(one.records).toMatchObject([{ direction: 'inbound' }]);
  });
});

describe('restart', () => {
  test('given somebody is asked, when the process dies, then they are asked again, nobody is rung twice, and 1 takes the call', async () => {
    const one = world([ANNA]);
    one.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 20_000 });
    one.callIn({ from: FROM });
    await one.clock.pass(3_000);
    one.kill();
    await one.clock.pass(1_000);
    void one.restart();
    one.pressOutside(OUTSIDE, '1', 2_000);
    await one.ended();
    expect(one.telephony.specs.size).toBe(1);
    expect(told(one, OUTSIDE).filter((media) => media === ASKED).length).toBeGreaterThanOrEqual(4);
    expect(one.decisions).toMatchObject([{ end: 'answered', attempts: [{ trunk: 'sim', result: 'answered' }] }]);
    expect(legResults(one)).toEqual({ [OUTSIDE]: 'answered' });
    expect(await one.leftovers()).toEqual([]);
  });
});
