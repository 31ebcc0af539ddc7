// DDIs as carriers send them, and every spelling that the static dialplan must know.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ddiSpellings, normaliseDdi } from '../../../src/numbering/ddi.ts';
import { dramaNumber, e164, hostileText, HUGE, ukNumber } from './arbitraries.ts';

describe('normaliseDdi', () => {
  it.each([
    '+441632960018',
    '00441632960018',
    '441632960018',
    '01632960018',
    ' 01632 960018 ',
    'sip:+441632960018@203.0.113.7:5060;user=phone',
    'sip:01632960018@x',
    'sips:00441632960018@x',
    'SIP:441632960018;npdi;rn=+44@x',
    '<sip:+441632960018@x>;tag=1',
    '"Main line" <sip:01632960018@x;transport=udp>',
    '"a\\"<b" <sip:01632960018@x>',
    'Main <sip:01632960018@x>',
    'tel:+44-1632-960018',
    'tel:+441632960018;phone-context=+44',
    'sip:%2B441632960018@x',
    '+441632960018;ext=1',
    'sip:01632960018:secret@x',
    '<tel:01632960018>',
  ])('%s is 01632 960018', (raw) => {
    expect(normaliseDdi(raw, 'GB')).toBe('+441632960018');
  });

  it.each([
    '',
    '201',
    '999',
    '+44999',
    'sip:alice@x',
    'sip:x',
    'sip:',
    '<',
    '"',
    '1632960018',
    '0412345678',
    'sip:01632960018x@y',
    '%',
    'sip:%ZZ@x',
    's',
    'sip:@01632960018',
  ])('%j is no DDI', (raw) => {
    expect(normaliseDdi(raw, 'GB')).toBeNull();
  });

  it('never throws, at 64 kB either', () => {
    fc.assert(
      fc.property(hostileText, (raw) => /^(\+[1-9]\d{1,14}|null)$/.test(String(normaliseDdi(raw, 'GB')))),
      { numRuns: 2_000 },
    );
    for (const raw of HUGE) expect(normaliseDdi(raw, 'GB')).toBeNull();
  });
});

describe('ddiSpellings', () => {
  it.each([
    ['+441632960018', ['+441632960018', '00441632960018', '441632960018', '01632960018']],
    ['+442079460018', ['+442079460018', '00442079460018', '442079460018', '02079460018']],
    ['+441534960123', ['+441534960123', '00441534960123', '441534960123', '01534960123']],
    ['+33123456789', ['+33123456789', '0033123456789', '33123456789', '0123456789']],
    ['+12125550123', ['+12125550123', '12125550123', '2125550123']],
    ['+870773111632', ['+870773111632']],
  ])('%s', (ddi, spellings) => {
    expect(ddiSpellings(e164(ddi))).toEqual(spellings);
  });

  it('are all read back as the DDI, and are four for every UK number', () => {
    fc.assert(
      fc.property(fc.oneof(ukNumber, dramaNumber), (ddi) => {
        const spellings = ddiSpellings(ddi);
        expect(spellings.map((spelling) => normaliseDdi(spelling, 'GB'))).toEqual(spellings.map(() => ddi));
        expect(spellings).toContain(`0${ddi.slice(3)}`);
        expect(spellings.every((spelling) => /^\+?[0-9]+$/.test(spelling))).toBe(true);
        // 0800 1111 and its like are too short to be told from a bare 44…
        if (ddi.length >= 12) expect(spellings).toHaveLength(4);
      }),
      { numRuns: 1_000 },
    );
  });
});
