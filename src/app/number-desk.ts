// A customer's numbers as people ask about them: registry, evidence and the judgement that a call would get now. And the
// facts that such a judgement needs, the same for a page and for a call.
import type { CliAttempt, ReturnProof } from '../compliance/attempt.ts';
import { judge } from '../compliance/cli-policy.ts';
import type { HttpDeps, SetResult } from '../http/deps.ts';
import type { HeldNumber } from '../http/wire-outbound.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Clock } from '../ports/clock.ts';
import type { DoNotOriginate, EvidencePort, EvidenceRow } from '../ports/evidence.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import type { RegisteredNumber } from '../routing/outbound.ts';
import type { RoutingPlan } from '../routing/plan.ts';

export interface NumberFacts {
  readonly plans: Pick<PlanSource, 'byCustomer'>;
  readonly evidence: EvidencePort;
  readonly doNotOriginate: DoNotOriginate;
  readonly clock: Clock;
  readonly isTestMode: boolean;
  /** The newest proof of a number; null = none was made. */
  readonly proof: (customer: string, number: E164) => ReturnProof | null;
}

/** What every judgement of this plan's calls shares. */
export function cliFacts({ evidence, doNotOriginate, isTestMode, proof }: NumberFacts, plan: RoutingPlan): Pick<CliAttempt, 'isTestMode' | 'registered' | 'evidence' | 'proof' | 'isOnDoNotOriginate'> {
  return {
    isTestMode,
    registered: (number) => plan.registry.get(number) ?? null,
    evidence: (number) => evidence.standing(plan.customer, number),
    proof: (number) => proof(plan.customer, number),
    isOnDoNotOriginate: (number) => doNotOriginate.has(number),
  };
}

export function numberDesk(facts: NumberFacts): Pick<HttpDeps, 'heldNumbers' | 'evidence'> {
  const { plans, evidence } = facts;
  const holds = (customer: string, number: E164): boolean => plans.byCustomer(customer)?.registry.has(number) === true;
  const found = (row: EvidenceRow | null): SetResult<EvidenceRow> => (row === null ? { kind: 'unknown' } : { kind: 'done', row });
  return {
    async heldNumbers(customer) {
      const plan = plans.byCustomer(customer);
      return plan === null ? null : [...plan.registry.values()].map((number) => heldNumber(facts, plan, number));
    },
    evidence: {
      list: async (customer, number) => (holds(customer, number) ? evidence.listEvidence(customer, number) : null),
      async add(draft) {
        if (!holds(draft.customer, draft.number)) return { kind: 'unknown' };
        if (draft.checkedOnMs > facts.clock.nowMs()) return { kind: 'refused', reason: 'checkedOn lies in the future.', hint: 'Evidence counts once it has been checked.' };
        return found(await evidence.addEvidence(draft));
      },
      withdraw: async (what) => found(await evidence.withdrawEvidence(what)),
    },
  };
}

function heldNumber(facts: NumberFacts, plan: RoutingPlan, registered: RegisteredNumber): HeldNumber {
  const { number, label, capability, returnTo, heldSince, purposes, site, provider } = registered;
  const { outbound, organisation } = plan;
  const verdict = judge({
    ...cliFacts(facts, plan), nowMs: facts.clock.nowMs(), customer: plan.customer, timeZone: organisation.timeZone, planHash: plan.hash, extension: null, site,
    purpose: purposes.find((purpose) => purpose !== 'emergency') ?? 'service', wanted: number, source: 'customer', isWithheld: false, defaultCli: outbound.cli, alsoShow: outbound.alsoShow,
  });
  const standing = facts.evidence.standing(plan.customer, number);
  const ends = standing.map(({ expiresOn }) => expiresOn);
  const call = facts.evidence.lastSelfCall(plan.customer, number);
  return {
    number, label, capability, returnTo, heldSince, purposes: [...purposes], site, provider, isUsable: verdict.allow, stoppedBy: verdict.allow ? null : verdict.rule, reasons: [...verdict.reasons],
    evidence: standing.length, evidenceEnds: ends.includes(null) ? null : (ends.filter((end) => end !== null).toSorted().at(-1) ?? null),
    lastSelfCall: call === null ? null : { at: new Date(call.atMs).toISOString(), result: call.result, detail: call.detail },
  };
}
