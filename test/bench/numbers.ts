// Millions of random dial strings through the classification of numbers: what comes out is checked digits and nothing
// else, and no call for help passes for another call. Also what one classification costs.
import { DESTINATION_CLASSES, destinationOf } from '../../src/numbering/destination.ts';
import { classifyDialled } from '../../src/numbering/dialled.ts';
import type { DialContext } from '../../src/numbering/dialled.ts';
import type { Part } from './figures.ts';
import { median, rounded } from './statistics.ts';

/** Pieces that dial strings are made of: what people dial, and what breaks parsers. */
const PIECES = [
  ...'0123456789+*#'.split(''), '141', '1470', '18001', '18002', '999', '112', '18000', '00', '0044', '+44', '+1876', '+881', '+33899', '01632960', '07700900', '09098790', '116', '118',
  '201', ' ', '(', ')', '-', '&PJSIP/', '@', ';', ',', '\u0000', '٣', '9', 'sip:', '%2', '\r\n', '"',
];
const SITE: DialContext = { extensions: new Set(['201', '202']), featureCodes: new Set(['*21']), outsidePrefix: '9', country: 'GB' };
const CLASSES: ReadonlySet<string> = new Set(DESTINATION_CLASSES);

/** Outcome of one fuzzing: how many strings led outside or for help, those that broke a rule, and the time of one. */
export interface Fuzzed {
  readonly outside: number;
  readonly emergency: number;
  readonly broken: readonly string[];
  readonly microseconds: number;
}

/** `count` strings from `seed`, the same for the same seed. */
export function fuzzDialStrings(count: number, seed: number): Fuzzed {
  let state = seed >>> 0 || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
  const broken: string[] = [];
  let outside = 0;
  let emergency = 0;
  const startedMs = performance.now();
  for (let at = 0; at < count; at += 1) {
    let raw = '';
    for (let pieces = next(14); pieces >= 0; pieces -= 1) raw += PIECES[next(PIECES.length)] ?? '';
    const fault = faultOf(raw, (kind) => (kind === 'outside' ? (outside += 1) : (emergency += 1)));
    if (fault !== null && broken.length < 10) broken.push(`${JSON.stringify(raw)}: ${fault}`);
  }
  return { outside, emergency, broken, microseconds: ((performance.now() - startedMs) * 1_000) / count };
}

function faultOf(raw: string, count: (kind: 'outside' | 'emergency') => void): string | null {
  try {
    const found = classifyDialled(raw, SITE);
    if (found.kind === 'emergency') {
      count('emergency');
      return /^(1800[12])?(999|112)$|^18000$/.test(found.digits) ? null : `emergency digits ${found.digits}`;
    }
    if (found.kind !== 'e164' && found.kind !== 'short-code') return null;
    count('outside');
    const { class: cls, digits } = destinationOf(found);
    if (!/^(\+[1-9]\d{1,14}|\d{3,6})$/.test(digits)) return `unchecked digits ${digits}`;
    if (/^(\+44|\+)?(999|112|18000)$/.test(digits)) return `a call for help as ${cls}`;
    return CLASSES.has(cls) ? null : `class ${cls}`;
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

export function measureNumbers(options: { readonly strings: number; readonly rounds: number; readonly say: (line: string) => void }): Part {
  const results = Array.from({ length: options.rounds }, (_, round) => fuzzDialStrings(Math.ceil(options.strings / options.rounds), 0x9e3779b9 + round));
  const total = Math.ceil(options.strings / options.rounds) * options.rounds;
  const broken = results.flatMap((result) => result.broken);
  const sum = (key: 'outside' | 'emergency'): number => results.reduce((all, result) => all + result[key], 0);
  options.say(`  ${total.toLocaleString('en-GB')} strings: ${sum('outside')} outside, ${sum('emergency')} emergency, ${broken.length} broken; ${rounded(median(results.map((one) => one.microseconds)), 2)} us each`);
  return {
    title: 'Dial strings', commands: [],
    figures: [{ name: 'one random string made and classified', unit: 'us', rounds: { ours: results.map((one) => one.microseconds) }, digits: 2 }],
    bars: [{ text: 'Random dial strings by the million: only checked digits come out, and no call for help as anything else', measured: broken.length === 0 ? `0 of ${total.toLocaleString('en-GB')}` : broken.join('; '), isMet: broken.length === 0 }],
    notes: [`${sum('outside').toLocaleString('en-GB')} strings led outside, ${sum('emergency').toLocaleString('en-GB')} to the emergency services; the same strings in every run`],
  };
}
