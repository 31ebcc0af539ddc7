// Who may call where: one rule a row, from the defaults to the narrowest rules, and properties on random rules.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DESTINATION_CLASSES, destinationOfNumber } from '../../../src/numbering/destination.ts';
import type { Destination, DestinationClass } from '../../../src/numbering/destination.ts';
import { PERMISSIONS } from '../../../src/routing/outbound.ts';
import type { Permission } from '../../../src/routing/outbound.ts';
import { DESTINATION_DEFAULTS, permit } from '../../../src/routing/permission.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import { e164 } from '../numbering/arbitraries.ts';
import { compileText, readText } from './read-plan.ts';

interface Rules {
  readonly classes?: Readonly<Record<string, Permission>>;
  readonly countries?: Readonly<Record<string, Permission>>;
}
interface World {
  readonly extension?: Rules;
  readonly sales?: Rules;
  readonly night?: Rules;
  readonly customer?: Rules;
}

/** Extension 201 is in the groups sales and night, 202 in none. */
function planOf({ extension, sales, night, customer }: World): RoutingPlan {
  const json = JSON.parse(readText('test/plans/good/small.json')) as { extensions: Record<string, object>; groups: Record<string, object>; outbound?: object };
  const rules = (destinations: Rules | undefined): object => (destinations === undefined ? {} : { outbound: { destinations } });
  json.extensions['201'] = { ...json.extensions['201'], ...rules(extension) };
  json.groups = { sales: { ...json.groups['sales'], members: ['201'], ...rules(sales) }, night: { name: 'Night', members: ['201'], ...rules(night) } };
  if (customer !== undefined) json.outbound = { trunks: ['carrier-a'], cli: '+441632960018', destinations: customer };
  const { plan, problems } = compileText(JSON.stringify(json));
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}
function to(number: string): Destination {
  const found = destinationOfNumber(e164(number));
  if (found === null) throw new Error(number);
  return found;
}
const GEO = '+441632960018', MOBILE = '+447700900123', FRANCE = '+33123456789', FRENCH_PREMIUM = '+33899123456', US = '+12125550123', JAMAICA = '+18765550123', SATELLITE = '+881612345678', PREMIUM = '+449098790123', JERSEY = '+441534960123', JERSEY_MOBILE = '+447797123456';

describe('defaults', () => {
  it('speak about every class once, with date and source', () => {
    expect(DESTINATION_DEFAULTS.map((row) => row.class).sort()).toEqual([...DESTINATION_CLASSES].sort());
    for (const row of DESTINATION_DEFAULTS) expect(row).toMatchObject({ effectiveFrom: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), source: expect.stringMatching(/./) });
  });

  const denied = ['caribbean', 'directory', 'foreign-premium', 'international', 'international-special', 'pager', 'personal', 'premium', 'satellite'];
  it.each(DESTINATION_CLASSES)('%s', (cls: DestinationClass) => {
    const permitted = permit(planOf({}), '201', { class: cls, country: null, digits: '+999' });
    expect(permitted).toMatchObject({ permission: denied.includes(cls) ? 'denied' : 'allowed', rule: 'default-destination' });
  });
});

