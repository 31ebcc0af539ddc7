import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { E164 } from '../../../src/numbering/e164.ts';
import { brings, parseTrunks } from '../../../src/plans/trunks.ts';

const parse = (trunks: unknown, env: Record<string, string> = {}) => parseTrunks(JSON.stringify({ trunks }), (name) => env[name]);
const carrier = { name: 'Carrier', address: 'sip.carrier.example:5061', match: ['192.0.2.0/24', '2001:db8::/32'], emergency: true };
const codes = (trunks: unknown, env?: Record<string, string>) => parse(trunks, env).problems.map(({ path, code }) => `${path} ${code}`);

describe('trunk file', () => {
  test('the sample is used as it is; it has no emergency trunk and says so', () => {
    const { trunks, problems } = parseTrunks(readFileSync(new URL('../../../dialplan/trunks.json', import.meta.url), 'utf8'), () => undefined);
    expect(trunks).toMatchObject([{ id: 'loopback', match: ['127.0.0.1'], ddiFrom: 'request-uri', dtmf: 'rfc4733', transport: 'udp', emergency: false }]);
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['emergency-missing', 'warning']]);
  });

  test('a full trunk, its password from the environment', () => {
    const { trunks, problems } = parse(
      { gamma: { ...carrier, registration: { server: 'sip.carrier.example', user: 'acme', passwordFromEnv: 'GAMMA_PASSWORD' }, ddis: ['+441632960018', '+4420*'], ddiFrom: 'to', dtmf: 'info', codecs: ['alaw'] } },
      { GAMMA_PASSWORD: 'pw' },
    );
    expect(problems).toEqual([]);
    const [gamma] = trunks ?? [];
    expect(gamma).toMatchObject({ id: 'gamma', registration: { server: 'sip.carrier.example', user: 'acme', password: 'pw' }, ddiFrom: 'to', codecs: ['alaw'] });
    if (!gamma) throw new Error('no trunk');
    expect(['+441632960018', '+442079460018', '+441632960019'].map((ddi) => brings(gamma, ddi as E164))).toEqual([true, true, false]);
  });

  test('what is not said of calls that go out: every class at 0, both numbers in E.164, looked at every 2 s unless 999 goes out there', () => {
    expect(parse({ a: { ...carrier, emergency: false } }).trunks).toMatchObject([{ outbound: { qualifyMs: 2_000 } }]);
    expect(parse({ a: carrier }).trunks?.[0]?.outbound).toEqual({
      carrier: 'Carrier', domain: 'sip.carrier.example', priority: 10, weight: 1, cost: { default: 0 }, maxChannels: null, maxCallsPerSecond: null, qualifyMs: 0,
      recipe: { format: '+E164', defaultNetworkNumber: null, sendsNetworkNumber: true, allowsThirdPartyNumbers: false },
    });
    expect(parse({ a: { name: 'A', match: ['192.0.2.1'] }, b: carrier }).trunks?.[0]?.outbound).toBeUndefined();
  });

  test('everything said of calls that go out', () => {
    const said = { carrier: 'Gamma', domain: 'gamma.example', endpoint: 'gamma_out', priority: 3, weight: 0, cost: { geo: 0.5, mobile: 2 }, maxChannels: 30, maxCallsPerSecond: 5, qualifyMs: 0 };
    const numbers = { format: 'national', defaultNetworkNumber: '+441632960018', sendsNetworkNumber: false, allowsThirdPartyNumbers: true };
    const { trunks, problems } = parse({ a: { ...carrier, ...said, numbers, ddis: ['+44163296*'] } });
    expect(problems).toEqual([]);
    expect(trunks?.[0]?.outbound).toEqual({ ...said, recipe: numbers });
  });

  test('a number out of its range is told as a number', () => {
    const told = parse({ a: { ...carrier, priority: -1, maxChannels: 1e9, weight: 1.5, ddis: [] } }).problems.map(({ message }) => message);
    expect(told).toEqual(['should be 0 or more', 'should be a whole number', 'should be 100000 or less']);
  });

  test('several emergency trunks, tried by priority', () => {
    expect(parse({ a: carrier, b: { ...carrier, match: ['198.51.100.1'], priority: 1 } }).problems).toEqual([]);
  });

  test('a trunk without "ddis" brings any number', () => {
    const [one] = parse({ a: carrier }).trunks ?? [];
    expect(one && brings(one, '+441632960018' as E164)).toBe(true);
  });

  test.each<[string, unknown, string[]]>([
    ['an id with a line break', { 'a\nb': carrier }, ['/trunks/a\nb wrong-key']],
    ['an unknown field', { a: { ...carrier, colour: 'red' } }, ['/trunks/a/colour unknown-field']],
    ['no name', { a: { match: ['127.0.0.1'], emergency: true, address: 'h' } }, ['/trunks/a/name wrong-type']],
    ['a network that is none', { a: { ...carrier, match: ['10.0.0.0/40'] } }, ['/trunks/a/match/0 custom']],
    ['an address with a line break', { a: { ...carrier, address: 'h\nmatch=0.0.0.0' } }, ['/trunks/a/address custom']],
    ['a port too high', { a: { ...carrier, address: 'h:70000' } }, ['/trunks/a/address custom']],
    ['a national DDI', { a: { ...carrier, ddis: ['01632960018'] } }, ['/trunks/a/ddis/0 wrong-format']],
    ['a password in the file', { a: { ...carrier, registration: { server: 'h', user: 'u', password: 'x', passwordFromEnv: 'X' } } }, ['/trunks/a/registration/password unknown-field']],
    ['a password that is not set', { a: { ...carrier, registration: { server: 'h', user: 'u', passwordFromEnv: 'X' } } }, ['/trunks/a/registration/passwordFromEnv password-missing']],
    ['an address of two trunks', { a: carrier, b: { name: 'B', match: ['192.0.2.0/24'] } }, ['/trunks/b/match/0 match-twice']],
    ['emergency without address', { a: { name: 'A', match: ['192.0.2.1'], emergency: true } }, ['/trunks/a/emergency emergency-without-address']],
    ['outbound fields without address', { a: { name: 'A', match: ['192.0.2.1'], priority: 1, cost: { default: 1 }, qualifyMs: 0 } }, ['/trunks/a/priority outbound-without-address', '/trunks/a/cost outbound-without-address', '/trunks/a/qualifyMs outbound-without-address', '/trunks emergency-missing']],
    ['a class that is none', { a: { ...carrier, cost: { moon: 1 } } }, ['/trunks/a/cost/moon unknown-field']],
    ['a negative price', { a: { ...carrier, cost: { geo: -1 } } }, ['/trunks/a/cost/geo too-small']],
    ['a price that is text', { a: { ...carrier, cost: { geo: '1' } } }, ['/trunks/a/cost/geo wrong-type']],
    ['numbers out of their range', { a: { ...carrier, priority: -1, weight: 1.5, maxChannels: 0, maxCallsPerSecond: 0, qualifyMs: 500 } }, ['/trunks/a/priority too-small', '/trunks/a/weight wrong-type', '/trunks/a/maxChannels too-small', '/trunks/a/maxCallsPerSecond too-small', '/trunks/a/qualifyMs custom']],
    ['a domain that would end its header', { a: { ...carrier, domain: 'a>;x' } }, ['/trunks/a/domain wrong-format']],
    ['an endpoint that would begin another', { a: { ...carrier, endpoint: 'a&PJSIP/b' } }, ['/trunks/a/endpoint wrong-format']],
    ['a format that nobody writes', { a: { ...carrier, numbers: { format: '44', colour: 1 } } }, ['/trunks/a/numbers/format wrong-value', '/trunks/a/numbers/colour unknown-field']],
    ['a national network number', { a: { ...carrier, numbers: { defaultNetworkNumber: '01632960018' } } }, ['/trunks/a/numbers/defaultNetworkNumber custom']],
    ['a network number of somebody else', { a: { ...carrier, ddis: ['+442079460018'], numbers: { defaultNetworkNumber: '+441632960018' } } }, ['/trunks/a/numbers/defaultNetworkNumber network-number-not-of-trunk']],
    ['no way in', { a: { name: 'A', address: 'h', emergency: true } }, ['/trunks/a trunk-unreachable']],
    ['several faults at once', { a: { ...carrier, dtmf: 'x', ddiFrom: 'y' } }, ['/trunks/a/ddiFrom wrong-value', '/trunks/a/dtmf wrong-value']],
  ])('%s', (_, trunks, expected) => {
    expect(parse(trunks).trunks).toBeNull();
    expect(codes(trunks)).toEqual(expected);
    for (const { message, hint } of parse(trunks).problems) expect(`${message}${hint}`).not.toMatch(/invalid|please|[\n\0]/i);
  });

  test.each([
    ['not JSON', '{"trunks": {', 'not-json'],
    ['__proto__', '{"trunks": {"__proto__": {"name": "x"}}}', 'forbidden-key'],
    ['far too long', ' '.repeat(4 * 1024 * 1024 + 1), 'too-long'],
    ['a list', '[]', 'wrong-type'],
    ['nesting past the stack', '['.repeat(100_000), 'not-json'],
  ])('text that is %s', (_, text, code) => {
    const { trunks, problems } = parseTrunks(text, () => undefined);
    expect(trunks).toBeNull();
    expect(problems.map((problem) => problem.code)).toEqual([code]);
  });
});
