// The address that a person puts into a phone is one that a phone can reach.
import { expect, test } from 'vitest';
import { addressForPhones } from '../../../src/app/sip-address.ts';

const sip = { host: '172.18.0.3', port: 5060, from: '172.18.0.2' };

test.each([
  ['embedded', '127.0.0.1', null, '127.0.0.1:5060'],
  ['embedded', '10.0.0.5', null, '10.0.0.5:5060'],
  ['embedded', '0.0.0.0', '192.0.2.77', '192.0.2.77:5060'],
  ['embedded', '2001:db8::5', null, '[2001:db8::5]:5060'],
  ['docker', '127.0.0.1', null, '172.18.0.3:5060'],
] as const)('%s on %s with external address %s: %s', (kind, sipHost, externalAddress, address) => {
  expect(addressForPhones({ kind, sip }, { sipHost, externalAddress })).toBe(address);
});

test('a wildcard is never shown', () => {
  expect(addressForPhones({ kind: 'embedded', sip }, { sipHost: '0.0.0.0', externalAddress: null })).toMatch(/^(?!0\.0\.0\.0)[\d.]+:5060$/);
});

test('an Asterisk of somebody else\'s: not ours to know', () => {
  expect(addressForPhones({ kind: 'existing', sip: null }, { sipHost: '127.0.0.1', externalAddress: null })).toBeNull();
});
