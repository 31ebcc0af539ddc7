// The world of the live tests: two customers with the same extensions, prompt names and step ids. Hours are always open,
// timers short. Read `acme` for what each number does.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toneWav } from '../tone-wav.ts';
import { OTHER_CUSTOMER_HZ, TONES } from './tones.ts';
import type { ToneName } from './tones.ts';

/** Numbers of the first customer; Ofcom's drama range. */
export const DDI = {
  /** Hours, then the menu. */
  main: '+441632960100',
  /** Rings 201, then voicemail. */
  direct: '+441632960101',
  /** Rings 201, 202, 203 together, then busy. */
  all: '+441632960102',
  /** Rings 201, then 202, then 203, then busy. */
  order: '+441632960103',
  /** Voicemail. */
  voicemail: '+441632960104',
  /** Switch: day or night tone. */
  night: '+441632960105',
  /** Looks the caller up, then a tone by the answer. */
  lookup: '+441632960106',
  /** One tone of 30 s. */
  long: '+441632960107',
  /** Collects digits. */
  collect: '+441632960108',
  /** Caller step: withheld, no number, others. */
  caller: '+441632960109',
  /** Ends with busy. */
  busy: '+441632960110',
  /** A menu that tries to wait as long as it may. */
  patient: '+441632960111',
  /** Rings 203 for a minute. */
  aside: '+441632960112',
} as const;
/** The second customer's number: its menu. */
export const OTHER_DDI = '+441632960200';

/** What a test may change. */
export interface PlanChanges {
  readonly lookupUrl?: string;
  readonly steps?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, number>>;
}
type Json = Record<string, unknown>;

const LENGTH_MS: Partial<Record<ToneName, number>> = { long: 30_000, menu: 1_200, greeting: 600 };
const SHORT_MS = 500;

export function acme(changes: PlanChanges = {}): Json {
  const numbers: Record<string, string> = {
    [DDI.main]: 'opening', [DDI.direct]: 'direct', [DDI.all]: 'ring-all', [DDI.order]: 'ring-order', [DDI.voicemail]: 'voicemail', [DDI.night]: 'night-switch',
    [DDI.lookup]: 'ask', [DDI.long]: 'long', [DDI.collect]: 'account', [DDI.caller]: 'who', [DDI.busy]: 'busy', [DDI.patient]: 'patient', [DDI.aside]: 'aside',
  };
  return { ...plan('Acme', numbers, { ...steps(changes), ...changes.steps }), limits: { maxCalls: 1_000, maxCallsPerCaller: 1_000, ...changes.limits } };
}

export function bolt(): Json {
  return plan('Bolt', { [OTHER_DDI]: 'opening' }, steps({}));
}

function plan(name: string, numbers: Readonly<Record<string, string>>, all: Readonly<Record<string, unknown>>): Json {
  const week = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, ['00:00-24:00']]));
  return {
    schema: 1,
    organisation: { name, contact: '01632 960100', timeZone: 'Europe/London', nation: 'england', emergencyNumber: Object.keys(numbers)[0] },
    numbers: Object.fromEntries(Object.entries(numbers).map(([ddi, entry]) => [ddi, { label: entry, entry }])),
    hours: { office: { week, bankHolidays: 'ordinary' } },
    switches: { night: { label: 'Night switch', featureCode: '*21' } },
    prompts: Object.fromEntries(Object.keys(TONES).map((tone) => [tone, { file: `${tone}.wav`, text: `Tone ${tone}.` }])),
    callerLists: { vip: ['+447700900999'] },
    extensions: { 201: { name: `${name} Ann`, mailbox: 'office' }, 202: { name: `${name} Ben`, mailbox: 'office' }, 203: { name: `${name} Cat` } },
    groups: { everyone: { name: 'Everyone', members: ['201', '202', '203'], strategy: 'all' }, chain: { name: 'Chain', members: ['201', '202', '203'], strategy: 'in-order' } },
    mailboxes: { office: { name: 'Office', greeting: ['greeting'], maxMessageMs: 30_000 } },
    steps: all,
    failsafe: 'voicemail',
  };
}

