// A trunk as the choice of a route sees it: data of the operator's trunk file, without secrets and without Asterisk.
// It decides nothing. Read `OutboundTrunk` first.
import type { E164 } from '../numbering/e164.ts';
import { DESTINATION_CLASSES, type DestinationClass } from '../numbering/destination.ts';

/** How a carrier wants numbers written: +442079460018, 00442079460018, or 02079460018 (abroad: 0033…). */
export const NUMBER_FORMATS = ['+E164', '0044', 'national'] as const;
export type NumberFormat = (typeof NUMBER_FORMATS)[number];

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

/** What a trunk's prices are listed under; `default` is every class that is not listed. */
export type CostClass = DestinationClass | 'default';
export const COST_CLASSES: readonly CostClass[] = Object.freeze(['default', ...DESTINATION_CLASSES]);

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
  /** Share of calls among equal cost and priority; 0 = only when the others are not to be had. */
  readonly weight: number;
  /** Pence a minute by class; a class that is not listed is not carried, `default` carries the rest. */
  readonly cost: Readonly<Partial<Record<CostClass, number>>>;
  readonly maxChannels: number | null;
  readonly maxCallsPerSecond: number | null;
  readonly emergency: boolean;
  readonly recipe: HeaderRecipe;
}
