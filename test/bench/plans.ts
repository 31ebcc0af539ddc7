// The plans of the bench: one customer whose numbers lead to each kind of step, and a thousand others.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toneWav } from '../tone-wav.ts';
import { MENU_HZ, NEXT_HZ } from './sounds.ts';

/** Numbers of the customer `bench` (Ofcom's drama range). The reference dialplan has the first two as well. */
export const DDI = {
  route: '+441632960101', bare: '+441632960102', dwell: '+441632960103', collect: '+441632960104', voicemail: '+441632960105', ring: '+441632960106',
  talk: '+441632960107', play: '+441632960108', lookup: '+441632960109', walk: '+441632960110', announce: '+441632960111',
} as const;

export const MENU_MS = 1_000;
export const NEXT_MS = 400;
const LONG_MS = 8_000;
/** Wide band, as an admin's recordings come. */
const PROMPT_SOUND = { rateHz: 16_000, peak: 8_000 };

/** Hours -> menu -> key -> prompt -> end, and a number for every kind of step that a call can be found in. `personRingMs` is part of the last known route. */
export function benchPlan(lookupUrl: string, label = 'Route', personRingMs = 60_000): unknown {
  const to = (step: string) => ({ label: step, entry: step });
  return {
    schema: 1,
    organisation: { name: 'Bench', contact: '01632 960101', timeZone: 'Europe/London', nation: 'england' },
    numbers: {
      [DDI.route]: { label, entry: 'opening' }, [DDI.dwell]: to('dwell'), [DDI.collect]: to('account'), [DDI.voicemail]: to('message'), [DDI.ring]: to('nobody'),
      [DDI.talk]: to('person'), [DDI.play]: to('long-play'), [DDI.lookup]: to('ask-crm'), [DDI.walk]: to('night'), [DDI.announce]: to('farewell'),
    },
    hours: { always: { week: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, ['00:00-24:00']])), bankHolidays: 'ordinary' } },
    switches: { night: { label: 'Night', positions: ['off', 'on'] } },
    prompts: {
      menu: { file: 'menu.wav', text: 'A low tone.' }, next: { file: 'next.wav', text: 'A high tone.' }, long: { file: 'long.wav', text: 'A long low tone.' },
    },
    extensions: { 201: { name: 'Never answers', ringMs: 120_000 }, 202: { name: 'Answers', ringMs: 60_000 } },
    mailboxes: { box: { name: 'Box', greeting: ['next'], maxMessageMs: 60_000, maxMessages: 10_000 } },
    steps: {
      opening: { kind: 'hours', label: 'Open?', hours: 'always', on: { open: 'menu', closed: 'bye' }, fallback: 'bye' },
      menu: { kind: 'menu', label: 'Menu', say: ['menu'], choices: { 1: 'next' }, on: { 'no-input': 'bye' }, retries: 0, fallback: 'bye' },
      next: { kind: 'play', label: 'Next', say: ['next'], on: { done: 'bye' }, fallback: 'bye' },
      bye: { kind: 'end', label: 'End', how: 'hang-up' },
      dwell: { kind: 'menu', label: 'Dwell', say: ['long'], choices: { 1: 'again', 2: 'next' }, firstDigitMs: 5_000, retries: 9, on: { 'no-input': 'bye' }, fallback: 'bye' },
      again: { kind: 'goto', to: 'dwell' },
      account: { kind: 'collect', label: 'Account', variable: 'account', say: ['long'], minDigits: 6, maxDigits: 6, retries: 9, on: { collected: 'by-account', 'no-input': 'bye' }, fallback: 'bye' },
      'by-account': { kind: 'branch', label: 'Which account', variable: 'account', cases: [{ prefix: '1', to: 'next' }], on: { otherwise: 'next' }, fallback: 'bye' },
      message: { kind: 'voicemail', label: 'Message', mailbox: 'box', silenceEndMs: 60_000, on: { 'nothing-recorded': 'bye' }, fallback: 'bye' },
      nobody: { kind: 'ring', label: 'Nobody', targets: [{ extension: '201' }], ringMs: 120_000, fallback: 'bye' },
      person: { kind: 'ring', label: 'Person', targets: [{ extension: '202' }], ringMs: personRingMs, fallback: 'bye' },
      'long-play': { kind: 'play', label: 'Long', say: ['long', 'long'], bargeIn: false, on: { done: 'bye' }, fallback: 'bye' },
      'ask-crm': { kind: 'lookup', label: 'Ask', url: lookupUrl, timeoutMs: 10_000, save: { tier: '/tier' }, on: { found: 'long-play', failed: 'long-play', 'not-found': 'long-play' }, fallback: 'long-play' },
      night: { kind: 'switch', label: 'Night', switch: 'night', on: { off: 'who', on: 'bye' }, fallback: 'bye' },
      who: { kind: 'caller', label: 'Who', cases: [{ withheld: true, to: 'bye' }], on: { otherwise: 'dwell' }, fallback: 'bye' },
      farewell: { kind: 'end', label: 'Farewell', how: 'hang-up', say: ['long'] },
    },
    failsafe: 'bye',
    limits: { maxCalls: 10_000, maxCallsPerCaller: 10_000 },
  };
}

