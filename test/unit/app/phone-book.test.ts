// Whose phones are whose: on our own Asterisk all are pushed under the customer's name; on somebody else's none is, and
// nothing crosses between customers on either.
import { describe, expect, test } from 'vitest';
import { PhoneBook } from '../../../src/app/phone-book.ts';
import type { PlanSource } from '../../../src/ports/plan-source.ts';
import { TelephonyError, type PhoneProvisioning } from '../../../src/ports/telephony.ts';
import type { Extension, RoutingPlan } from '../../../src/routing/plan.ts';
import type { Secrets } from '../../../src/store/secrets.ts';

type Phones = Readonly<Record<string, string | null>>;

function planOf(customer: string, phones: Phones): RoutingPlan {
  const extensions = new Map(Object.entries(phones).map(([number, endpoint]): [string, Extension] => [number, { number, name: `Phone ${number}`, ringMs: 20_000, mailbox: null, endpoint } as Extension]));
  return { customer, extensions } as unknown as RoutingPlan;
}

function bookOf(isOurs: boolean, customers: Readonly<Record<string, Phones>>, there: readonly string[] | TelephonyError = []) {
  const plans = new Map(Object.entries(customers).map(([customer, phones]) => [customer, planOf(customer, phones)]));
  const pushed: string[] = [];
  const removed: string[] = [];
  const troubles: (string | null)[] = [];
  const source: PlanSource = { byDdi: () => null, byCustomer: (customer) => plans.get(customer) ?? null, byHash: async () => null, customers: () => [...plans.keys()], onChange: () => {} };
  const provisioning: PhoneProvisioning = {
    putPhone: async ({ endpoint }) => void pushed.push(endpoint), removePhone: async (endpoint) => void removed.push(endpoint), onlinePhones: async () => new Set<string>(),
    endpoints: async () => {
      if (there instanceof TelephonyError) throw there;
      return there;
    },
    reload: async () => {},
  };
  const secret = { realm: 'genvoice', ha1Md5: 'x', sipUser: 'u', password: 'p' };
  const secrets = {
    createPhoneSecret: async () => secret,
    phonesOf: async (_customer: string, extensions: readonly string[]) => new Map(extensions.map((extension) => [extension, secret])),
  } as unknown as Secrets;
  return { book: new PhoneBook(source, secrets, provisioning, isOurs, (text) => troubles.push(text)), plans, pushed, removed, troubles };
}
const plan = (world: { plans: ReadonlyMap<string, RoutingPlan> }, customer: string): RoutingPlan => {
  const found = world.plans.get(customer);
  if (found === undefined) throw new Error(`no plan ${customer}`);
  return found;
};

