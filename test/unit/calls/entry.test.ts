import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeArgument, parseEntry } from '../../../src/calls/entry.ts';

describe('decodeArgument', () => {
  test.each([
    ['', ''], ['plain', 'plain'], ['%22A%2Cb%22', '"A,b"'], ['Zo%C3%AB', 'Zoë'], ['%01home%02', '(home)'],
    ['cut%', 'cut\uFFFD'], ['cut%4', 'cut\uFFFD4'], ['%zz', '\uFFFDzz'], ['%C3', '\uFFFD'], ['%00', '\0'],
  ])('%j is %j', (argument, text) => {
    expect(decodeArgument(argument)).toBe(text);
  });

  test('never throws and never grows', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeArgument(text).length <= text.length));
  });

  test('gives back what was encoded', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const wanted = text.replaceAll('\u0001', '(').replaceAll('\u0002', ')').replace(/^\uFEFF/, '');
      return decodeArgument(encodeURIComponent(text).replaceAll('(', '%01').replaceAll(')', '%02')) === wanted;
    }));
  });
});

describe('parseEntry', () => {
  test('names each argument', () => {
    expect(parseEntry(['trunk', '%2B44', 'f', 'p', 'v', 't', 'd', 'c', '127.0.0.1:5060', 'UDP', 'sim'])).toEqual({
      from: 'trunk', dialled: '+44', fromHeader: 'f', assertedIdentity: 'p', privacy: 'v', toHeader: 't', diversion: 'd',
      sipCallId: 'c', remoteAddress: '127.0.0.1:5060', transport: 'UDP', name: 'sim',
    });
  });

  test('missing arguments are empty', () => {
    expect(parseEntry(['phone', '201'])).toMatchObject({ from: 'phone', dialled: '201', name: '' });
  });

  test.each([[[]], [['leg', 'x']], [['']]])('%j is no entry', (args) => {
    expect(parseEntry(args)).toBeUndefined();
  });
});
