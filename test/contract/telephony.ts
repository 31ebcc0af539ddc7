// One behaviour for every switch behind the telephony port: the fake of the flow tests, and a real Asterisk 22.10 through
// both transports. A behaviour that the fake has and no row shows does not belong into it. Read `telephonyContract`.
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { bridgeRows } from './telephony-bridge-rows.ts';
import { callerRows } from './telephony-caller-rows.ts';
import { legRows } from './telephony-leg-rows.ts';
import { linkRows } from './telephony-link-rows.ts';
import { mediaRows } from './telephony-media-rows.ts';
import type { World } from './telephony-steps.ts';
import { trunkRows } from './telephony-trunk-rows.ts';
import type { ContractWorld } from './telephony-world.ts';

/** Runs all rows on one world; after each of them the switch must hold nothing. */
export function telephonyContract(name: string, makeWorld: () => Promise<ContractWorld>): void {
  describe(`the telephony port: ${name}`, () => {
    let world: ContractWorld;
    beforeAll(async () => {
      world = await makeWorld();
    });
    afterEach(async () => {
      await world.endRow();
      const left = await world.leftovers();
      // What one row leaves behind is that row's failure alone.
      if (left.length > 0) await world.sweep();
      expect(left, 'left in the switch').toEqual([]);
    });
    afterAll(() => world.close());
    const now: World = () => world;
    describe('callers', () => callerRows(now));
    describe('legs', () => legRows(now));
    describe('trunks', () => trunkRows(now));
    describe('bridges', () => bridgeRows(now));
    describe('media', () => mediaRows(now));
    describe('link', () => linkRows(now));
  });
}