function steps({ lookupUrl = 'https://lookup.invalid/' }: PlanChanges): Json {
  const quick = { firstDigitMs: 1_500, interDigitMs: 800, retries: 1 };
  const say = (tone: ToneName, done = 'bye') => ({ kind: 'play', say: [tone], on: { done }, fallback: done });
  return {
    opening: { kind: 'hours', hours: 'office', on: { open: 'menu', closed: 'busy' }, fallback: 'busy' },
    menu: { kind: 'menu', say: ['menu'], choices: { 1: 'one', 12: 'other', 3: 'direct', 4: 'voicemail', 5: 'ask', 6: 'submenu', 7: 'ring-all' }, dialExtension: true, ...quick, on: { 'no-input': 'nothing', 'no-match': 'wrong' }, fallback: 'bye' },
    submenu: { kind: 'menu', say: ['sub'], choices: { 1: 'other', '*': 'menu' }, ...quick, on: { 'no-input': 'nothing', 'no-match': 'wrong' }, fallback: 'bye' },
    patient: { kind: 'menu', say: ['menu'], choices: { 1: 'one' }, firstDigitMs: 7_000, retries: 9, on: { 'no-input': 'nothing', 'no-match': 'wrong' }, fallback: 'bye' },
    one: say('one'), other: say('other'), nothing: say('nothing'), wrong: say('wrong'), day: say('day'), night: say('night'), gold: say('gold'), plain: say('plain'), failed: say('failed'), long: say('long'),
    direct: { kind: 'ring', targets: [{ extension: '201' }], ringMs: 3_000, fallback: 'voicemail' },
    'ring-all': { kind: 'ring', targets: [{ group: 'everyone' }], ringMs: 8_000, fallback: 'busy' },
    'ring-order': { kind: 'ring', targets: [{ group: 'chain' }], ringMs: 1_500, fallback: 'busy' },
    aside: { kind: 'ring', targets: [{ extension: '203' }], ringMs: 60_000, fallback: 'busy' },
    voicemail: { kind: 'voicemail', mailbox: 'office', fallback: 'bye' },
    'night-switch': { kind: 'switch', switch: 'night', on: { off: 'day', on: 'night' }, fallback: 'day' },
    ask: { kind: 'lookup', url: lookupUrl, timeoutMs: 3_500, save: { tier: '/tier' }, on: { found: 'by-tier', 'not-found': 'plain', failed: 'failed' }, fallback: 'failed' },
    'by-tier': { kind: 'branch', variable: 'tier', cases: [{ equals: 'gold', to: 'gold' }], on: { otherwise: 'plain' }, fallback: 'plain' },
    account: { kind: 'collect', variable: 'account', say: ['sub'], minDigits: 4, maxDigits: 4, ...quick, secret: true, on: { collected: 'one', 'no-input': 'nothing', 'no-match': 'wrong' }, fallback: 'bye' },
    who: { kind: 'caller', cases: [{ withheld: true, to: 'night' }, { noNumber: true, to: 'plain' }, { list: 'vip', to: 'gold' }], on: { otherwise: 'day' }, fallback: 'day' },
    busy: { kind: 'end', how: 'busy' },
    bye: { kind: 'end', how: 'hang-up', say: ['bye'] },
  };
}

/** Writes plans and their tones as an admin's plan folder. */
export function writePlans(folder: string, plans: Readonly<Record<string, unknown>>): void {
  mkdirSync(folder, { recursive: true });
  Object.entries(plans).forEach(([customer, json], index) => {
    const media = join(folder, 'media', customer);
    mkdirSync(media, { recursive: true });
    for (const [name, hz] of Object.entries(TONES)) writeFileSync(join(media, `${name}.wav`), toneWav(hz + index * OTHER_CUSTOMER_HZ, LENGTH_MS[name as ToneName] ?? SHORT_MS));
    writeFileSync(join(folder, `${customer}.json`), JSON.stringify(json, null, 2));
  });
}
