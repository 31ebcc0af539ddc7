// Answers what the flows ask about calls that leave, from the customer's numbers, their proofs and the operator's trunks as
// they are at this moment. Decides nothing: the rules are in src/compliance and src/trunks. Read `outboundDesk`.
import type { OutboundDesk } from '../ports/outbound.ts';
import { costOf } from '../trunks/select.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';
import { cliFacts, type NumberFacts } from './number-desk.ts';
import type { TrunkHealth } from './trunk-health.ts';

export interface DeskParts {
  readonly health: TrunkHealth;
  readonly facts: NumberFacts;
  readonly trunks: () => readonly OutboundTrunk[];
  /** Trunks of an Asterisk that is not ours; null = the operator's file holds. */
  readonly foreignEmergencyTrunks: () => readonly OutboundTrunk[] | null;
  readonly checkPin: OutboundDesk['checkPin'];
}

/** Where the PIN for an extension's outside calls is kept: beside those of mailboxes, under a name with a dot, which none can have. */
export function callsPinOf(extension: string): string {
  return `calls.${extension}`;
}

export function outboundDesk({ health, facts, trunks, foreignEmergencyTrunks, checkPin }: DeskParts): OutboundDesk {
  return {
    cliFacts: (plan) => cliFacts(facts, plan),
    route: (plan, destination) => health.route({ class: destination, trunks: plan.outbound.trunks, order: 'cheapest' }).trunks,
    emergencyRoute: () => foreignEmergencyTrunks() ?? health.emergencyRoute(),
    takeChannel: (trunk) => health.takeChannel(trunk),
    report: (trunk, after) => health.report(trunk, after),
    // The dearest trunk that may carry it: limits must not be passed because a cheaper one was full.
    pencePerMinute: (_, destinationClass) => {
      const costs = trunks().flatMap((trunk) => costOf(trunk, destinationClass) ?? []);
      return costs.length === 0 ? null : Math.max(...costs);
    },
    checkPin,
  };
}
