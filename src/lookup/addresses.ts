// Which addresses a lookup may connect to: those of the open internet, and private ones where the operator allows it.
import { BlockList, isIP } from 'node:net';

/** Never reached, whatever is allowed: no service of anybody's answers there, or it is a machine's own metadata. */
const NEVER = listOf(
  '0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.88.99.0/24', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4',
  '::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8', '100::/64', '2001::/32', '2001:10::/28', '2001:20::/28', '2001:db8::/32', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24',
);
/** RFC 1918, carrier-grade NAT, loopback, unique local. */
const PRIVATE = listOf('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '::1/128', 'fc00::/7');
const LOOPBACK = listOf('127.0.0.0/8', '::1/128');
/** IPv6 forms that carry an IPv4 address in their last 32 bits (or, for 2002::/16, after the prefix). */
const MAPPED = listOf('::ffff:0:0/96', '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '::ffff:0:0:0/96');
const SIX_TO_FOUR = listOf('2002::/16');

export type AddressClass = 'public' | 'private' | 'loopback' | 'never';

/** What kind of address this is; text that is no IP address counts as `never`. IPv4 inside IPv6 is judged as IPv4. */
export function classifyAddress(address: string): AddressClass {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return 'never';
  if (family === 6) {
    const words = wordsOf(plain);
    if (LOOPBACK.check(plain, 'ipv6')) return 'loopback';
    if (NEVER.check(plain, 'ipv6')) return 'never';
    if (MAPPED.check(plain, 'ipv6')) return classifyAddress(dotted(words[6] ?? 0, words[7] ?? 0));
    if (SIX_TO_FOUR.check(plain, 'ipv6')) return classifyAddress(dotted(words[1] ?? 0, words[2] ?? 0));
    return PRIVATE.check(plain, 'ipv6') ? 'private' : 'public';
  }
  if (LOOPBACK.check(plain, 'ipv4')) return 'loopback';
  if (NEVER.check(plain, 'ipv4')) return 'never';
  return PRIVATE.check(plain, 'ipv4') ? 'private' : 'public';
}

function listOf(...nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [base = '', bits] = net.split('/');
    list.addSubnet(base, Number(bits), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight 16-bit words of a valid IPv6 address. */
function wordsOf(address: string): number[] {
  // URL writes every form, also one with a dotted end, as plain hexadecimal words.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  return [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0), ...after];
}
