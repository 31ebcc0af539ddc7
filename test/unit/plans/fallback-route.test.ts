import { describe, expect, test } from 'vitest';
import { endpointName } from '../../../src/plans/endpoint-name.ts';
import { fallbackEntries } from '../../../src/plans/fallback-route.ts';
import type { MediaOf, NameOf } from '../../../src/plans/fallback-route.ts';
import { compile } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';

const bye = { kind: 'end', label: 'End', how: 'hang-up' };
function planOf(steps: object, more: object = {}): RoutingPlan {
  const { plan, problems } = compile(
    {
      schema: 1,
      organisation: { name: 'Acme', contact: 'x', timeZone: 'Europe/London', nation: 'england' },
      numbers: { '+441632960018': { label: 'Main', entry: 'start' } },
      hours: { office: { week: { mon: ['09:00-17:00'] } } },
      switches: { night: { label: 'Night', positions: ['off', 'on'] } },
      extensions: { '201': { name: 'Ada' }, '202': { name: 'Ben', endpoint: 'PJSIP/ben' }, '203': { name: 'Cy' } },
      groups: { all: { name: 'All', members: ['201', '202'] } },
      prompts: { sorry: { file: 'sorry.wav', text: 'We cannot take your call.' } },
      steps: { bye, ...steps },
      failsafe: 'bye',
      ...more,
    },
    { customer: 'acme', version: 1, hash: 'h' },
  );
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}
const ring = (extension: string, more: object = {}) => ({ kind: 'ring', label: extension, targets: [{ extension }], fallback: 'bye', ...more });
const none: MediaOf = () => null;
const onOurs: NameOf = ({ customer }, extension) => endpointName(customer, extension, true);
const onTheirs: NameOf = ({ customer }, extension) => endpointName(customer, extension, false);
const rung = (steps: object) => fallbackEntries(planOf(steps), none, onOurs)[0]?.ring;

describe('fallback route', () => {
  test('rings what an open day rings, with the number in every spelling', () => {
    expect(
      fallbackEntries(planOf({ start: { kind: 'hours', label: 'Open?', hours: 'office', on: { open: 'day', closed: 'night' }, fallback: 'night' }, day: ring('201', { ringMs: 15_000 }), night: ring('203') }), none, onOurs),
    ).toEqual([{ ddi: '+441632960018', customer: 'acme', ring: ['acme-201'], ringMs: 15_000, alternatives: ['00441632960018', '441632960018', '01632960018'] }]);
  });

  test.each<[string, object, string[]]>([
    ['the first position of a switch', { start: { kind: 'switch', label: 'Night?', switch: 'night', on: { on: 'night', off: 'day' }, fallback: 'night' }, day: ring('201'), night: ring('203') }, ['acme-201']],
    ['silence in a menu before its keys', { start: { kind: 'menu', label: 'Menu', say: ['sorry'], choices: { 1: 'one' }, on: { 'no-input': 'desk' }, fallback: 'bye' }, one: ring('203'), desk: ring('201') }, ['acme-201']],
    ['key 0 of a menu whose silence rings nobody', { start: { kind: 'menu', label: 'Menu', say: ['sorry'], choices: { 1: 'one', 0: 'desk' }, fallback: 'bye' }, one: ring('203'), desk: ring('201') }, ['acme-201']],
    ['a group, each phone once', { start: { kind: 'ring', label: 'All', targets: [{ group: 'all' }, { extension: '201' }], fallback: 'bye' } }, ['acme-201', 'acme-202']],
    ['nobody where no phone is', { start: { kind: 'play', label: 'Hello', say: ['sorry'], fallback: 'bye' } }, []],
  ])('%s', (_, steps, expected) => {
    expect(rung(steps)).toEqual(expected);
  });

  test('says what the failsafe says, else our own phrase, else nothing; only what is a file for Asterisk', () => {
    const plan = planOf({ start: ring('201'), bye: { ...bye, say: [{ digits: '1' }, 'sorry'] } });
    const said = (media: MediaOf) => fallbackEntries(plan, media, onOurs)[0]?.announcement;
    expect(said((item) => (item.kind === 'prompt' ? 'sound:/m/sorry' : 'sound:/p/x'))).toBe('/m/sorry');
    expect(said((item) => (item.kind === 'phrase' ? `sound:/p/${item.id}` : null))).toBe('/p/technical-fault');
    expect(said(() => 'sound:http://10.0.0.1/media/x.wav')).toBeUndefined();
    expect(said(none)).toBeUndefined();
  });

  test('a plan is left as it is, whatever its loops', () => {
    const steps = { start: { kind: 'menu', label: 'Menu', say: ['sorry'], choices: { 1: 'start', '*': 'start' }, fallback: 'bye' } };
    expect(rung(steps)).toEqual([]);
  });

  test.each([[null, 'acme-201', 'acme-201'], ['PJSIP/ben', 'acme-201', 'ben'], ['bolt-201', 'acme-201', 'bolt-201']])('an endpoint %j of the plan is %s on our own Asterisk and %s on theirs', (endpoint, ours, theirs) => {
    expect([endpointName('acme', { number: '201', endpoint }, true), endpointName('acme', { number: '201', endpoint }, false)]).toEqual([ours, theirs]);
  });

  test('on somebody else\'s Asterisk the phones that the plan names are rung', () => {
    expect(fallbackEntries(planOf({ start: ring('202') }), none, onTheirs)[0]?.ring).toEqual(['ben']);
  });
});
