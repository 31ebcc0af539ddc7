import { expect, test } from 'vitest';
import { unknownTrunks } from '../../../src/plans/outbound-trunks.ts';
import { compileFile } from '../routing/read-plan.ts';

test('trunks that the operator does not have are named with their place; known ones are not', () => {
  const plan = compileFile('test/plans/good/outbound.json');
  expect(unknownTrunks(plan, new Set(['carrier-a', 'carrier-b']))).toEqual([]);
  expect(unknownTrunks(plan, new Set(['carrier-a']))).toEqual([{
    path: '/outbound/trunks/1', code: 'unknown-trunk', severity: 'warning',
    message: 'names "carrier-b", which is no trunk of this installation, so that no call takes it', hint: 'Trunks here: carrier-a.',
  }]);
  expect(unknownTrunks(plan, new Set()).map(({ path }) => path)).toEqual(['/outbound/trunks/0', '/outbound/trunks/1']);
});
