// The part of the admin's JSON that speaks of calls that leave: what the registry says of a number, sites, who may call
// where and how much. The descriptions and examples are the admin manual. What refers to what is checked in
// check-outbound.ts. Read `outbound` first.
import { z } from 'zod';
import { DESTINATION_CLASSES, DESTINATION_MEANINGS } from '../numbering/destination.ts';
import type { DestinationClass } from '../numbering/destination.ts';
import { CAPABILITIES, FORWARD_WHEN, PERMISSIONS, PURPOSES } from './outbound.ts';
import { count, ddi, flag, isoDate, milliseconds, name } from './schema-parts.ts';

const permission = z.enum(PERMISSIONS).meta({ id: 'Permission', description: 'allowed, denied, or pin: after the PIN of the extension.', examples: ['allowed'] });
const purpose = z.enum(PURPOSES).meta({ id: 'Purpose', description: 'Why a call is made.', examples: ['service'] });

/** What the registry says of one number, beside its label and entry. */
export const registryFields = {
  capability: z.enum(CAPABILITIES).default('both').meta({ description: 'Whether the number takes calls, may be shown on calls that leave, or both.', examples: ['both'] }),
  returnTo: ddi.optional().describe('For an outbound-only number: the number of this plan at which a return call is answered.'),
  heldSince: isoDate.optional().describe('Day since which the number is yours. Left out: it cannot be shown on calls that leave.'),
  purposes: z.array(purpose).min(1).max(PURPOSES.length).default(['service']).meta({ description: 'Purposes of calls that may show this number.', examples: [['service']] }),
  site: name.optional().describe('Site under "sites" that the number belongs to.'),
  emergencyAddress: z.strictObject({
    text: z.string().min(1).max(300).meta({ description: 'The address as the provider holds it.', examples: ['Bramley and Finch, 12 Example Street, Sampleton'] }),
    verifiedOn: isoDate.describe('Day on which somebody last compared it with what the provider holds.'),
  }).optional().meta({ description: 'Where the emergency services are sent when a call shows this number.', examples: [{ text: '12 Example Street, Sampleton', verifiedOn: '2026-10-01' }] }),
  provider: z.string().min(1).max(120).optional().meta({ description: 'Provider of record: who supplies the number.', examples: ['Carrier A'] }),
};

/** A place of the customer. */
export const site = z.strictObject({
  name: z.string().min(1).max(80).meta({ description: 'What people call it.', examples: ['Sampleton office'] }),
  outsidePrefix: z.string().regex(/^\d{1,3}$/, 'an outside line is dialled with 1 to 3 digits').optional().meta({ description: 'Dialled before outside numbers, where the phones are used to it.', examples: ['9'] }),
  cli: ddi.optional().describe('Number that calls from here show, where the extension has none of its own.'),
  emergencyNumber: ddi.optional().describe("Number that emergency calls from here show; the emergency services look up its address. Left out: the organisation's."),
}).meta({ id: 'Site', description: 'A place with phones.', examples: [{ name: 'Sampleton office', emergencyNumber: '+441632960018' }] });

const classes = z.strictObject(Object.fromEntries(DESTINATION_CLASSES.map((cls) => [
  cls, permission.optional().meta({ description: DESTINATION_MEANINGS[cls], examples: ['denied'] }),
])) as Record<DestinationClass, z.ZodOptional<typeof permission>>);
const countries = z.record(z.string().regex(/^([A-Z]{2}|\+[1-9]\d{0,14})$/, 'a country is two capital letters, a beginning of numbers is written like +1876'), permission);
const destinations = z.strictObject({
  classes: classes.default({}).meta({ description: 'Kinds of destinations; those that are left out follow the wider rules.', examples: [{ mobile: 'allowed', service087: 'denied' }] }),
  countries: countries.default({}).meta({ description: 'Countries, and beginnings of foreign numbers, which go before countries.', examples: [{ FR: 'allowed', '+1876': 'denied' }] }),
}).meta({
  id: 'Destinations', examples: [{ classes: { service087: 'denied' }, countries: { FR: 'allowed' } }],
  description: "Where calls may go. The extension's rules go before those of its groups, those before the customer's.",
});

const limits = z.strictObject({
  maxCalls: count(1, 10_000, 'Most calls that leave at once.', 10).optional(),
  maxCallsPerSecond: count(1, 1000, 'Most calls begun in one second.', 2).optional(),
  maxMinutesPerDay: count(1, 1_000_000, 'Most minutes of a day.', 600).optional(),
  maxSpendPerDay: count(0, 100_000_000, "Most that a day's calls may cost, in pence, by the operator's rates.", 2500).optional(),
  maxCallMs: milliseconds(10_000, 86_400_000, 'Longest call; it is cut there.', 3_600_000).optional(),
}).meta({ id: 'OutboundLimits', description: 'How much may be called. Emergency calls are never counted. Left out: no bound here.', examples: [{ maxCalls: 10, maxSpendPerDay: 2500 }] });

/** What an extension or a group may do. A group's limits hold for each of its members singly. */
export const members = z.strictObject({ destinations: destinations.optional(), limits: limits.optional() })
  .meta({ id: 'OutboundRules', description: 'Rules of its own for calls that leave.', examples: [{ destinations: { classes: { mobile: 'denied' } } }] });

/** What an extension says of calls that leave or are sent on. */
export const extensionFields = {
  site: name.optional().describe('Site under "sites" where the phone is.'),
  cli: ddi.optional().describe("Number that its calls show. Left out: the site's, then the customer's."),
  clis: z.array(ddi).max(50).default([]).meta({ description: 'Numbers that its user may choose to show, in the order of the choice.', examples: [['+441632960018', '+442079460018']] }),
  outbound: members.optional(),
  forward: z.strictObject({
    to: ddi.describe('Outside number that calls are sent on to.'),
    when: z.enum(FORWARD_WHEN).meta({ description: 'always, when nobody answers, or when the phone cannot be reached.', examples: ['no-answer'] }),
  }).optional().meta({ description: 'Sends calls for this phone on to an outside number.', examples: [{ to: '+447700900123', when: 'no-answer' }] }),
};

/** The customer's own rules. */
export const outbound = z.strictObject({
  trunks: z.array(name).max(50).default([]).meta({ description: 'Trunks of the operator that calls may use, in this order. An empty list: no call leaves but emergency calls.', examples: [['carrier-a', 'carrier-b']] }),
  cli: ddi.optional().describe('Number that calls show where neither extension nor site has one.'),
  purpose: purpose.default('service').describe('Purpose of calls that state none.'),
  fallBackTo: ddi.optional().describe('Number shown instead when the wanted one may not be. Left out: the call is refused and says why.'),
  alsoShow: z.array(ddi).max(1000).default([]).meta({ description: 'Numbers that may be shown although they are 084, 087, 070 or foreign ones, each with evidence.', examples: [['+448081570123']] }),
  destinations: destinations.optional(),
  limits: limits.optional(),
  warnMs: milliseconds(0, 600_000, 'How long before a call is cut at its limit it is warned; 0 warns nobody.', 60_000).default(60_000),
  suspended: flag('No call leaves but emergency calls.', false).default(false),
}).meta({
  id: 'Outbound', description: 'Calls that leave. Left out: none but emergency calls.',
  examples: [{ trunks: ['carrier-a'], cli: '+441632960018', destinations: { countries: { FR: 'allowed' } } }],
});

export type OutboundJson = z.output<typeof outbound>;
export type SiteJson = z.output<typeof site>;
export type DestinationsJson = z.output<typeof destinations>;
export type OutboundLimitsJson = z.output<typeof limits>;
