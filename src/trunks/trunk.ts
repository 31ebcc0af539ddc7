// A trunk as the choice of a route sees it: data of the operator's trunk file, without secrets and without Asterisk.
// Types alone. Read `OutboundTrunk` first.
import type { E164 } from '../numbering/e164.ts';
import type { DestinationClass } from '../routing/outbound.ts';

/** How a carrier wants numbers written. */
export type NumberFormat = '+E164' | '0044' | 'national';

/** Which header says what; one carrier's contract (RULES D). */
export interface HeaderRecipe {
  readonly format: NumberFormat;
  /** Network number when the verdict names none; must be a number of this trunk. null = the presentation number. */
  readonly defaultNetworkNumber: E164 | null;
  /** Whether P-Asserted-Identity is sent. */
  readonly sendsNetworkNumber: boolean;
  /** Numbers of other people (a forwarded caller's) may be shown. */
  readonly allowsThirdPartyNumbers: boolean;
}

export interface OutboundTrunk {
  readonly id: string;
  readonly name: string;
  readonly carrier: string;
  /** Endpoint name in Asterisk. */
  readonly endpoint: string;
  readonly domain: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Lower is tried first among equal cost. */
  readonly priority: number;
  /** Share of calls among equal cost and priority. */
  readonly weight: number;
  /** Pence a minute by class; a class that is not listed is not carried, `default` carries the rest. */
  readonly cost: Readonly<Partial<Record<DestinationClass | 'default', number>>>;
  readonly maxChannels: number | null;
  readonly maxCallsPerSecond: number | null;
  readonly emergency: boolean;
  readonly recipe: HeaderRecipe;
}
