import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderFallback } from '../../../src/embedded/fallback.ts';
import type { FallbackEntry } from '../../../src/embedded/fallback.ts';

const entry: FallbackEntry = { ddi: '+441632960101', customer: 'acme', ring: ['acme-201', 'acme-202'], ringMs: 20_000, announcement: '/genvoice/media/acme/closed', alternatives: ['01632960101', '441632960101'] };

describe('renderFallback', () => {
  test('rings, then announces, and every other spelling leads to the DDI', () => {
    expect(renderFallback([entry]).split('\n').slice(1)).toEqual([
      '[gv-fallback-ddi]', '; acme', 'exten => +441632960101,1,Dial(PJSIP/acme-201&PJSIP/acme-202,20)', ' same => n,Answer()',
      ' same => n,Playback(/genvoice/media/acme/closed)', ' same => n,Hangup()',
      'exten => 01632960101,1,Goto(gv-fallback-ddi,+441632960101,1)', 'exten => 441632960101,1,Goto(gv-fallback-ddi,+441632960101,1)', '',
    ]);
  });

  test.each([
    ['nothing to ring', { ring: [] }, 'exten => +441632960101,1,Answer()'],
    ['ring time rounds up', { ringMs: 1 }, ',1)'],
    ['ring time is bounded', { ringMs: 9e9 }, ',120)'],
  ])('%s', (_, change, text) => {
    expect(renderFallback([{ ...entry, ...change }])).toContain(text);
  });

  test('without ring and announcement the caller is refused', () => {
    expect(renderFallback([{ ddi: '+441632960101', customer: 'a', ring: [], ringMs: 1, alternatives: [] }])).toContain('exten => +441632960101,1,Hangup(19)');
  });

  test.each<[string, Partial<FallbackEntry>, RegExp]>([
    ['ddi', { ddi: '_X.' }, /ddi "_X\."/], ['ddi with a step', { ddi: '1,1,System(id)' }, /ddi/], ['alternative', { alternatives: ['0${X}'] }, /ddi/],
    ['ring with a step', { ring: ['a)\n same => n,System(id'] }, /ring/], ['ring with &', { ring: ['a&b'] }, /ring/], ['too many rings', { ring: Array.from({ length: 31 }, (_, i) => `a${i}`) }, /30 endpoints/],
    ['ring time', { ringMs: Number.NaN }, /ringMs/], ['announcement', { announcement: '/a/../../etc/x' }, /announcement/], ['announcement list', { announcement: '/a&/b' }, /announcement/], ['announcement relative', { announcement: 'hello' }, /announcement/],
  ])('refuses a bad %s and names the field', (_, change, message) => {
    expect(() => renderFallback([{ ...entry, ...change }])).toThrow(message);
  });

  test('refuses a spelling that two DDIs claim', () => {
    expect(() => renderFallback([entry, { ...entry, ddi: '+441632960102' }])).toThrow('01632960101 belongs to +441632960101');
  });

  test('whatever the customer is called, it stays in its comment', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (customer) => renderFallback([{ ...entry, customer }]).split('\n').length === renderFallback([entry]).split('\n').length));
  });
});
