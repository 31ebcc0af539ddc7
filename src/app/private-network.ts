// The trunks of a container that was given none: for trying things out, who calls from its private network is a carrier.
// Read `privateNetworkTrunks`.
import { networkInterfaces } from 'node:os';
import { readdirSync } from 'node:fs';

type Interfaces = Readonly<Record<string, readonly { readonly family: string; readonly internal: boolean; readonly cidr: string | null }[] | undefined>>;

/** Only a machine has these; a container with network_mode: host sees them. */
const OF_A_MACHINE = /^(docker|br-|veth|virbr|cni)/;

/**
 * Text of a trunk file. No trunk where the network is the machine's own: anybody near it could be a carrier then; nor where
 * there is not exactly one network.
 */
export function privateNetworkTrunks(interfaces: Interfaces = networkInterfaces(), names: readonly string[] = readdirSync('/sys/class/net')): string {
  const nets = Object.values(interfaces).flatMap((all) => all ?? []).flatMap(({ family, internal, cidr }) => (family === 'IPv4' && !internal && cidr !== null ? [cidr] : []));
  const [net] = nets;
  const trunks = net === undefined || nets.length > 1 || names.some((name) => OF_A_MACHINE.test(name)) ? {} : { 'private-network': { name: 'Callers on the private network of compose.yaml, for trying things out', match: [networkOf(net)] } };
  return JSON.stringify({ trunks });
}

/** `172.18.0.3/16` -> `172.18.0.0/16`. */
function networkOf(cidr: string): string {
  const [address = '', bits = '32'] = cidr.split('/');
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const base = value - (value % size);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}
