// The two sample customers, compiled: they have the same extensions, and are what a new user tries first.
import { readFileSync } from 'node:fs';
import { compile } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import type { PlanSource } from '../../../src/ports/plan-source.ts';

export function demoPlan(customer: 'bramley-finch' | 'harbour-dental'): RoutingPlan {
  const json: unknown = JSON.parse(readFileSync(`dialplan/plans/${customer}.json`, 'utf8'));
  const { plan, problems } = compile(json, { customer, version: 7, hash: `hash-${customer}` });
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}

export function demoPlans(): Pick<PlanSource, 'byDdi' | 'byCustomer' | 'customers'> {
  const plans = [demoPlan('bramley-finch'), demoPlan('harbour-dental')];
  return {
    byDdi: (ddi) => plans.find((plan) => plan.numbers.has(ddi)) ?? null,
    byCustomer: (customer) => plans.find((plan) => plan.customer === customer) ?? null,
    customers: () => plans.map((plan) => plan.customer),
  };
}
