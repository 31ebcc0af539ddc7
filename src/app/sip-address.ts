// The SIP address that a person puts into a phone.
import { networkInterfaces } from 'node:os';
import type { Settings } from '../settings.ts';
import type { TakenAsterisk } from './asterisk.ts';

/** `host:port` under which phones reach us: the external address where one is set, never a wildcard. null = not ours to know. */
export function addressForPhones({ kind, sip }: Pick<TakenAsterisk, 'kind' | 'sip'>, settings: Pick<Settings, 'sipHost' | 'externalAddress'>): string | null {
  if (sip === null) return null;
  // In Docker the settings' address is not the one that Asterisk listens on.
  const bound = kind === 'docker' ? sip.host : settings.sipHost;
  const host = settings.externalAddress ?? (isWildcard(bound) ? ownAddress() : bound);
  return `${host.includes(':') ? `[${host}]` : host}:${sip.port}`;
}

/** True for an address of this machine's own loopback, with or without a port. */
export function isLoopback(hostPort: string): boolean {
  return /^(127(\.\d{1,3}){3}|\[::1\]|::1|localhost)(:\d+)?$/.test(hostPort);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The first IPv4 address of this machine that others see. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
