// The plan of the flow tests of calls that leave: three numbers, one phone with numbers of its own, no rules but the defaults.
import { DDI, planOf } from './world.ts';

/** A mobile of the drama range. */
export const OUTSIDE = '+447700900123';

/** Another one. */
export const OTHER_OUTSIDE = '+447700900124';

/** Rings `targets` for 10 s, by `more`; people outside are asked to press 1 unless their target says otherwise. */
export function OUTSIDE_PLAN(targets: readonly unknown[], more: Readonly<Record<string, unknown>> = {}, outbound: Readonly<Record<string, unknown>> = {}): unknown {
  const plan = OUTBOUND_PLAN(outbound) as { steps: Record<string, unknown> };
  plan.steps['people'] = { kind: 'ring', targets, ringMs: 10_000, fallback: 'sorry', ...more };
  return plan;
}
export const ANNA = { outside: OUTSIDE, name: 'Anna mobile' };
export const BEN = { outside: OTHER_OUTSIDE, name: 'Ben mobile' };

export function OUTBOUND_PLAN(outbound: Readonly<Record<string, unknown>> = {}): unknown {
  const held = { entry: 'people', heldSince: '2020-01-01', capability: 'both', purposes: ['service'], provider: 'Carrier' };
  return planOf('people', { people: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 20_000, fallback: 'sorry' } }, {
    numbers: { [DDI]: { label: 'Main line', ...held }, '+441632960019': { label: 'Priya', ...held }, '+442079460018': { label: 'London', ...held } },
    extensions: {
      '201': { name: 'Priya Shah', mailbox: 'office', cli: '+441632960019', clis: [DDI, '+442079460018'], site: 'leeds' }, '202': { name: 'Tom Evans' }, '203': { name: 'Aisha Khan' },
    },
    sites: { leeds: { name: 'Leeds', outsidePrefix: '9' } },
    outbound: { trunks: ['sim', 'spare'], cli: DDI, ...outbound },
  });
}
