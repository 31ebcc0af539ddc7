// Which numbers are proven returnable on the plans in force: worked out anew whenever a plan or a phone's owner changes, in
// slices between which calls are served. Whoever judges a call asks `Proofs.proofOf`; nobody waits here.
import type { ReturnProof } from '../compliance/attempt.ts';
import { proofChanges, proofWarnings } from '../compliance/proof-diff.ts';
import { proving, type Proof, type ProofBook } from '../compliance/returnable.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Clock } from '../ports/clock.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import { localTime } from '../routing/local-time.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';

/** Work at a stretch: calls wait no longer than this for the main thread. */
const SLICE_MS = 5;
/** Listed dates pass, and what was a counter-example is none any more. */
const LOOK_AGAIN_MS = 3_600_000;

/** Of an alarm; nobody reads more. */
const MAX_TEXT = 2_000;

export interface ProofParts {
  readonly clock: Clock;
  /** Extensions of the plan that a phone is assigned to. */
  phonesOf(plan: RoutingPlan): Promise<ReadonlySet<string>>;
  /** Numbers that calls left with until now, one sentence each; null = none. */
  onLost(text: string | null): void;
}

export class Proofs {
  readonly #parts: ProofParts;
  readonly #books = new Map<string, ProofBook & { readonly day: number }>();
  /** By customer: numbers that were proven while this process ran, and why they are not now. */
  readonly #lost = new Map<string, ReadonlyMap<E164, string>>();
  #plans: PlanSource | null = null;
  #queue: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ProofParts) {
    this.#parts = parts;
  }

  /** Proves all plans, then each that changes. Until a plan's turn comes its numbers have no proof. */
  start(plans: PlanSource): void {
    this.#plans = plans;
    for (const customer of plans.customers()) void this.renew(customer);
    plans.onChange((customer) => void this.renew(customer));
    this.#timer = setInterval(() => {
      for (const customer of plans.customers()) void this.renew(customer);
    }, LOOK_AGAIN_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#plans = null;
  }

  /** Resolves when everything asked for so far is worked out. */
  idle(): Promise<void> {
    return this.#queue;
  }

  /** Proof of a number on the customer's plan in force; null = it has none, or it is being worked out. */
  proofOf(customer: string, number: E164): Proof | null {
    const book = this.#books.get(customer);
    return book !== undefined && book.plan.hash === this.#plans?.byCustomer(customer)?.hash ? book.proofs.get(number) ?? null : null;
  }

  /** The same as a judgement needs it. */
  returnProofOf(customer: string, number: E164): ReturnProof | null {
    const proof = this.proofOf(customer, number);
    return proof === null ? null : { planHash: proof.planHash, isReturnable: proof.isProven, text: sentence(proof) };
  }

  /** After the customer's plan or phones changed. Never rejects. */
  renew(customer: string): Promise<void> {
    this.#queue = this.#queue.then(() => this.#renew(customer)).catch(() => {});
    return this.#queue;
  }

  /** What publishing this plan would do to proofs, as warnings; none before `start`. */
  async review(plan: RoutingPlan): Promise<readonly Problem[]> {
    if (this.#plans === null) return [];
    const before = this.#books.get(plan.customer) ?? null;
    return proofWarnings(before, await this.#prove(plan, before, await this.#parts.phonesOf(plan)));
  }

  async #renew(customer: string): Promise<void> {
    const plan = this.#plans?.byCustomer(customer) ?? null;
    const before = this.#books.get(customer) ?? null;
    if (plan === null) {
      this.#books.delete(customer);
      this.#lost.delete(customer);
      return this.#parts.onLost(this.#lostText());
    }
    const after = await this.#prove(plan, before, await this.#parts.phonesOf(plan));
    this.#books.set(customer, after);
    this.#note(plan, before, after);
  }

  async #prove(plan: RoutingPlan, before: ProofBook | null, phones: ReadonlySet<string>): Promise<ProofBook & { readonly day: number }> {
    const { clock } = this.#parts;
    const { day } = localTime(clock.nowMs(), plan.organisation.timeZone);
    const work = proving(plan, { today: day, hasPhone: (extension) => phones.has(extension) }, before);
    for (let untilMs = clock.monotonicMs() + SLICE_MS; ;) {
      const { done, value } = work.next();
      if (done === true) return { ...value, day };
      if (clock.monotonicMs() < untilMs) continue;
      await new Promise((resolve) => void setImmediate(resolve));
      untilMs = clock.monotonicMs() + SLICE_MS;
    }
  }

  /** A loss is an alarm until the number is proven again or gone. */
  #note(plan: RoutingPlan, before: ProofBook | null, after: ProofBook): void {
    const open = [...after.proofs.values()].filter(({ isProven, number }) => !isProven && plan.registry.get(number)?.capability !== 'inbound-only');
    const isNew = new Set(proofChanges(before, after).flatMap(({ kind, number }) => (kind === 'lost' ? [number] : [])));
    const known = this.#lost.get(plan.customer);
    const lost = open.filter(({ number }) => isNew.has(number) || known?.has(number) === true);
    this.#lost.set(plan.customer, new Map(lost.map((proof) => [proof.number, `${proof.number} of ${plan.customer} is no longer proven returnable, and no call leaves with it. ${sentence(proof)}`])));
    this.#parts.onLost(this.#lostText());
  }

  #lostText(): string | null {
    const texts = [...this.#lost.values()].flatMap((lost) => [...lost.values()]);
    return texts.length === 0 ? null : texts.join(' ').slice(0, MAX_TEXT);
  }
}

/** What was shown, or the counter-example, as a whole sentence. */
export function sentence({ isProven, isApproximate, combinations, counterExample }: Proof): string {
  if (!isProven) return `${counterExample?.text ?? 'It leads nowhere'}.`;
  const times = isApproximate ? 'whatever the hours and switches' : combinations === 1 ? 'at any time' : `in all ${combinations} combinations of hours and switches`;
  return `Every caller reaches a person or is told name and contact, ${times}.`;
}
