// The caller from SIP headers: presentation and network number, withheld against not sent, hostile names.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extensionCaller, parseCaller } from '../../../src/numbering/caller.ts';
import type { Caller } from '../../../src/numbering/caller.ts';
import { e164, hostileText, HUGE } from './arbitraries.ts';

const mobile = { kind: 'e164', e164: e164('+447700900123') } as const;
const network = e164('+441632960018');

describe('parseCaller, one rule a row', () => {
  it.each<[string, { from?: string | null; pai?: string | null; privacy?: string | null }, Caller]>([
    ['E.164', { from: '<sip:+447700900123@x>;tag=1' }, { number: mobile, country: 'GB' }],
    ['national', { from: 'sip:07700900123@x;tag=1' }, { number: mobile, country: 'GB' }],
    ['0044', { from: '<sip:00447700900123@x>' }, { number: mobile, country: 'GB' }],
    ['44', { from: '<sip:447700900123@x>' }, { number: mobile, country: 'GB' }],
    ['tel', { from: '<tel:+44-7700-900123>' }, { number: mobile, country: 'GB' }],
    [
      'with a name',
      { from: '"Mrs Shah" <sip:07700900123@x>' },
      { number: mobile, displayName: 'Mrs Shah', country: 'GB' },
    ],
    [
      'name without quotes',
      { from: 'Mrs Shah <sip:07700900123@x>' },
      { number: mobile, displayName: 'Mrs Shah', country: 'GB' },
    ],
    [
      'quoted specials',
      { from: '"O\\"Neill, <A>" <sip:07700900123@x>' },
      { number: mobile, displayName: 'O"Neill, <A>', country: 'GB' },
    ],
    ['number as name', { from: '"07700900123" <sip:+447700900123@x>' }, { number: mobile, country: 'GB' }],
    [
      'presentation is From, network is PAI',
      { from: '<sip:07700900123@x>', pai: '<sip:+441632960018@x>' },
      { number: mobile, networkNumber: network, country: 'GB' },
    ],
    [
      'two PAIs',
      { from: '<sip:07700900123@x>', pai: '"a,b" <sip:host@x>, <tel:+441632960018>' },
      { number: mobile, networkNumber: network, country: 'GB' },
    ],
    [
      'PAI is never shown',
      { from: '<sip:unknown@x>', pai: '"Boss" <sip:+441632960018@x>' },
      { number: { kind: 'none' }, networkNumber: network },
    ],
    [
      'Privacy id',
      { from: '"Mrs Shah" <sip:07700900123@x>', pai: '<sip:01632960018@x>', privacy: 'id' },
      { number: { kind: 'withheld' }, networkNumber: network },
    ],
    ['Privacy user', { from: '<sip:07700900123@x>', privacy: 'user' }, { number: { kind: 'withheld' } }],
    [
      'Privacy header;id;critical',
      { from: '<sip:07700900123@x>', privacy: 'Header; ID;critical' },
      { number: { kind: 'withheld' } },
    ],
    ['Privacy none', { from: '<sip:07700900123@x>', privacy: 'none' }, { number: mobile, country: 'GB' }],
    ['Privacy history alone', { from: '<sip:07700900123@x>', privacy: 'history' }, { number: mobile, country: 'GB' }],
    [
      'anonymous URI',
      { from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1' },
      { number: { kind: 'withheld' } },
    ],
    ['anonymous host alone', { from: '<sip:07700900123@Anonymous.Invalid>' }, { number: { kind: 'withheld' } }],
    ['anonymous user alone', { from: '<sip:ANONYMOUS@203.0.113.7>' }, { number: { kind: 'withheld' } }],
    ['name Anonymous with a number', { from: 'Anonymous <sip:07700900123@x>' }, { number: { kind: 'withheld' } }],
    ['restricted', { from: '<sip:Restricted@x>' }, { number: { kind: 'withheld' } }],
    ['no header', {}, { number: { kind: 'none' } }],
    ['null headers', { from: null, pai: null, privacy: null }, { number: { kind: 'none' } }],
    ['host alone', { from: '<sip:203.0.113.7>' }, { number: { kind: 'none' } }],
    ['unavailable', { from: '"Smith" <sip:Unavailable@x>' }, { number: { kind: 'none' }, displayName: 'Smith' }],
    ['a trunk is never an extension', { from: '<sip:201@x>' }, { number: { kind: 'other', text: '201' } }],
    ['text', { from: '<sip:a\u0000\u202elice@x>' }, { number: { kind: 'other', text: 'alice' } }],
    ['long text', { from: `<sip:${'a'.repeat(99)}@x>` }, { number: { kind: 'other', text: 'a'.repeat(32) } }],
    [
      'foreign',
      { from: '<sip:+33123456789@x>' },
      { number: { kind: 'e164', e164: e164('+33123456789') }, country: 'FR' },
    ],
    [
      'control characters in a name',
      { from: '"A\u0007\r\nB\u001b[31m\u2066C" <sip:07700900123@x>' },
      { number: mobile, displayName: 'A B[31mC', country: 'GB' },
    ],
    [
      '64 code points of a name',
      { from: `"${'😀'.repeat(70)}" <sip:07700900123@x>` },
      { number: mobile, displayName: '😀'.repeat(64), country: 'GB' },
    ],
    ['emergency digits as CLI', { from: '<sip:999@x>' }, { number: { kind: 'other', text: '999' } }],
  ])('%s', (_, headers, expected) => {
    expect(parseCaller(headers, 'GB')).toEqual(expected);
  });

  it('reads national numbers in the country of the trunk', () => {
    expect(parseCaller({ from: '<sip:0123456789@x>' }, 'FR')).toEqual({
      number: { kind: 'e164', e164: '+33123456789' },
      country: 'FR',
    });
  });
});

describe('parseCaller, hostile headers', () => {
  const isClean = (caller: Caller): boolean =>
    !/[\p{C}\p{Zl}\p{Zp}]/u.test(JSON.stringify(caller)) &&
    Array.from(caller.displayName ?? '').length <= 64 &&
    (caller.number.kind !== 'other' || Array.from(caller.number.text).length <= 32) &&
    (caller.number.kind !== 'withheld' || (caller.displayName === undefined && caller.country === undefined)) &&
    caller.number.kind !== 'extension';

  it('never throws, and every text that comes out is clean and bounded', () => {
    const header = fc.oneof(
      hostileText,
      hostileText.map((text) => `"${text}" <sip:${text}@${text}>`),
      hostileText.map((text) => `<sip:${text}@x>`),
    );
    fc.assert(
      fc.property(header, header, fc.oneof(fc.constant(''), header), (from, pai, privacy) =>
        isClean(parseCaller({ from, pai, privacy }, 'GB')),
      ),
      { numRuns: 5_000 },
    );
  });

  it('takes 64 kB of anything in time that does not grow with it', () => {
    const started = performance.now();
    for (const text of HUGE)
      for (const from of [text, `"${text}" <sip:1@x>`, `<sip:${text}@x>`])
        expect(isClean(parseCaller({ from, pai: text, privacy: text }, 'GB'))).toBe(true);
    // 63 callers; a quadratic scan of 64 kB takes seconds for one.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('takes values that are no text for headers that were not sent', () => {
    const headers: { from: unknown } = { from: 7 };
    expect(parseCaller(headers as { from: string }, 'GB')).toEqual({ number: { kind: 'none' } });
  });
});

describe('extensionCaller', () => {
  it('is the extension the phone logged in as, with a clean name', () => {
    expect(extensionCaller('201', ' Front\u0000 desk ')).toEqual({
      number: { kind: 'extension', number: '201' },
      displayName: 'Front desk',
    });
    expect(extensionCaller('201')).toEqual({ number: { kind: 'extension', number: '201' } });
  });
});
