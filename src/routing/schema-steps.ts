// The steps of the admin's JSON, one strict object per kind. Every kind but goto and end must have a fallback.
import { z } from 'zod';
import { RING_STRATEGIES } from './plan.ts';
import {
  FIRST_DIGIT_MAX_MS, count, ddi, extensionNumber, flag, label, milliseconds, name, say, stepId, variableName,
} from './schema-parts.ts';

const base = {
  label: label.optional().describe('What people see instead of the id.'),
  fallback: stepId.describe('Where the call goes when anything happens that has no entry of its own, and when the step fails.'),
};

/** `on` with the outcomes of one kind. */
function exits<const Names extends readonly string[]>(names: Names, description: string) {
  const shape = Object.fromEntries(names.map((outcome) => [outcome, stepId.optional()])) as Record<Names[number], z.ZodOptional<typeof stepId>>;
  return z.strictObject(shape).default({} as never).meta({
    description: `Where each outcome goes. ${description}`,
    examples: [{ [names[0] ?? '']: 'main-menu' }],
  });
}

const timers = {
  firstDigitMs: milliseconds(500, FIRST_DIGIT_MAX_MS, 'Silence allowed after the prompt before the first key.', 5000).default(5000),
  interDigitMs: milliseconds(300, FIRST_DIGIT_MAX_MS, 'Silence allowed between two keys.', 2500).default(2500),
  overallMs: milliseconds(1000, 120_000, 'From the end of the prompt to the last key.', 30_000).default(30_000),
  retries: count(0, 9, 'How often it is offered again after nothing or something else was pressed.', 2).default(2),
  noInputSay: say.optional().describe('Said when nothing was pressed, before it is offered again. Left out: the phrase nothing-pressed.'),
  noMatchSay: say.optional().describe('Said when something else was pressed, before it is offered again.'),
};

const hours = z.strictObject({
  kind: z.literal('hours'), ...base,
  hours: name.describe('Which opening hours, as they stand under "hours".'),
  on: exits(['open', 'closed', 'holiday'], 'holiday is a bank holiday or a listed date while closed; without an entry it counts as closed.'),
}).meta({ id: 'HoursStep', description: 'Asks whether it is open now.', examples: [{ kind: 'hours', hours: 'office', on: { open: 'main-menu', closed: 'closed' }, fallback: 'closed' }] });

const switchStep = z.strictObject({
  kind: z.literal('switch'), ...base,
  switch: name.describe('Which switch, as it stands under "switches".'),
  on: z.record(name, stepId).default({}).meta({ description: 'Where each position goes.', examples: [{ day: 'main-menu', night: 'night' }] }),
}).meta({ id: 'SwitchStep', description: 'Goes by the position of a switch that people set.', examples: [{ kind: 'switch', switch: 'night', on: { off: 'hours', on: 'night' }, fallback: 'hours' }] });

const callerCase = z.union([
  z.strictObject({ list: name.describe('A list under "callerLists".'), to: stepId }),
  z.strictObject({ prefix: z.string().regex(/^\+[1-9]\d{0,14}$/, 'a prefix is written with + and the country code').meta({ description: "How the caller's number begins.", examples: ['+4420'] }), to: stepId }),
  z.strictObject({ withheld: z.literal(true).describe('The caller withheld the number.'), to: stepId }),
  z.strictObject({ noNumber: z.literal(true).describe('No number was sent.'), to: stepId }),
  z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/, 'a country is two capital letters').meta({ description: "Country of the caller's number.", examples: ['FR'] }), to: stepId }),
]).meta({ id: 'CallerCase', description: 'One test of the caller, and where the call goes then.', examples: [{ withheld: true, to: 'screening' }] });

const caller = z.strictObject({
  kind: z.literal('caller'), ...base,
  cases: z.array(callerCase).min(1).max(100).meta({ description: 'Tests, the first that fits wins.', examples: [[{ list: 'vip', to: 'reception' }]] }),
  on: exits(['otherwise'], 'otherwise: no test fits.'),
}).meta({ id: 'CallerStep', description: 'Goes by who is calling.', examples: [{ kind: 'caller', cases: [{ list: 'vip', to: 'reception' }], on: { otherwise: 'main-menu' }, fallback: 'main-menu' }] });

