// Who calls whom in a test call. Numbers are as people type them; both customers have extensions 201 and 202.
import { expect, test } from 'vitest';
import { routeTestCall } from '../../../src/app/test-call-route.ts';
import { demoPlans } from './demo-plans.ts';

const plans = demoPlans();
const ask = (to: string, more: { from?: string; customer?: string; answers?: Record<string, 'busy'> } = {}, mayLeave = false) => routeTestCall({ to, answers: {}, ...more }, plans, { isOurs: true, mayLeave });

test.each([
  ['01632 960018', {}, 'bramley-finch', '+441632960018', '+447700900123'],
  ['+441174960123', { from: '01632960200' }, 'harbour-dental', '+441174960123', '+441632960200'],
  ['0044 1632 960018', { from: 'withheld' }, 'bramley-finch', '+441632960018', 'withheld'],
  ['01632960018', { from: 'none' }, 'bramley-finch', '+441632960018', 'none'],
])('%s %o comes in over the trunk', (to, more, customer, dial, from) => {
  const routed = ask(to, more);
  expect(routed).toMatchObject({ kind: 'route', route: { dial, asked: dial, phone: null, fromShown: from } });
  expect(routed.kind === 'route' && routed.route.plan.customer).toBe(customer);
});

test('the caller is known to the prediction as Asterisk will hand it over', () => {
  expect(ask('01632960018', { from: 'withheld' })).toMatchObject({ route: { caller: { number: { kind: 'withheld' } } } });
  expect(ask('01632960018', { from: '+33123456789' })).toMatchObject({ route: { caller: { number: { kind: 'e164', e164: '+33123456789' } } } });
});

test('an extension is called from another phone of its customer, and that phone is never rung', () => {
  expect(ask('202', { customer: 'harbour-dental' })).toMatchObject({ route: { dial: '202', asked: '202', phone: { number: '201' }, answers: { 201: 'unreachable' } } });
  expect(ask('202', { customer: 'bramley-finch', from: '203' })).toMatchObject({ route: { phone: { number: '203' } } });
  expect(ask('203')).toMatchObject({ route: { phone: { number: '201' } } });
});

test('a phone reaches a number and a code as well', () => {
  expect(ask('01632960018', { from: '201' })).toMatchObject({ route: { dial: '+441632960018', asked: '+441632960018', phone: { number: '201' } } });
  expect(ask('*97', { from: '201', customer: 'bramley-finch' })).toMatchObject({ route: { dial: '*97', asked: null, phone: { number: '201' } } });
});

test('an outside number is reached from a phone while every trunk leads to this machine, and never otherwise', () => {
  const from = { from: '201', customer: 'bramley-finch' };
  expect(ask('07700 900123', from, true)).toMatchObject({ route: { asked: null, phone: { number: '201' }, answers: { 201: 'unreachable' } } });
  expect(ask('07700 900123', from)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('real carrier') });
});

test.each([['01632960099', {}], ['299', {}], ['999', {}], ['112', {}], ['Reception', {}], ['01632960018', { customer: 'harbour-dental' }], ['201', { customer: 'nobody' }]])(
  '%s %o is nobody\'s number', (to, more) => {
    expect(ask(to, more)).toEqual({ kind: 'unknown' });
  });

test.each([
  ['201', {}, /bramley-finch and harbour-dental/],
  ['201', { customer: 'bramley-finch', from: '201' }, /cannot call itself/],
  ['201', { customer: 'bramley-finch', from: '07700900123' }, /no extension of bramley-finch/],
  ['01632960018', { from: '299' }, /299 is no extension/],
  ['01632960018', { from: 'Mrs Shah' }, /neither a phone number nor an extension/],
  ['*97', {}, /dialled from a phone/],
  ['*97', { from: '201' }, /several customers/],
  ['01632960018', { answers: { 299: 'busy' as const } }, /answers: 299/],
])('%s %o is refused and says why', (to, more, reason) => {
  const routed = ask(to, more);
  expect(routed.kind).toBe('refused');
  expect(routed.kind === 'refused' && routed.reason).toMatch(reason);
  expect(routed.kind === 'refused' && routed.hint).not.toBe('');
});
