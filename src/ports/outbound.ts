// What the flows ask about calls that leave: the customer's numbers and their proofs, the operator's trunks as they are
// now, and rates. Answered by src/app; every method returns at once and never throws. Read `OutboundDesk` first.
import type { CliAttempt } from '../compliance/attempt.ts';
import type { DestinationClass } from '../routing/outbound.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { AfterFailure } from '../trunks/failover.ts';
import type { PinVerdict } from './records.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';

/** What judging asks about the numbers of one customer. */
export type CliFacts = Pick<CliAttempt, 'isTestMode' | 'registered' | 'evidence' | 'proof' | 'isOnDoNotOriginate'>;

export interface OutboundDesk {
  /** Numbers of the customer as judging needs them: registry, evidence, proofs, do-not-originate list. */
  cliFacts(plan: RoutingPlan): CliFacts;
  /** Trunks that may carry a call of this class now, best first; empty = none. Down, full and opened ones are left out. */
  route(plan: RoutingPlan, destination: DestinationClass): readonly OutboundTrunk[];
  /** Every trunk with an address, the ones marked for emergency first, whatever their state. */
  emergencyRoute(plan: RoutingPlan): readonly OutboundTrunk[];
  /** Counts a channel of the trunk; the function returned gives it back, once. */
  takeChannel(trunk: string): () => void;
  /** What an attempt showed about its trunk. */
  report(trunk: string, after: Pick<AfterFailure, 'sign' | 'why' | 'retryAfterMs'>): void;
  /** Pence a minute by the operator's rate table; null = not listed. */
  pencePerMinute(destination: string, destinationClass: DestinationClass): number | null;
  /** `not-set`: nothing that needs a PIN may leave. Compares in constant time. */
  checkPin(customer: string, extension: string, pin: string): Promise<PinVerdict>;
}
