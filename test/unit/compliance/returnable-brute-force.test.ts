// The proof agrees with trying everything, in both directions, on random plans. GENVOICE_PROOF_RUNS asks for more plans,
// each walked minute by minute.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prove } from '../../../src/compliance/returnable.ts';
import { dayOf } from '../../../src/routing/local-time.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { RoutingPlan, SayItem } from '../../../src/routing/plan.ts';
import { canBeLeft } from './brute-force.ts';
import { instantsOf, planJson, planOf, TODAY } from './random-plans.ts';

const LONG_RUNS = Number(process.env['GENVOICE_PROOF_RUNS'] ?? 0);
const today = dayOf(TODAY) ?? 0;
/** By the names of the prompts, not by their texts. */
const isIdentifying = (say: readonly SayItem[]): boolean => {
  const names = say.map((item) => (item.kind === 'prompt' ? item.name : ''));
  return names.includes('both') || (names.includes('name') && names.includes('number'));
};

describe('a proof', () => {
  test('given any plan, then it is proven exactly when trying everything leaves no caller behind', () => {
    const seen = { proven: 0, refuted: 0, byTime: 0 };
    fc.assert(fc.property(planJson, (drawn) => {
      const plan = planOf(drawn);
      fc.pre(plan !== null);
      const phones = new Set<string>(drawn.phones);
      const world = { isIdentifying, hasPhone: (extension: string) => phones.has(extension) };
      const proof = prove(plan, { today, hasPhone: world.hasPhone }).proofs.get([...plan.numbers.keys()][0] as never);
      if (proof === undefined) throw new Error('no proof');
      expect(proof.isApproximate).toBe(false);
      const isLeft = canBeLeft(plan, 's0', instantsOf(plan, LONG_RUNS > 0 ? 1 : 15), world);
      expect({ isProven: proof.isProven, why: proof.counterExample?.text }).toMatchObject({ isProven: !isLeft });
      if (proof.counterExample === null) seen.proven += 1;
      else {
        seen.refuted += 1;
        if (!proof.counterExample.when.startsWith('At any time')) seen.byTime += 1;
        expect(proof.counterExample.when).not.toBe('At some time');
        expectPath(plan, proof.counterExample.path);
      }
    }), { numRuns: LONG_RUNS > 0 ? LONG_RUNS : 250 });
    // A generator that makes only one kind of plan would prove nothing about the proof.
    expect(Math.min(seen.proven, seen.refuted, seen.byTime)).toBeGreaterThan(LONG_RUNS > 0 ? LONG_RUNS / 100 : 4);
  }, LONG_RUNS > 0 ? 3_600_000 : 120_000);
});

/** Each line of the path follows from the one before by a way that the plan has. */
function expectPath(plan: RoutingPlan, path: readonly { readonly step: string; readonly outcome: string }[]): void {
  expect(path[0]?.step ?? 's0').toBe('s0');
  path.forEach(({ step: id, outcome }, index) => {
    const step = plan.steps.get(id);
    const after = path[index + 1]?.step;
    if (step === undefined) throw new Error(`${id} is no step`);
    if (after === undefined) return;
    const targets = [decide(plan, step, { name: outcome }), ...('cases' in step ? step.cases.map(({ to }) => ({ kind: 'go', to })) : []), ...('choices' in step ? Object.values(step.choices).map((to) => ({ kind: 'go', to })) : []), ...('to' in step ? [{ kind: 'go', to: step.to }] : [])];
    expect(outcome === 'extension' ? [{ to: after }] : targets).toContainEqual(expect.objectContaining({ to: after }));
  });
}
