// Everything the flows are given by the composition root: ports and a few questions about the plans.
import type { DecisionsPort } from '../ports/decisions.ts';
import type { OutboundDesk } from '../ports/outbound.ts';
import type { Clock, Ids, Random } from '../ports/clock.ts';
import type { LookupPort } from '../ports/lookup.ts';
import type { Observer } from '../ports/observer.ts';
import type { MediaSource, PlanSource } from '../ports/plan-source.ts';
import type { RecordsPort, VoicemailPort } from '../ports/records.ts';
import type { StatePort } from '../ports/state.ts';
import type { Telephony } from '../ports/telephony.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { EventHub } from './event-hub.ts';
import type { LiveCalls } from './live-calls.ts';
import type { OutboundUsage } from './usage.ts';
import type { SwitchBoard } from './switch-board.ts';

export interface CallDeps {
  readonly telephony: Telephony;
  readonly hub: EventHub;
  readonly plans: PlanSource;
  readonly media: MediaSource;
  readonly state: StatePort;
  readonly records: RecordsPort;
  readonly voicemail: VoicemailPort;
  readonly decisions: DecisionsPort;
  readonly desk: OutboundDesk;
  readonly usage: OutboundUsage;
  readonly lookup: LookupPort;
  readonly switches: SwitchBoard;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly observer: Observer;
  readonly live: LiveCalls;
  /** Name of this process in the state port. */
  readonly owner: string;
  /** PJSIP endpoint of an extension. */
  endpointOf(plan: RoutingPlan, extension: string): string;
  /** A phone of ours is answering for it, not a person. */
  isTestPhone(endpoint: string): boolean;
}
