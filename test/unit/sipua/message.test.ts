import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { cseqOf, headerOf, headersOf, MAX_MESSAGE_BYTES, parseMessage, serialiseMessage, splitList } from '../../../src/sipua/message.ts';
import type { SipRequest } from '../../../src/sipua/message.ts';
import { addressOf, escapeUser, formatAddress, parseAddress, parseUri, parseVia, quoteDisplayName, tagOf } from '../../../src/sipua/address.ts';
import { extraHeaders, targetUri } from '../../../src/sipua/target.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const lines = (...all: string[]): string => [...all, '', ''].join('\r\n');
const BASE = ['Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa', 'From: <sip:a@h>;tag=1', 'To: <sip:b@h>', 'Call-ID: x@h', 'CSeq: 1 INVITE'];
const invite = (...extra: string[]): string => lines('INVITE sip:b@h SIP/2.0', ...BASE, ...extra);

function good(text: string) {
  const result = parseMessage(bytes(text));
  if (!result.ok) throw new Error(`${result.fault}: ${result.detail}`);
  return result.message;
}

describe('what is understood', () => {
  test('a request with body, cut to Content-Length', () => {
    const message = good(`${invite('Content-Type: text/plain', 'Content-Length: 4')}bodyREST`);
    expect(message).toMatchObject({ kind: 'request', method: 'INVITE', uri: 'sip:b@h', body: 'body' });
    expect(cseqOf(message)).toEqual({ seq: 1, method: 'INVITE' });
  });

  test('a response, also without reason text', () => {
    expect(good(lines('SIP/2.0 486 Busy Here', ...BASE))).toMatchObject({ kind: 'response', code: 486, reason: 'Busy Here' });
    expect(good(lines('SIP/2.0 200', ...BASE))).toMatchObject({ code: 200, reason: '' });
  });

  test('compact forms, any case, white space before the colon', () => {
    const message = good(lines('OPTIONS sip:b@h SIP/2.0', 'v: SIP/2.0/UDP h;branch=z9hG4bKa', 'F : <sip:a@h>;tag=9', 't:<sip:b@h>', 'i: q', 'CSEQ: 7 OPTIONS', 'm: <sip:a@1.2.3.4>', 'l: 0'));
    expect(headerOf(message, 'Contact')).toBe('<sip:a@1.2.3.4>');
    expect(tagOf(message, 'from')).toBe('9');
  });

  test('folded lines become one value', () => {
    expect(headerOf(good(invite('Subject: one', '  two', '\tthree')), 'subject')).toBe('one two three');
  });

  test('comma lists are split outside quotes and brackets, other headers keep their commas', () => {
    const message = good(invite('Contact: "Doe, \\"J\\"" <sip:a,b@h>;q=1, <sip:c@h>', 'Record-Route: <sip:p1;lr>', 'Record-Route: <sip:p2;lr>,<sip:p3;lr>', 'Date: Sat, 13 Nov 2010'));
    expect(headersOf(message, 'contact')).toEqual(['"Doe, \\"J\\"" <sip:a,b@h>;q=1', '<sip:c@h>']);
    expect(headersOf(message, 'record-route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>', '<sip:p3;lr>']);
    expect(headerOf(message, 'date')).toBe('Sat, 13 Nov 2010');
  });

  test('bare line feeds and leading empty lines', () => {
    expect(good(`\r\n\r\n${invite().replaceAll('\r\n', '\n')}`)).toMatchObject({ method: 'INVITE' });
  });

  test('a full 64 kB message with a large body', () => {
    const head = invite('Content-Type: text/plain');
    const message = good(head + 'x'.repeat(MAX_MESSAGE_BYTES - head.length));
    expect(message.body.length).toBe(MAX_MESSAGE_BYTES - head.length);
  });
});

