// Who is a carrier in a container without a trunk file: the private network, and never the machine's own.
import { expect, test } from 'vitest';
import { privateNetworkTrunks } from '../../../src/app/private-network.ts';
import { parseTrunks } from '../../../src/plans/trunks.ts';

const loopback = { family: 'IPv4', internal: true, cidr: '127.0.0.1/8' };
const four = (cidr: string) => ({ family: 'IPv4', internal: false, cidr });
const matches = (text: string) => parseTrunks(text, () => undefined).trunks?.map(({ id, match, emergency }) => [id, match, emergency]);

test.each([['172.18.0.3/16', '172.18.0.0/16'], ['192.168.149.77/20', '192.168.144.0/20'], ['10.255.255.254/30', '10.255.255.252/30']])('%s is of %s', (cidr, net) => {
  const eth0 = [four(cidr), { family: 'IPv6', internal: false, cidr: 'fd00::3/64' }];
  expect(matches(privateNetworkTrunks({ lo: [loopback], eth0 }, ['lo', 'eth0', 'tunl0', 'sit0']))).toEqual([['private-network', [net], false]]);
});

test.each<[string, Parameters<typeof privateNetworkTrunks>]>([
  ['the network of a machine with Docker', [{ lo: [loopback], eth0: [four('192.0.2.7/24')] }, ['lo', 'eth0', 'docker0']]],
  ['two networks', [{ eth0: [four('172.18.0.3/16')], eth1: [four('172.19.0.3/16')] }, ['lo', 'eth0', 'eth1']]],
  ['no network', [{ lo: [loopback] }, ['lo']]],
])('%s gives no trunk', (_, given) => {
  expect(matches(privateNetworkTrunks(...given))).toEqual([]);
});
