import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emergencyVerdict } from '../../../src/compliance/cli-policy.ts';
import { classifyDialled } from '../../../src/numbering/dialled.ts';
import { formatFor, trunkLeg } from '../../../src/trunks/header-recipe.ts';
import { NUMBER_FORMATS, type NumberFormat } from '../../../src/trunks/trunk.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import { dramaNumber, e164, hostileText, ukNumber } from '../numbering/arbitraries.ts';
import { allowed, RECIPE, sampleTrunk } from './trunk-samples.ts';

const OURS = e164('+441632960018');
const NETWORK = e164('+441632960100');
const CALLER = e164('+447700900123');
const CALLED = '+442079460018';
const PAI = 'PJSIP_HEADER(add,P-Asserted-Identity)';
const FROM = 'CONNECTEDLINE(num,i)';
const help = (number: E164 | null) => emergencyVerdict({ site: null, emergencyNumber: number, held: [] });
const DIVERSION = 'PJSIP_HEADER(add,Diversion)';
const WITHHELD = { 'CONNECTEDLINE(pres,i)': 'prohib_passed_screen', 'PJSIP_HEADER(add,Privacy)': 'id' };
const with_ = (recipe: Partial<typeof RECIPE>) => sampleTrunk({ recipe: { ...RECIPE, ...recipe } });

