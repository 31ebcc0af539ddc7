// Which customer's plan answers which number. One customer's plan is swapped by one assignment: no call ever sees half
// of an old and half of a new one. Long lists are gone through with turns for other work between.
import type { E164 } from '../numbering/e164.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import { pointer } from '../routing/problem.ts';
import type { Problem } from '../routing/problem.ts';
import { breathe } from './breathe.ts';

/** Entries gone through between two looks at the clock, well under 1 ms. */
const PER_LOOK = 500;
const MAX_CONFLICTS = 100;

/** Methods that return promises must not run beside each other: the plan source runs them one after another. */
export class DdiIndex {
  readonly #plans = new Map<string, RoutingPlan>();
  /** May name an owner whose plan does not have the number (yet or any more): the plan decides. */
  readonly #owners = new Map<E164, string>();

  byDdi(ddi: E164): RoutingPlan | null {
    const owner = this.#owners.get(ddi);
    const plan = owner === undefined ? undefined : this.#plans.get(owner);
    return plan?.numbers.has(ddi) === true ? plan : null;
  }

  byCustomer(customer: string): RoutingPlan | null {
    return this.#plans.get(customer) ?? null;
  }

  customers(): readonly string[] {
    return [...this.#plans.keys()].sort();
  }

  /** A problem for each number of `plan` that another customer's live plan has. */
  async conflicts(plan: RoutingPlan): Promise<Problem[]> {
    const problems: Problem[] = [];
    await inTurns(plan.numbers.keys(), (ddi) => {
      const owner = this.byDdi(ddi)?.customer;
      if (owner === undefined || owner === plan.customer || problems.length >= MAX_CONFLICTS) return;
      problems.push({
        path: pointer('numbers', ddi),
        code: 'number-of-another-customer',
        severity: 'problem',
        message: `belongs to the customer "${owner}" already`,
        hint: `Take it out here or in the plan of "${owner}".`,
      });
    });
    return problems;
  }

  /** Puts `plan` in the place of its customer's old one; resolves to true when numbers became free. */
  async swap(plan: RoutingPlan): Promise<boolean> {
    const old = this.#plans.get(plan.customer);
    await inTurns(plan.numbers.keys(), (ddi) => void this.#owners.set(ddi, plan.customer));
    this.#plans.set(plan.customer, plan);
    return old !== undefined && (await this.#release(old));
  }

  /** Resolves to true when numbers became free. */
  async remove(customer: string): Promise<boolean> {
    const old = this.#plans.get(customer);
    this.#plans.delete(customer);
    return old !== undefined && (await this.#release(old));
  }

  async #release(old: RoutingPlan): Promise<boolean> {
    let freed = false;
    const now = this.#plans.get(old.customer);
    await inTurns(old.numbers.keys(), (ddi) => {
      if (now?.numbers.has(ddi) === true || this.#owners.get(ddi) !== old.customer) return;
      this.#owners.delete(ddi);
      freed = true;
    });
    return freed;
  }
}

async function inTurns<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    count += 1;
    if (count % PER_LOOK === 0) await breathe();
  }
  await breathe();
}
