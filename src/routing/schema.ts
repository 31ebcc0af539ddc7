// The schema of the admin's JSON: one document per customer. From it come the check on load, the JSON Schema for
// editors and, later, the forms. Names that refer to each other are checked in check.ts. Read `planSchema` first.
import { z } from 'zod';
import { DEFAULT_RETENTION_DAYS } from './plan.ts';
import { extensionFields, members, outbound, registryFields, site } from './schema-outbound.ts';
import {
  count, ddi, extensionNumber, intervals, isoDate, label, milliseconds, name, say, stepId, TEXT_MAX,
} from './schema-parts.ts';
import { ringStrategy, step } from './schema-steps.ts';

const organisation = z.strictObject({
  name: z.string().min(1).max(120).meta({ description: 'Name of the organisation, as callers know it.', examples: ['Bramley and Finch'] }),
  contact: z.string().min(1).max(200).meta({ description: 'How people reach it: a number, an address or a page.', examples: ['01632 960018'] }),
  timeZone: z.string().min(1).max(64).meta({ description: 'Time zone of the opening hours.', examples: ['Europe/London'] }),
  nation: z.enum(['england', 'wales', 'scotland', 'northern-ireland']).meta({ description: 'Nation whose bank holidays apply.', examples: ['england'] }),
  language: z.literal('en-GB').default('en-GB').meta({ description: 'Language of what the system says by itself.', examples: ['en-GB'] }),
  emergencyNumber: ddi.optional().describe('Number shown on emergency calls; the emergency services look up its address.'),
}).meta({ id: 'Organisation', description: 'Whose plan this is.', examples: [{ name: 'Bramley and Finch', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' }] });

const number = z.strictObject({ label, entry: stepId.optional().describe('Step at which a call to this number begins. Only an outbound-only number can do without.'), ...registryFields })
  .meta({ id: 'NumberEntry', description: 'One phone number of the customer.', examples: [{ label: 'Main line', entry: 'opening' }] });

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const week = z.strictObject(Object.fromEntries(DAYS.map((day) => [day, intervals.default([])])) as Record<(typeof DAYS)[number], z.ZodDefault<typeof intervals>>)
  .meta({ id: 'Week', description: 'Open times of each weekday; a day that is left out is closed.', examples: [{ mon: ['09:00-17:30'], sat: ['10:00-13:00'] }] });
const listedDate = z.strictObject({ label, open: intervals }).meta({ id: 'ListedDate', description: 'A date with open times of its own.', examples: [{ label: 'Christmas Eve', open: ['09:00-12:00'] }] });
const bankHolidays = z.union([
  z.literal('ordinary').describe('Bank holidays are days like any other.'),
  z.strictObject({
    open: intervals.default([]).describe('Open times on bank holidays; an empty list is closed.'),
    add: z.record(isoDate, label).default({}).meta({ description: 'Further bank holidays: date and name.', examples: [{ '2027-05-03': 'Local holiday' }] }),
    remove: z.array(isoDate).max(200).default([]).meta({ description: 'Bank holidays that are ordinary days here.', examples: [['2026-12-28']] }),
  }),
]).meta({ id: 'BankHolidays', description: 'What happens on bank holidays. Left out: closed.', examples: ['ordinary', { open: [] }] });
const hours = z.strictObject({
  week,
  dates: z.record(isoDate, listedDate).default({}).meta({ description: 'Dates with open times of their own; they win over bank holidays and the week.', examples: [{ '2026-12-24': { label: 'Christmas Eve', open: ['09:00-12:00'] } }] }),
  bankHolidays: bankHolidays.optional(),
}).meta({ id: 'Hours', description: 'Opening hours.', examples: [{ week: { mon: ['09:00-17:30'] } }] });

const switchSpec = z.strictObject({
  label,
  positions: z.array(name).min(2).max(9).default(['off', 'on']).meta({ description: 'Positions; the first holds until somebody sets another.', examples: [['off', 'on']] }),
  featureCode: z.string().regex(/^\*\d{1,4}$/, 'a feature code is * and 1 to 4 digits').optional().meta({ description: 'Dialled from an extension, moves the switch to its next position.', examples: ['*21'] }),
}).meta({ id: 'Switch', description: 'A switch that people set.', examples: [{ label: 'Night switch', positions: ['off', 'on'], featureCode: '*21' }] });

const prompt = z.strictObject({
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(wav|mp3|WAV|MP3)$/, 'a prompt file is a .wav or .mp3 in the media folder, named in letters, digits, _ and -').meta({ description: "File in the customer's media folder, WAV or MP3.", examples: ['welcome.wav'] }),
  text: z.string().min(1).max(TEXT_MAX).meta({ description: 'What it says, word for word.', examples: ['Thank you for calling Bramley and Finch.'] }),
}).meta({ id: 'Prompt', description: 'A recording.', examples: [{ file: 'welcome.wav', text: 'Thank you for calling.' }] });

const callerList = z.array(z.string().regex(/^\+[1-9]\d{0,14}\*?$/, 'an entry is a number with + and the country code, or how it begins with * at the end')).max(10_000)
  .meta({ id: 'CallerList', description: 'Callers: whole numbers, or how they begin with * at the end.', examples: [['+447700900123', '+4420*']] });

const extension = z.strictObject({
  name: z.string().min(1).max(80).meta({ description: 'Who has it.', examples: ['Priya Shah'] }),
  ringMs: milliseconds(1000, 120_000, 'How long it rings.', 20_000).default(20_000),
  mailbox: name.optional().describe('Mailbox that takes messages when nobody answers.'),
  endpoint: z.string().regex(/^PJSIP\/[A-Za-z0-9_.-]{1,80}$/, 'an endpoint is written as "PJSIP/201"').optional().meta({ description: 'Existing PJSIP endpoint, only for an Asterisk that was there before.', examples: ['PJSIP/201'] }),
  ...extensionFields,
}).meta({ id: 'Extension', description: 'A phone.', examples: [{ name: 'Priya Shah', mailbox: 'priya' }] });

const group = z.strictObject({
  name: z.string().min(1).max(80).meta({ description: 'What people call it.', examples: ['Reception'] }),
  members: z.array(extensionNumber).max(100).meta({ description: 'Extensions, in their order.', examples: [['201', '202']] }),
  strategy: ringStrategy.default('all'),
  outbound: members.optional().describe('Rules for calls of its members that leave; limits hold for each member singly.'),
}).meta({ id: 'Group', description: 'Extensions that are rung together.', examples: [{ name: 'Reception', members: ['201', '202'] }] });

const mailbox = z.strictObject({
  name: z.string().min(1).max(80).meta({ description: 'What people call it.', examples: ['Office'] }),
  greeting: say.min(1).describe('What callers hear before the tone.'),
  maxMessageMs: milliseconds(5000, 1_800_000, 'Longest message.', 120_000).default(120_000),
  maxMessages: count(1, 10_000, 'Most messages kept at once.', 100).default(100),
  retentionDays: count(1, 3650, 'Days after which a message is deleted.', DEFAULT_RETENTION_DAYS).default(DEFAULT_RETENTION_DAYS),
  notify: z.strictObject({
    email: z.string().max(254).regex(/^[^\s@]+@[^\s@]+$/, 'an e-mail address has one @').optional().meta({ description: 'Where a notice of each new message is mailed.', examples: ['office@example.com'] }),
    webhook: z.string().max(2000).optional().meta({ description: 'https address that is told of each new message.', examples: ['https://crm.example/voicemail'] }),
  }).default({}).meta({ description: 'Notices of new messages; none unless named.', examples: [{ email: 'office@example.com' }] }),
}).meta({ id: 'Mailbox', description: 'A voicemail box.', examples: [{ name: 'Office', greeting: ['voicemail-greeting'] }] });

const limits = z.strictObject({
  maxCalls: count(1, 10_000, 'Most calls of this customer at once; emergency calls are never counted.', 100).default(100),
  maxCallsPerCaller: count(1, 10_000, 'Most calls at once from one number.', 20).default(20),
  maxCallMs: milliseconds(60_000, 86_400_000, 'Longest call.', 14_400_000).default(14_400_000),
}).meta({ id: 'Limits', description: 'Bounds that keep one customer or caller from using everything.', examples: [{ maxCalls: 50 }] });

const record = <Key extends z.ZodString, Value extends z.ZodType>(key: Key, value: Value, description: string) =>
  z.record(key, value).default({} as never).describe(description);

/** The admin's document. Strict: a field that is not known is a problem. */
export const planSchema = z.strictObject({
  $schema: z.string().max(500).optional().meta({ description: 'Schema file; gives completion in an editor.', examples: ['../plan.schema.json'] }),
  schema: z.literal(1).meta({ description: 'Version of this format.', examples: [1] }),
  organisation,
  numbers: z.record(ddi, number).meta({ description: 'Phone numbers of the customer: where their calls begin, and what they may be used for.', examples: [{ '+441632960018': { label: 'Main line', entry: 'opening' } }] }),
  sites: record(name, site, 'Places with phones, by id.'),
  outbound: outbound.optional(),
  hours: record(name, hours, 'Opening hours by name.'),
  switches: record(name, switchSpec, 'Switches by name.'),
  prompts: record(name, prompt, 'Recordings by name.'),
  callerLists: record(name, callerList, 'Lists of callers by name.'),
  extensions: record(extensionNumber, extension, 'Phones by extension.'),
  groups: record(name, group, 'Groups of phones by id.'),
  mailboxes: record(name, mailbox, 'Voicemail boxes by id.'),
  steps: z.record(stepId, step).meta({ description: 'Steps by id.' }),
  failsafe: stepId.describe('Step for callers when our own side failed. It and all that follows must need nothing outside Asterisk.'),
  limits: limits.optional(),
}).meta({ id: 'Plan', title: 'GENVoice plan', description: 'Everything that happens to the calls of one customer.' });

export type PlanJson = z.output<typeof planSchema>;
export type HoursJson = z.output<typeof hours>;

/** JSON Schema 2020-12 of the admin's JSON, for editors; defaulted fields may be left out. */
export function planJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(planSchema, { io: 'input', target: 'draft-2020-12' }) as Record<string, unknown>;
}
