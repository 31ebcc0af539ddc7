// What a plan says about calls that leave: numbers that may be shown, sites, who may call where, and how much.
// Types alone; the schema is in schema-outbound.ts, the judging in src/compliance. Read `OutboundPlan` first.
import type { E164 } from '../numbering/e164.ts';
import type { DestinationClass } from '../numbering/destination.ts';

export type { DestinationClass } from '../numbering/destination.ts';

/** Why a call is made: the one list of the whole product (RULES B3, F6). */
export const PURPOSES = ['service', 'marketing', 'claims', 'pensions', 'emergency'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** What a number may be used for (RULES 2-10). */
export const CAPABILITIES = ['inbound-only', 'outbound-only', 'both'] as const;
export type Capability = (typeof CAPABILITIES)[number];

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

export const PERMISSIONS = ['allowed', 'denied', 'pin'] as const;
/** `pin`: after the extension's PIN, which the store keeps hashed and the plan never holds. */
export type Permission = (typeof PERMISSIONS)[number];

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

/** A group's rules hold for each of its members; its limits for each member singly, not for all together. */
export interface GroupOutbound {
  readonly destinations: DestinationRules;
  readonly limits: OutboundLimits;
}

export const FORWARD_WHEN = ['always', 'no-answer', 'unreachable'] as const;
/** Calls to the extension that go on to an outside number; `always`: its phone does not ring. */
export interface Forward {
  readonly to: E164;
  readonly when: (typeof FORWARD_WHEN)[number];
}

export interface ExtensionOutbound {
  readonly site: string | null;
  readonly cli: E164 | null;
  /** Numbers its user may choose among, in the order of the choice prefix. */
  readonly clis: readonly E164[];
  /** Groups that it is a member of, in the plan's order: their rules stand between its own and the customer's. */
  readonly groups: readonly string[];
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
