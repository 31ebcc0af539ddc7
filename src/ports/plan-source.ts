// Which plan answers which number, now. The plan a call got stays with it; this port only hands out the newest.
import type { E164 } from '../numbering/e164.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { MediaUri } from './telephony.ts';

export interface PlanSource {
  /** The plan that owns a DDI; null = nobody's number. */
  byDdi(ddi: E164): RoutingPlan | null;
  byCustomer(customer: string): RoutingPlan | null;
  /** A version that a live call was pinned to before a restart; null when it is no longer kept. */
  byHash(customer: string, hash: string): Promise<RoutingPlan | null>;
  customers(): readonly string[];
  /** Called after every swap. */
  onChange(listener: (customer: string) => void): void;
}

/** Turns what a plan says into what the switch plays. */
export interface MediaSource {
  /** Media of a prompt of the plan; null = it could not be prepared (the step fails at once, never silently). */
  prompt(plan: RoutingPlan, name: string): { media: MediaUri; durationMs: number } | null;
  /** Media of a phrase of the product's own voice. */
  phrase(id: string): { media: MediaUri; durationMs: number } | null;
}
