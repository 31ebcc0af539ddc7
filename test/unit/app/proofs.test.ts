// Proofs as the running application keeps them: for the plan in force, anew after a plan or a phone changed, in slices.
import { describe, expect, test } from 'vitest';
import { Proofs } from '../../../src/app/proofs.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { PlanSource } from '../../../src/ports/plan-source.ts';
import { compile } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const MAIN = '+441632960018' as E164;
const INBOUND = '+441632960019' as E164;

function plan(end: object, hash: string): RoutingPlan {
  const { plan: made } = compile({
    schema: 1, organisation: { name: 'Acme', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: { [MAIN]: { label: 'Main', entry: 'ring' }, [INBOUND]: { label: 'In', entry: 'ring', capability: 'inbound-only' } },
    prompts: { who: { file: 'who.wav', text: 'Acme, 01632 960018.' } }, extensions: { 201: { name: 'Priya' } },
    steps: { ring: { kind: 'ring', targets: [{ extension: '201' }], on: { busy: 'told', 'no-answer': 'told', declined: 'told' }, fallback: 'end' }, told: { kind: 'end', say: ['who'] }, end: { kind: 'end', ...end } },
    failsafe: 'told',
  }, { customer: 'acme', version: 1, hash });
  if (made === null) throw new Error('does not compile');
  return made;
}

function world() {
  let live: RoutingPlan | null = plan({ say: ['who'] }, 'good');
  let listener: (customer: string) => void = () => {};
  const phones = new Set(['201']);
  const lost: (string | null)[] = [];
  const proofs = new Proofs({ clock: new FakeClock(Date.UTC(2026, 10, 23, 12)), phonesOf: async () => phones, onLost: (text) => lost.push(text) });
  const source = { byCustomer: () => live, customers: () => ['acme'], onChange: (one: (customer: string) => void) => { listener = one; } } as unknown as PlanSource;
  const change = async (next: RoutingPlan | null): Promise<void> => {
    live = next;
    listener('acme');
    await proofs.idle();
  };
  return { proofs, source, phones, lost, change };
}

describe('proofs of the plans in force', () => {
  test('given a start, then there is no proof before its turn, and one after', async () => {
    const { proofs, source } = world();
    expect(await proofs.review(plan({ how: 'busy' }, 'x'))).toEqual([]);
    proofs.start(source);
    expect(proofs.returnProofOf('acme', MAIN)).toBeNull();
    await proofs.idle();
    expect(proofs.returnProofOf('acme', MAIN)).toEqual({ planHash: 'good', isReturnable: true, text: 'Every caller reaches a person or is told name and contact, at any time.' });
    expect(proofs.proofOf('acme', '+441632960020' as E164)).toBeNull();
    proofs.stop();
  });

  test('given the phone taken away, then the proof that rests on it is lost, that is an alarm, and it ends when a phone is assigned', async () => {
    const { proofs, source, phones, lost, change } = world();
    proofs.start(source);
    await change(plan({ how: 'busy' }, 'leans-on-phone'));
    expect(proofs.proofOf('acme', MAIN)?.isProven).toBe(true);
    phones.clear();
    await proofs.renew('acme');
    expect(proofs.returnProofOf('acme', MAIN)).toMatchObject({ isReturnable: false, text: 'At any time with no key pressed, as nobody at "ring" has a phone, ends in a busy tone at "end".' });
    expect(lost.at(-1)).toBe(`${MAIN} of acme is no longer proven returnable, and no call leaves with it. At any time with no key pressed, as nobody at "ring" has a phone, ends in a busy tone at "end".`);
    await proofs.renew('acme');
    expect(lost.at(-1)).toContain(MAIN);
    phones.add('201');
    await proofs.renew('acme');
    expect(lost.at(-1)).toBeNull();
    proofs.stop();
  });

  test('given a plan that would lose a proof, then the review says so before it is live, for numbers that calls leave with alone', async () => {
    const { proofs, source, phones, change } = world();
    proofs.start(source);
    await proofs.idle();
    phones.clear();
    const next = plan({ how: 'congestion' }, 'bad');
    expect(await proofs.review(next)).toMatchObject([{ path: `/numbers/${MAIN}`, severity: 'warning', code: 'proof-lost', message: 'loses its proof: At any time with no key pressed, as nobody at "ring" has a phone, ends in congestion at "end"' }]);
    expect(proofs.proofOf('acme', MAIN)?.isProven).toBe(true);
    const pending = change(next);
    expect(proofs.proofOf('acme', MAIN)).toBeNull();
    await pending;
    expect(proofs.proofOf('acme', MAIN)).toMatchObject({ isProven: false, planHash: 'bad' });
    await change(null);
    expect(proofs.proofOf('acme', MAIN)).toBeNull();
    proofs.stop();
  });
});