describe('permit, one rule a row', () => {
  it.each<[string, World, string, Permission, string]>([
    ['no rules: a landline', {}, GEO, 'allowed', 'the product allows class geo'],
    ['no rules: abroad', {}, FRANCE, 'denied', 'the product denies class international'],
    ['customer opens a country', { customer: { countries: { FR: 'allowed' } } }, FRANCE, 'allowed', 'the customer allows country FR'],
    ['another country stays closed', { customer: { countries: { FR: 'allowed' } } }, US, 'denied', 'the product denies class international'],
    ['a country opens no premium numbers there', { customer: { countries: { FR: 'allowed' } } }, FRENCH_PREMIUM, 'denied', 'the product denies class foreign-premium'],
    ['nor does the beginning of its numbers', { customer: { countries: { '+33': 'allowed' } } }, FRENCH_PREMIUM, 'denied', 'the product denies class foreign-premium'],
    ['a closed country closes its premium numbers', { customer: { classes: { 'foreign-premium': 'allowed' }, countries: { FR: 'denied' } } }, FRENCH_PREMIUM, 'denied', 'the customer denies country FR'],
    ['a country after a PIN asks for it for opened premium numbers too', { customer: { classes: { 'foreign-premium': 'allowed' }, countries: { FR: 'pin' } } }, FRENCH_PREMIUM, 'pin', 'the customer asks for a PIN for country FR'],
    ['a class opens all countries', { customer: { classes: { international: 'allowed' } } }, FRANCE, 'allowed', 'the customer allows class international'],
    ['but no island of +1', { customer: { classes: { international: 'allowed' } } }, JAMAICA, 'denied', 'the product denies class caribbean'],
    ['nor does the United States', { customer: { countries: { US: 'allowed' } } }, JAMAICA, 'denied', 'the product denies class caribbean'],
    ['nor satellites', { customer: { classes: { international: 'allowed' } } }, SATELLITE, 'denied', 'the product denies class satellite'],
    ['an island by its country', { customer: { countries: { JM: 'allowed' } } }, JAMAICA, 'allowed', 'the customer allows country JM'],
    ['a beginning goes before the country', { customer: { countries: { JM: 'allowed', '+1876': 'denied' } } }, JAMAICA, 'denied', 'the customer denies numbers that begin +1876'],
    ['the longer beginning goes before the shorter', { customer: { countries: { '+1': 'denied', '+1876': 'allowed' } } }, JAMAICA, 'allowed', 'the customer allows numbers that begin +1876'],
    ['+1 opens the islands too, as it says', { customer: { countries: { '+1': 'allowed' } } }, JAMAICA, 'allowed', 'the customer allows numbers that begin +1'],
    ['a beginning goes before the class', { customer: { classes: { caribbean: 'allowed' }, countries: { '+1876': 'denied' } } }, JAMAICA, 'denied', 'the customer denies numbers that begin +1876'],
    ['a beginning opens a satellite network', { customer: { countries: { '+8816': 'allowed' } } }, SATELLITE, 'allowed', 'the customer allows numbers that begin +8816'],
    ['an allowed class may be closed', { customer: { classes: { mobile: 'denied' } } }, MOBILE, 'denied', 'the customer denies class mobile'],
    ['a mobile of Jersey by its country', { customer: { countries: { JE: 'denied' } } }, JERSEY_MOBILE, 'denied', 'the customer denies country JE'],
    ['a landline of Jersey by its country', { customer: { classes: { crown: 'denied' }, countries: { JE: 'allowed' } } }, JERSEY, 'allowed', 'the customer allows country JE'],
    ['premium after a PIN', { customer: { classes: { premium: 'pin' } } }, PREMIUM, 'pin', 'the customer asks for a PIN for class premium'],
    ['group before customer', { sales: { countries: { FR: 'allowed' } }, customer: { countries: { FR: 'denied' } } }, FRANCE, 'allowed', 'group sales allows country FR'],
    ['a group that is silent leaves it to the customer', { sales: { classes: { mobile: 'denied' } }, customer: { countries: { FR: 'pin' } } }, FRANCE, 'pin', 'the customer asks for a PIN for country FR'],
    ['deny beats allow among groups', { sales: { countries: { FR: 'allowed' } }, night: { classes: { international: 'denied' } } }, FRANCE, 'denied', 'group night denies class international'],
    ['whichever comes first', { sales: { classes: { international: 'denied' } }, night: { countries: { FR: 'allowed' } } }, FRANCE, 'denied', 'group sales denies class international'],
    ['pin beats allow among groups', { sales: { countries: { FR: 'allowed' } }, night: { countries: { FR: 'pin' } } }, FRANCE, 'pin', 'group night asks for a PIN for country FR'],
    ['extension before group', { extension: { countries: { FR: 'allowed' } }, sales: { countries: { FR: 'denied' } } }, FRANCE, 'allowed', 'extension 201 allows country FR'],
    ['extension before group and customer, closing', { extension: { classes: { mobile: 'denied' } }, sales: { classes: { mobile: 'allowed' } }, customer: { classes: { mobile: 'allowed' } } }, MOBILE, 'denied', 'extension 201 denies class mobile'],
    ["the extension's class goes before the customer's country", { extension: { classes: { international: 'denied' } }, customer: { countries: { FR: 'allowed' } } }, FRANCE, 'denied', 'extension 201 denies class international'],
  ])('%s', (_, world, number, permission, text) => {
    expect(permit(planOf(world), '201', to(number))).toMatchObject({ permission, text });
  });

  it('rules of a group hold for its members alone, and nobody of the plan has the customer\'s', () => {
    const plan = planOf({ sales: { countries: { FR: 'allowed' } }, customer: { countries: { DE: 'allowed' } } });
    expect(permit(plan, '202', to(FRANCE)).permission).toBe('denied');
    for (const nobody of ['202', '299', null]) expect(permit(plan, nobody, to('+4915112345678'))).toMatchObject({ permission: 'allowed', rule: 'customer-destination', version: 'plan 41 test' });
  });
});

describe('permit on random rules', () => {
  const permission = fc.constantFrom(...PERMISSIONS);
  const rules: fc.Arbitrary<Rules> = fc.record({
    classes: fc.dictionary(fc.constantFrom(...DESTINATION_CLASSES), permission, { maxKeys: 4 }),
    countries: fc.dictionary(fc.constantFrom('FR', 'US', 'JM', '+1', '+1876', '+33', '+881', '+442', '__proto__'), permission, { maxKeys: 4 }),
  }).filter(({ countries }) => !Object.keys(countries).some((key) => key === '__proto__' || key.startsWith('+44')));
  const number = fc.constantFrom(GEO, MOBILE, FRANCE, FRENCH_PREMIUM, US, JAMAICA, SATELLITE, PREMIUM, JERSEY, JERSEY_MOBILE);

  it('what no rule opened by class or country stays as the product has it', () => {
    fc.assert(fc.property(fc.record({ extension: rules, sales: rules, customer: rules }), number, (world, text) => {
      const found = to(text);
      const permitted = permit(planOf(world), '201', found);
      const opened = [world.extension, world.sales, world.customer].some((one) =>
        one.classes?.[found.class] === 'allowed' || Object.entries(one.countries ?? {}).some(([key, value]) => value === 'allowed' && (key === found.country || text.startsWith(key))));
      const isDefault = DESTINATION_DEFAULTS.some((row) => row.class === found.class && row.permission === 'allowed');
      return permitted.permission !== 'allowed' || opened || isDefault;
    }), { numRuns: 300 });
  });

  it('premium and its like are opened by their class alone', () => {
    fc.assert(fc.property(fc.record({ extension: rules, sales: rules, customer: rules }), fc.constantFrom(FRENCH_PREMIUM, PREMIUM), (world, text) => {
      const found = to(text);
      const isOpened = [world.extension, world.sales, world.customer].some((one) => one.classes?.[found.class] === 'allowed');
      return permit(planOf(world), '201', found).permission !== 'allowed' || isOpened;
    }), { numRuns: 300 });
  });
});
