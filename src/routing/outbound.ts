// What a plan says about calls that leave: numbers that may be shown, sites, who may call where, and how much.
// Types alone; the schema is in schema-outbound.ts, the judging in src/compliance. Read `OutboundPlan` first.
import type { E164 } from '../numbering/e164.ts';
import type { NumberClass } from '../numbering/ranges.ts';

/** Why a call is made: the one list of the whole product (RULES B3, F6). */
export const PURPOSES = ['service', 'marketing', 'claims', 'pensions', 'emergency'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** What a number may be used for (RULES 2-10). */
export type Capability = 'inbound-only' | 'outbound-only' | 'both';

/** The registry's part of a number, as the plan states it; the evidence of the right to use it lies in the store. */
export interface RegisteredNumber {
  readonly number: E164;
  readonly label: string;
  readonly capability: Capability;
  /** Where a return call to an outbound-only number is answered: another number of the plan. */
  readonly returnTo: E164 | null;
  /** ISO date; null = not stated, which no call may leave on. */
  readonly heldSince: string | null;
  readonly purposes: readonly Purpose[];
  readonly site: string | null;
  /** What the emergency services look up by this number (RULES 4-01). */
  readonly emergencyAddress: { readonly text: string; readonly verifiedOn: string } | null;
  /** Provider of record (RULES 1-07). */
  readonly provider: string | null;
}

export interface Site {
  readonly id: string;
  readonly name: string;
  /** Dialled for an outside line, for example "9". */
  readonly outsidePrefix: string | null;
  readonly cli: E164 | null;
  readonly emergencyNumber: E164 | null;
}

/**
 * Where calls may go. UK numbers and codes go by our own table's class, foreign ones by country, what belongs to no
 * country by kind.
 */
export type DestinationClass =
  | Exclude<NumberClass, 'invalid' | 'international' | 'emergency'>
  | 'satellite' // +870, +881, +882, +883
  | 'caribbean' // +1 numbers outside the United States and Canada
  | 'international-special' // +800, +808, +878, +979 and other codes of no country
  | 'foreign-premium' // premium, shared cost or personal abroad
  | 'international';

export type Permission = 'allowed' | 'denied' | 'pin';

/** A customer's, a group's or an extension's rules; the narrowest that speaks about a class decides. */
export interface DestinationRules {
  readonly classes: Readonly<Partial<Record<DestinationClass, Permission>>>;
  /** ISO countries, and `+1876`-like prefixes, that international calls may go to. */
  readonly countries: Readonly<Record<string, Permission>>;
}

/** null = no bound of its own. */
export interface OutboundLimits {
  readonly maxCalls: number | null;
  readonly maxCallsPerSecond: number | null;
  readonly maxMinutesPerDay: number | null;
  /** Pence, by the operator's rate table. */
  readonly maxSpendPerDay: number | null;
  /** The call is warned `warnMs` before and cut at this length. */
  readonly maxCallMs: number | null;
}

/** Where the number shown comes from, first to last; the first one that is set is judged. */
export const CLI_SOURCES = ['explicit', 'campaign', 'agent', 'extension', 'site', 'customer'] as const;
export type CliSource = (typeof CLI_SOURCES)[number];

export interface ExtensionOutbound {
  readonly site: string | null;
  readonly cli: E164 | null;
  /** Numbers its user may choose among, in the order of the choice prefix. */
  readonly clis: readonly E164[];
  readonly destinations: DestinationRules;
  readonly limits: OutboundLimits;
}

export interface OutboundPlan {
  /** Trunk ids of the operator's file that calls may use, in this order; empty = none may leave but emergency calls. */
  readonly trunks: readonly string[];
  /** The customer's default. */
  readonly cli: E164 | null;
  readonly purpose: Purpose;
  /** When a wanted number is denied: the number to show instead. null = the call is refused. */
  readonly fallBackTo: E164 | null;
  /** 084, 087 and 070 numbers that may be shown all the same, and foreign numbers. */
  readonly alsoShow: readonly E164[];
  readonly destinations: DestinationRules;
  readonly limits: OutboundLimits;
  readonly warnMs: number;
  readonly isSuspended: boolean;
}