describe('headers of a trunk leg', () => {
  test.each([
    ['plain', trunkLeg(allowed(), sampleTrunk(), CALLED), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>' }],
    ['network number of the verdict', trunkLeg(allowed({ network: NETWORK }), with_({ defaultNetworkNumber: CALLER }), CALLED), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960100@carrier.example>' }],
    ['network number of the trunk', trunkLeg(allowed(), with_({ defaultNetworkNumber: NETWORK }), CALLED), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960100@carrier.example>' }],
    ['a carrier that wants no network number', trunkLeg(allowed({ network: NETWORK }), with_({ sendsNetworkNumber: false }), CALLED), { [FROM]: '+441632960018' }],
    ['withheld', trunkLeg(allowed({ isWithheld: true }), sampleTrunk(), CALLED), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>', ...WITHHELD }],
    ['withheld towards 999 is shown', trunkLeg(allowed({ isWithheld: true }), sampleTrunk(), '999'), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>' }],
    ['national format', trunkLeg(allowed({ network: NETWORK }), with_({ format: 'national' }), CALLED), { [FROM]: '01632960018', [PAI]: '<sip:01632960100@carrier.example>' }],
    ['0044 format', trunkLeg(allowed(), with_({ format: '0044' }), CALLED), { [FROM]: '00441632960018', [PAI]: '<sip:00441632960018@carrier.example>' }],
    ['forwarded, not allowed by the trunk', trunkLeg(allowed(), sampleTrunk(), CALLED, { originalCaller: CALLER, isShownAllowed: true }), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>', [DIVERSION]: '<sip:+441632960018@carrier.example>;reason=unconditional' }],
    ['forwarded, not allowed by the caller', trunkLeg(allowed(), with_({ allowsThirdPartyNumbers: true }), CALLED, { originalCaller: CALLER, isShownAllowed: false }), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>', [DIVERSION]: '<sip:+441632960018@carrier.example>;reason=unconditional' }],
    ['forwarded and shown', trunkLeg(allowed({ network: NETWORK }), with_({ allowsThirdPartyNumbers: true }), CALLED, { originalCaller: CALLER, isShownAllowed: true, divertedFrom: OURS }), { [FROM]: '+447700900123', [PAI]: '<sip:+441632960100@carrier.example>', [DIVERSION]: '<sip:+441632960018@carrier.example>;reason=unconditional' }],
    ['forwarded from a withheld caller', trunkLeg(allowed(), with_({ allowsThirdPartyNumbers: true }), CALLED, { originalCaller: null, isShownAllowed: true }), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>', [DIVERSION]: '<sip:+441632960018@carrier.example>;reason=unconditional' }],
    ['forwarded and withheld', trunkLeg(allowed({ isWithheld: true }), sampleTrunk(), CALLED, { originalCaller: CALLER, isShownAllowed: true }), { [FROM]: '+441632960018', [PAI]: '<sip:+441632960018@carrier.example>', ...WITHHELD, [DIVERSION]: '<sip:+441632960018@carrier.example>;reason=unconditional;privacy=full' }],
    ['emergency', trunkLeg(help(OURS), with_({ format: 'national' }), '999'), { [FROM]: '01632960018', [PAI]: '<sip:01632960018@carrier.example>' }],
    ['emergency of somebody without a number', trunkLeg(help(null), with_({ defaultNetworkNumber: NETWORK }), '112'), { [FROM]: '+441632960100', [PAI]: '<sip:+441632960100@carrier.example>' }],
    ['emergency without any number', trunkLeg(help(null), sampleTrunk(), '18000'), {}],
  ])('%s', (_, leg, variables) => {
    expect(leg.variables).toEqual(variables);
  });

  test('the record has what was shown and what identifies us', () => {
    expect(trunkLeg(allowed({ network: NETWORK }), sampleTrunk(), CALLED)).toMatchObject({ trunk: 'alpha', shown: OURS, network: NETWORK });
    expect(trunkLeg(allowed(), with_({ sendsNetworkNumber: false }), CALLED)).toMatchObject({ shown: OURS, network: null });
  });
});

describe('the number that is dialled', () => {
  test.each<[string, NumberFormat, string]>([
    ['+442079460018', '+E164', '+442079460018'],
    ['+442079460018', '0044', '00442079460018'],
    ['+442079460018', 'national', '02079460018'],
    ['+33123456789', '+E164', '+33123456789'],
    ['+33123456789', '0044', '0033123456789'],
    ['+33123456789', 'national', '0033123456789'],
    ['999', '0044', '999'],
    ['18002999', 'national', '18002999'],
    ['18000', '+E164', '18000'],
    ['101', '+E164', '101'],
    ['116123', '0044', '116123'],
    ['118500', 'national', '118500'],
    ['1800202079460018', '+E164', '1800202079460018'],
  ])('%s as %s is %s', (destination, format, dialled) => {
    expect(trunkLeg(allowed(), with_({ format }), destination).endpoint).toBe(`PJSIP/${dialled}@trunk-alpha`);
  });

  test.each(['', '+', '+44', '+44999', '+0123456789', '201', '02079460018', '1234', '999&PJSIP/1', '+44207946001@evil', '999@evil', '18001', '18001999999', '180030123', '+442079460018;x', ' 999', '９９９', '+44207946001\n'])(
    '%j, which nobody has classified, is refused', (destination) => {
      expect(() => trunkLeg(allowed(), sampleTrunk(), destination)).toThrow(RangeError);
    });

  test('the verdict of an emergency call, which nobody judged, opens no other way', () => {
    for (const digits of ['101', '+442079460018', '', '9999', '999 ']) expect(() => trunkLeg(help(OURS), sampleTrunk(), digits)).toThrow('emergency');
  });

  test('a trunk whose names could end a dial string or header is refused', () => {
    expect(() => trunkLeg(allowed(), sampleTrunk({ endpoint: 'a&PJSIP/b' }), CALLED)).toThrow('endpoint');
    expect(() => trunkLeg(allowed(), sampleTrunk({ domain: 'a>\r\nX: y' }), CALLED)).toThrow('domain');
  });

  test('whatever text comes: a dial string of digits on the trunk, or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, ukNumber, fc.constantFrom('999', '101', '118118', '18002999')), fc.constantFrom(...NUMBER_FORMATS), (text, format) => {
        let made;
        try {
          made = trunkLeg(allowed(), with_({ format }), text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(made.endpoint).toMatch(/^PJSIP\/\+?\d{3,20}@trunk-alpha$/);
      }),
      { numRuns: 3_000 },
    );
  });

  test('whatever is dialled: what the classification lets through can leave', () => {
    const context = { extensions: new Set<string>(), country: 'GB' } as const;
    fc.assert(
      fc.property(fc.oneof(hostileText, dramaNumber, ukNumber, fc.constantFrom('18001999', '18001 020 7946 0018', '999', '141 101')), (text) => {
        const dialled = classifyDialled(text, context);
        if (dialled.kind === 'emergency') expect(trunkLeg(help(null), sampleTrunk(), dialled.digits).endpoint).toBe(`PJSIP/${dialled.digits}@trunk-alpha`);
        if (dialled.kind === 'short-code') expect(trunkLeg(allowed(), sampleTrunk(), dialled.digits).endpoint).toBe(`PJSIP/${dialled.digits}@trunk-alpha`);
        if (dialled.kind === 'e164') {
          expect(trunkLeg(allowed(), sampleTrunk(), dialled.e164).endpoint).toBe(`PJSIP/${dialled.e164}@trunk-alpha`);
          if (dialled.prefixes.relay !== undefined && dialled.e164.startsWith('+44')) {
            const relayed = `${dialled.prefixes.relay}${formatFor('national', dialled.e164)}`;
            expect(trunkLeg(allowed(), sampleTrunk(), relayed).endpoint).toBe(`PJSIP/${relayed}@trunk-alpha`);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('every header value is made of the given numbers and the domain alone', () => {
    fc.assert(
      fc.property(ukNumber, ukNumber, ukNumber, fc.boolean(), fc.boolean(), fc.constantFrom(...NUMBER_FORMATS), (presentation, network, originalCaller, isWithheld, isShownAllowed, format) => {
        const { variables } = trunkLeg(allowed({ presentation, network, isWithheld }), with_({ format, allowsThirdPartyNumbers: true }), CALLED, { originalCaller, isShownAllowed });
        const numbers = Object.values(variables).flatMap((value) => value.match(/\+?\d{5,}/g) ?? []);
        expect([presentation, network, originalCaller].map((one) => formatFor(format, one))).toEqual(expect.arrayContaining(numbers));
        expect(Object.values(variables).includes('id')).toBe(isWithheld);
        expect(JSON.stringify(variables).includes(formatFor(format, originalCaller))).toBe(isShownAllowed || [presentation, network].includes(originalCaller));
      }),
    );
  });
});