const choiceKeys = z.string().regex(/^[0-9*#]{1,10}$/, 'a choice is 1 to 10 of the keys 0 to 9, * and #');
const menu = z.strictObject({
  kind: z.literal('menu'), ...base,
  say: say.min(1).describe('What the caller hears before choosing.'),
  choices: z.record(choiceKeys, stepId).default({}).meta({ description: 'Keys and where each goes.', examples: [{ '1': 'sales', '2': 'accounts' }] }),
  dialExtension: flag('Whether a caller may dial any extension here.', true).default(false),
  bargeIn: flag('Whether a key stops the prompt.', true).default(true),
  typeAhead: flag('Whether keys pressed before this menu count.', true).default(true),
  ...timers,
  on: exits(['no-input', 'no-match'], 'no-input: nothing was pressed; no-match: something else was pressed.'),
}).meta({ id: 'MenuStep', description: 'Plays a prompt and goes by the keys pressed.', examples: [{ kind: 'menu', say: ['main-menu'], choices: { '1': 'sales' }, fallback: 'reception' }] });

const play = z.strictObject({
  kind: z.literal('play'), ...base,
  say: say.min(1),
  bargeIn: flag('Whether a key stops it.', true).default(true),
  on: exits(['done'], 'done: all of it was played.'),
}).meta({ id: 'PlayStep', description: 'Plays something and goes on.', examples: [{ kind: 'play', say: ['opening-hours'], on: { done: 'main-menu' }, fallback: 'goodbye' }] });

const collect = z.strictObject({
  kind: z.literal('collect'), ...base,
  variable: variableName,
  say: say.min(1).describe('What the caller hears before entering digits.'),
  minDigits: count(1, 40, 'Fewest digits.', 6).default(1),
  maxDigits: count(1, 40, 'Most digits.', 6).default(20),
  terminator: z.enum(['#', '*', 'none']).default('#').meta({ description: 'Key that ends the entry.', examples: ['#'] }),
  confirm: flag('Whether the digits are read back and confirmed with 1.', true).default(false),
  secret: flag('Whether the digits are masked in every log, trace and record.', false).default(false),
  bargeIn: flag('Whether a key stops the prompt.', true).default(true),
  ...timers,
  on: exits(['collected', 'no-input', 'no-match'], 'collected: digits were entered; no-input: nothing was pressed; no-match: too few digits, or not confirmed.'),
}).meta({ id: 'CollectStep', description: 'Asks for digits and keeps them in a variable.', examples: [{ kind: 'collect', variable: 'account', say: ['enter-account'], minDigits: 6, maxDigits: 6, on: { collected: 'thanks' }, fallback: 'reception' }] });

const lookup = z.strictObject({
  kind: z.literal('lookup'), ...base,
  method: z.enum(['GET', 'POST']).default('GET').meta({ description: 'How the other system is asked.', examples: ['GET'] }),
  url: z.string().min(1).max(2000).meta({ description: 'https address. {{variables}} may stand in path and query.', examples: ['https://crm.example/accounts/{{account}}'] }),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a header name has letters, digits and hyphens'), z.string().max(1000).regex(/^[^\r\n]*$/, 'a header has one line')).default({}).meta({ description: 'Headers to send.', examples: [{ accept: 'application/json' }] }),
  body: z.string().max(20_000).optional().meta({ description: 'Body of a POST.', examples: ['{"account":"{{account}}"}'] }),
  timeoutMs: milliseconds(100, 10_000, 'How long to wait for the answer.', 2500).default(2500),
  maxBytes: count(1, 1_000_000, 'Largest answer in bytes.', 65_536).default(65_536),
  save: z.record(variableName, z.string().regex(/^(\/[^/]*)*$/, 'a place in the answer is a JSON pointer').max(500)).default({}).meta({ description: 'Variables and where in the JSON answer each is found.', examples: [{ tier: '/customer/tier' }] }),
  on: exits(['found', 'not-found', 'failed'], 'not-found: the other system says 404; failed: no answer in time, or one that cannot be used.'),
}).meta({ id: 'LookupStep', description: 'Asks another system about the caller.', examples: [{ kind: 'lookup', url: 'https://crm.example/accounts/{{account}}', save: { tier: '/tier' }, on: { found: 'by-tier' }, fallback: 'reception' }] });

const branchValue = z.string().max(200).meta({ description: 'A value to compare with.', examples: ['gold'] });
const branchCase = z.union([
  z.strictObject({ equals: branchValue, to: stepId }),
  z.strictObject({ prefix: branchValue, to: stepId }),
  z.strictObject({ oneOf: z.array(branchValue).min(1).max(1000).meta({ description: 'Values of which one must be equal.', examples: [['gold', 'silver']] }), to: stepId }),
  z.strictObject({ atLeast: z.number().meta({ description: 'The value is a number and not below this.', examples: [100] }), to: stepId }),
]).meta({ id: 'BranchCase', description: 'One test of the value, and where the call goes then.', examples: [{ equals: 'gold', to: 'reception' }] });
const branch = z.strictObject({
  kind: z.literal('branch'), ...base,
  variable: variableName,
  cases: z.array(branchCase).min(1).max(200).meta({ description: 'Tests, the first that fits wins.', examples: [[{ equals: 'gold', to: 'reception' }]] }),
  on: exits(['otherwise'], 'otherwise: no test fits, or the variable has no value.'),
}).meta({ id: 'BranchStep', description: 'Goes by a value that was collected or looked up.', examples: [{ kind: 'branch', variable: 'tier', cases: [{ equals: 'gold', to: 'reception' }], on: { otherwise: 'main-menu' }, fallback: 'main-menu' }] });

const ringTarget = z.union([
  z.strictObject({ extension: extensionNumber }),
  z.strictObject({ group: name.describe('A group under "groups".') }),
  z.strictObject({
    outside: ddi.describe('An outside number, for example a mobile; the rules of "outbound" hold for it.'),
    name: z.string().min(1).max(80).meta({ description: 'Whose number it is.', examples: ['Priya Shah, mobile'] }),
    pressToAccept: flag('Whoever picks up presses 1 before the call is put through, so that a mobile\'s voicemail takes no call. A prompt named organisation-name is said first, if the plan has one.', true).default(true),
  }),
]).meta({ id: 'RingTarget', description: 'An extension, a group or an outside number to ring.', examples: [{ extension: '201' }] });
export const ringStrategy = z.enum(RING_STRATEGIES).meta({
  description: 'Whom to ring first: all at once, in order, each in turn, at random, or who talked longest ago.',
  examples: ['all'],
});
const ring = z.strictObject({
  kind: z.literal('ring'), ...base,
  targets: z.array(ringTarget).min(1).max(50).meta({ description: 'Who is rung.', examples: [[{ group: 'reception' }]] }),
  strategy: ringStrategy.optional().describe("Left out: the group's own, otherwise all at once."),
  ringMs: milliseconds(1000, 120_000, 'How long each is rung.', 20_000).optional().describe("How long each is rung, in milliseconds. Left out: the extension's own time, 20000 for a group."),
  hears: z.enum(['ringing', 'music']).default('ringing').meta({ description: 'What the caller hears meanwhile.', examples: ['ringing'] }),
  on: exits(['busy', 'no-answer', 'declined', 'unreachable'], 'When somebody answers, the call ends in a conversation.'),
}).meta({ id: 'RingStep', description: 'Rings phones.', examples: [{ kind: 'ring', targets: [{ group: 'reception' }], fallback: 'voicemail' }] });

const voicemail = z.strictObject({
  kind: z.literal('voicemail'), ...base,
  mailbox: name.describe('A mailbox under "mailboxes".'),
  greeting: say.optional().describe("Played instead of the mailbox's own greeting."),
  maxMessageMs: milliseconds(5000, 1_800_000, 'Longest message.', 120_000).optional().describe("Longest message in milliseconds. Left out: the mailbox's own."),
  silenceEndMs: milliseconds(1000, 60_000, 'Silence that ends the message.', 5000).default(5000),
  on: exits(['recorded', 'nothing-recorded', 'mailbox-full'], 'recorded: without an entry the call ends with goodbye.'),
}).meta({ id: 'VoicemailStep', description: 'Takes a message.', examples: [{ kind: 'voicemail', mailbox: 'office', fallback: 'goodbye' }] });

const goto = z.strictObject({ kind: z.literal('goto'), label: base.label, to: stepId.describe('Where the call goes.') })
  .meta({ id: 'GotoStep', description: 'Goes on at another step.', examples: [{ kind: 'goto', to: 'main-menu' }] });
const end = z.strictObject({
  kind: z.literal('end'), label: base.label,
  how: z.enum(['hang-up', 'busy', 'congestion']).default('hang-up').meta({ description: 'How the call ends.', examples: ['hang-up'] }),
  say: say.default([]).describe('Said first, if anything.'),
}).meta({ id: 'EndStep', description: 'Ends the call.', examples: [{ kind: 'end', how: 'hang-up', say: ['goodbye'] }] });

/** One step as the admin writes it. */
export const step = z
  .discriminatedUnion('kind', [hours, switchStep, caller, menu, play, collect, lookup, branch, ring, voicemail, goto, end])
  .meta({ id: 'Step', description: 'One step of a call. "kind" says what it does.' });
export type StepJson = z.output<typeof step>;