describe("on somebody else's Asterisk", () => {
  test('nothing is pushed, and no password is made', async () => {
    const world = bookOf(false, { acme: { 201: 'PJSIP/desk', 202: null } }, ['desk']);
    await world.book.pushAll();
    expect(await world.book.renew(plan(world, 'acme'), '202')).toBeNull();
    expect(world.pushed).toEqual([]);
    expect(world.book.endpointOf(plan(world, 'acme'), '201')).toBe('PJSIP/desk');
    expect(world.book.ownerOf('desk')).toEqual({ customer: 'acme', extension: '201' });
  });

  test('a phone without an endpoint, and one that is not there, are named with the mend', async () => {
    const world = bookOf(false, { acme: { 201: null, 202: 'PJSIP/gone' } }, ['desk']);
    await world.book.pushAll();
    expect(world.book.lacks()).toEqual([
      'acme.json, extension 201 (Phone 201) names no endpoint, and nothing is pushed to an Asterisk that was there before: nobody can ring it. Add "endpoint": "PJSIP/201", with the phone\'s name in that Asterisk\'s pjsip.conf.',
      'acme.json, extension 202 (Phone 202) names PJSIP/gone, which that Asterisk does not have. Mend the name, or add the endpoint there.',
    ]);
    expect(world.troubles).toEqual([world.book.lacks().join(' ')]);
  });

  test('one endpoint of two customers stays the first one\'s, in both directions', async () => {
    const world = bookOf(false, { acme: { 201: 'PJSIP/desk' }, bolt: { 201: 'PJSIP/desk' } }, ['desk']);
    await world.book.pushAll();
    expect(world.book.ownerOf('desk')).toEqual({ customer: 'acme', extension: '201' });
    expect(world.book.endpointOf(plan(world, 'bolt'), '201')).toBe('PJSIP/bolt-201');
    expect(world.book.lacks()).toEqual(['bolt.json, extension 201 (Phone 201) names PJSIP/desk, which extension 201 of acme has already. Name another endpoint.']);
  });

  test('a name that looks like one of ours belongs to nobody', async () => {
    const world = bookOf(false, { acme: { 201: 'PJSIP/desk' } }, ['desk', 'acme-201']);
    await world.book.pushAll();
    expect(world.book.ownerOf('acme-201')).toBeNull();
  });

  test('when its endpoints cannot be listed, none is called missing; without any, all are', async () => {
    const away = bookOf(false, { acme: { 201: 'PJSIP/desk' } }, new TelephonyError('timeout', 'no answer'));
    await away.book.pushAll();
    expect(away.book.lacks()).toEqual([]);
    const none = bookOf(false, { acme: { 201: 'PJSIP/desk' } }, new TelephonyError('gone', 'no endpoints'));
    await none.book.pushAll();
    expect(none.book.lacks().length).toBe(1);
  });

  test('a plan that changed is looked at anew', async () => {
    const world = bookOf(false, { acme: { 201: 'PJSIP/desk', 202: null } }, ['desk', 'hall']);
    await world.book.pushAll();
    world.plans.set('acme', planOf('acme', { 201: 'PJSIP/hall' }));
    await world.book.push('acme');
    expect([world.book.ownerOf('desk'), world.book.ownerOf('hall'), world.book.lacks()]).toEqual([null, { customer: 'acme', extension: '201' }, []]);
    expect(world.troubles.at(-1)).toBeNull();
  });
});

describe('on our own Asterisk', () => {
  test('all phones are pushed under their customer\'s name', async () => {
    const world = bookOf(true, { acme: { 201: null }, bolt: { 201: null } });
    await world.book.pushAll();
    expect(world.pushed.sort()).toEqual(['acme-201', 'bolt-201']);
    expect(world.book.ownerOf('bolt-201')).toEqual({ customer: 'bolt', extension: '201' });
  });

  test('what was pushed is not pushed again until Asterisk may have forgotten it', async () => {
    const world = bookOf(true, { acme: { 201: null }, bolt: { 201: null } });
    await world.book.pushAll();
    await world.book.pushMissing();
    expect(world.pushed).toHaveLength(2);
    await world.book.pushAll();
    expect(world.pushed).toHaveLength(4);
  });

  test('an endpoint that a plan names cannot take another customer\'s phone', async () => {
    const world = bookOf(true, { acme: { 201: null }, bolt: { 201: 'PJSIP/acme-201' } });
    await world.book.pushAll();
    expect(world.book.ownerOf('acme-201')).toEqual({ customer: 'acme', extension: '201' });
    expect(world.book.endpointOf(plan(world, 'bolt'), '201')).toBe('PJSIP/bolt-201');
    expect(world.book.lacks()).toEqual(['bolt.json, extension 201 (Phone 201) names PJSIP/acme-201, which counts only with ARI_URL: here the phone is bolt-201. Remove "endpoint".']);
  });

  test('a phone that left the plan is removed', async () => {
    const world = bookOf(true, { acme: { 201: null, 202: null } });
    await world.book.pushAll();
    world.plans.set('acme', planOf('acme', { 201: null }));
    await world.book.push('acme');
    expect(world.removed).toEqual(['acme-202']);
  });
});