describe('what is refused with its fault', () => {
  const without = (name: string): string => lines('INVITE sip:b@h SIP/2.0', ...BASE.filter((l) => !l.startsWith(name)));
  test.each([
    ['keep-alive', '\r\n\r\n'],
    ['keep-alive', '\0'],
    ['keep-alive', ''],
    ['torn', 'INVITE sip:b@h SIP/2.0\r\nVia: x'],
    ['torn', `${invite('Content-Length: 10')}short`],
    ['start-line', lines('HELLO', ...BASE)],
    ['start-line', lines('INVITE  SIP/2.0', ...BASE)],
    ['start-line', lines('INVITE sip:b@h SIP/3.0', ...BASE)],
    ['start-line', lines('SIP/2.0 999 Much', ...BASE)],
    ['start-line', lines('SIP/2.0 20 Little', ...BASE)],
    ['header-line', lines('BYE sip:b@h SIP/2.0', ...BASE)],
    ['header-line', invite('no colon here')],
    ['header-line', invite(': no name')],
    ['header-line', invite('X-Nul: a\0b')],
    ['header-line', invite('Bad Name: a')],
    ['header-line', invite('To: <sip:second@h>')],
    ['header-line', invite().replace('CSeq: 1 INVITE', 'CSeq: 99999999999 INVITE')],
    ['header-line', invite().replace('CSeq: 1 INVITE', 'CSeq: -1 INVITE')],
    ['missing-header', without('Via')],
    ['missing-header', without('From')],
    ['missing-header', without('Call-ID')],
    ['missing-header', without('CSeq')],
    ['missing-header', invite().replace('Call-ID: x@h', 'Call-ID:')],
    ['content-length', invite('Content-Length: 4', 'Content-Length: 5')],
    ['content-length', invite('Content-Length: -1')],
    ['content-length', invite('Content-Length: 99999999999')],
    ['too-large', invite(`X-Long: ${'a'.repeat(9_000)}`)],
    ['too-large', 'x'.repeat(70_000)],
    ['too-many-headers', invite(...Array.from({ length: 300 }, (_, i) => `X-${i}: 1`))],
    ['too-many-headers', invite(`Contact: ${'<sip:a@h>,'.repeat(400)}`)],
  ])('%s', (fault, text) => {
    expect(parseMessage(bytes(text))).toMatchObject({ ok: false, fault });
  });

  test('every torn prefix of a message gives a value', () => {
    const whole = bytes(`${invite('Content-Length: 5')}abcde`);
    const results = Array.from({ length: whole.length }, (_, i) => parseMessage(whole.subarray(0, i)).ok);
    expect(results).not.toContain(true);
    expect(parseMessage(whole).ok).toBe(true);
  });

  test('any bytes, and any damage to a good message, give a value', () => {
    const whole = bytes(invite('Contact: "a" <sip:a@h>', 'Content-Length: 0'));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => typeof parseMessage(garbage).ok === 'boolean'));
    fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const damaged = Uint8Array.from(whole);
      damaged[at] = value;
      const result = parseMessage(damaged);
      if (result.ok) [tagOf(result.message, 'from'), addressOf(result.message, 'contact'), parseVia(headerOf(result.message, 'via') ?? '')].map(String);
      return typeof result.ok === 'boolean';
    }), { numRuns: 1_000 });
  });

  test('64 kB of the worst kinds take less than 200 ms', () => {
    const worst = [
      invite(...Array.from({ length: 20_000 }, () => ' f')).slice(0, 65_000),
      invite(`X: ${' '.repeat(60_000)}`), invite(`Contact: ${'"'.repeat(60_000)}`), invite(`Contact: ${'<'.repeat(60_000)}`),
      lines(`INVITE sip:${'a@'.repeat(30_000)} SIP/2.0`, ...BASE), '\r\n'.repeat(32_000), `${'\n\r'.repeat(30_000)}x`,
    ];
    const startedAtMs = performance.now();
    const results = worst.map((text) => parseMessage(bytes(text)).ok);
    expect(performance.now() - startedAtMs).toBeLessThan(200);
    expect(results.length).toBe(worst.length);
  });
});

describe('what is written', () => {
  const request: SipRequest = {
    kind: 'request', method: 'INVITE', uri: 'sip:b@h', body: 'é',
    headers: [...BASE.map((l) => ({ name: l.slice(0, l.indexOf(':')), value: l.slice(l.indexOf(':') + 2) })), { name: 'content-length', value: '99' }],
  };

  test('Content-Length counts bytes and names are in their usual form', () => {
    const text = new TextDecoder().decode(serialiseMessage({ ...request, headers: [...request.headers, { name: 'www-authenticate', value: 'x' }] }));
    expect(text).toContain('\r\nCall-ID: x@h\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: x\r\nContent-Length: 2\r\n\r\né');
  });

  test('line breaks in any field cannot inject a header', () => {
    const text = new TextDecoder().decode(serialiseMessage({ ...request, uri: 'sip:b@h\r\nEvil: 1', headers: [...request.headers, { name: 'X', value: 'a\r\nEvil: 2\r\n\r\nbody' }] }));
    expect(text).not.toMatch(/^Evil/m);
    expect(headersOf(good(text), 'evil')).toEqual([]);
    expect(good(text)).toMatchObject({ uri: 'sip:b@h%20Evil:%201', body: 'é' });
  });

  test('what was written is read back the same, whatever the display name', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), (name) => {
      const from = formatAddress('sip:a@h', `x${name}`, ';tag=t1');
      const read = good(new TextDecoder().decode(serialiseMessage({ ...request, headers: request.headers.map((h) => (h.name === 'From' ? { name: 'From', value: from } : h)) })));
      expect(tagOf(read, 'from')).toBe('t1');
      expect(addressOf(read, 'from').uriText).toBe('sip:a@h');
    }));
  });
});