/** Another customer with its own numbers: `place` (from 0) is part of them. */
export function otherPlan(place: number, numbers: number, label: string): unknown {
  return {
    schema: 1,
    organisation: { name: `Customer ${place}`, contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: Object.fromEntries(Array.from({ length: numbers }, (_, n) => [`+4420${70_000_000 + place * numbers + n}`, { label, entry: 'opening' }])),
    hours: { office: { week: { mon: ['09:00-17:30'], tue: ['09:00-17:30'], wed: ['09:00-17:30'] } } },
    extensions: Object.fromEntries([201, 202, 203, 204].map((extension) => [extension, { name: `Person ${extension}` }])),
    groups: { all: { name: 'All', members: ['201', '202', '203', '204'] } },
    steps: {
      opening: { kind: 'hours', label: 'Open?', hours: 'office', on: { open: 'menu', closed: 'closed' }, fallback: 'closed' },
      menu: { kind: 'menu', label: 'Menu', say: [{ digits: '1' }], choices: { 1: 'ada', 2: 'everybody', 0: 'everybody' }, on: { 'no-input': 'everybody' }, fallback: 'closed' },
      ada: { kind: 'ring', label: 'Ada', targets: [{ extension: '201' }], fallback: 'closed' },
      everybody: { kind: 'ring', label: 'All', targets: [{ group: 'all' }], fallback: 'closed' },
      closed: { kind: 'end', label: 'Closed', how: 'hang-up' },
    },
    failsafe: 'closed',
  };
}

export function otherName(place: number): string {
  return `customer-${String(place).padStart(5, '0')}`;
}

/** The folder that GENVOICE_PLANS names, with recordings. */
export function writePlans(folder: string, lookupUrl: string, others: { readonly customers: number; readonly numbers: number }): void {
  const media = join(folder, 'media/bench');
  mkdirSync(media, { recursive: true });
  writeFileSync(join(media, 'menu.wav'), toneWav(MENU_HZ, MENU_MS, PROMPT_SOUND));
  writeFileSync(join(media, 'next.wav'), toneWav(NEXT_HZ, NEXT_MS, PROMPT_SOUND));
  writeFileSync(join(media, 'long.wav'), toneWav(MENU_HZ, LONG_MS, PROMPT_SOUND));
  writeFileSync(join(folder, 'bench.json'), JSON.stringify(benchPlan(lookupUrl)));
  for (let place = 0; place < others.customers; place += 1) writeFileSync(join(folder, `${otherName(place)}.json`), JSON.stringify(otherPlan(place, others.numbers, 'one')));
}