describe('the parts of headers', () => {
  test.each([
    ['sip:201@127.0.0.1:5070;transport=udp', { user: '201', host: '127.0.0.1', port: 5070 }],
    ['sip:%2A98@h', { user: '*98', host: 'h', port: undefined }],
    ['sips:a:secret@[::1]:5061', { scheme: 'sips', user: 'a', host: '::1', port: 5061 }],
    ['sip:h?Replaces=x', { user: '', host: 'h' }],
    ['sip:100%@h', { user: '100%', host: 'h' }],
  ])('%s', (text, parts) => {
    expect(parseUri(text)).toMatchObject(parts);
  });

  test.each(['tel:+441632960018', 'sip:', 'sip:a@', 'sip:a@h:99999', 'sip:a@h:0', 'http://h', `sip:${'a'.repeat(3_000)}@h`, 'sip:a@h o'])('%.40s is no sip URI', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  test.each([
    ['"A \\"B\\" <x>" <sip:a@h;lr>;tag=5;q="1;2"', { displayName: 'A "B" <x>', uriText: 'sip:a@h;lr', tag: '5' }],
    ['sip:a@h;tag=6', { displayName: '', uriText: 'sip:a@h', tag: '6' }],
    ['Bob <sip:b@h>', { displayName: 'Bob', uriText: 'sip:b@h', tag: undefined }],
  ])('%s', (text, parts) => {
    const read = parseAddress(text);
    expect({ displayName: read?.displayName, uriText: read?.uriText, tag: read?.params.get('tag') }).toEqual(parts);
  });

  test.each(['<sip:a@h', '', '"open <sip:a@h>'])('%s is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('Via', () => {
    expect(parseVia('SIP/2.0/UDP [::1]:5070;branch=z9hG4bK1;rport')).toEqual({ host: '::1', port: 5070, branch: 'z9hG4bK1', wantsRport: true });
    expect(parseVia('SIP / 2.0 / UDP h ;branch=b')).toMatchObject({ host: 'h', port: 5060, branch: 'b', wantsRport: false });
    expect(parseVia('HTTP/1.1 h')).toBeUndefined();
    expect(parseVia('SIP/2.0/UDP h:70000')).toBeUndefined();
  });

  test('display names and users are escaped', () => {
    expect(quoteDisplayName('a"b\\c\r\nd')).toBe('"a\\"b\\\\c d"');
    expect(escapeUser('*98#')).toBe('*98%23');
    expect(escapeUser('a@b c>')).toBe('a%40b%20c%3E');
    expect(escapeUser('\ud800')).toBe('%EF%BF%BD');
    expect(splitList('a, "b,c" ,<d,e>,')).toEqual(['a', '"b,c"', '<d,e>']);
  });

  test('destinations and extra headers from outside are checked by name', () => {
    expect(targetUri('to', '+441632960018', { host: '127.0.0.1', port: 5070 })).toBe('sip:+441632960018@127.0.0.1:5070');
    expect(() => targetUri('to', 'sip:a@h>;x', { host: 'h', port: 1 })).toThrow(/"to" is no sip URI/);
    expect(() => targetUri('to', '', { host: 'h', port: 1 })).toThrow(/"to" has 0 characters/);
    expect(extraHeaders({ 'P-Asserted-Identity': ['<sip:a@h>'] })).toEqual([{ name: 'P-Asserted-Identity', value: '<sip:a@h>' }]);
    expect(() => extraHeaders({ 'X-A': ['b\r\nEvil: 1'] })).toThrow(/The value of X-A/);
    expect(() => extraHeaders({ 'X A': ['b'] })).toThrow(/cannot be a header name/);
    expect(() => extraHeaders({ Via: ['b'] })).toThrow(/Via is written by the user agent/);
  });
});
