// One behaviour for every switch behind the telephony port: the fake of the flow tests, and a real Asterisk 22.10 through
// both transports. A behaviour that the fake has and no row shows does not belong into it. Read `telephonyContract`.
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { TelephonyFault } from '../../src/ports/telephony.ts';
import { TelephonyError } from '../../src/ports/telephony.ts';
import { bridgeRows } from './telephony-bridge-rows.ts';
import { callerRows } from './telephony-caller-rows.ts';
import { legRows } from './telephony-leg-rows.ts';
import { linkRows } from './telephony-link-rows.ts';
import { mediaRows } from './telephony-media-rows.ts';
import { newId, type Caller, type ContractWorld, type Phone } from './telephony-world.ts';

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
    const rows: Rows = { world: () => world };
    describe('callers', () => callerRows(rows));
    describe('legs', () => legRows(rows));
    describe('bridges', () => bridgeRows(rows));
    describe('media', () => mediaRows(rows));
    describe('link', () => linkRows(rows));
  });
}

export interface Rows {
  world(): ContractWorld;
}

/** The fault of a request that must fail, or 'ok'. Anything but a TelephonyError is an error of the adapter. */
export async function faultOf(request: Promise<unknown>): Promise<TelephonyFault | 'ok'> {
  try {
    await request;
    return 'ok';
  } catch (error) {
    if (error instanceof TelephonyError) return error.fault;
    throw error;
  }
}

export async function answeredCaller(world: ContractWorld): Promise<Caller> {
  const caller = await world.callIn();
  await world.telephony.answer(caller.channel);
  await caller.answered();
  return caller;
}

/** A created leg that has entered; not dialled. */
export async function enteredLeg(world: ContractWorld, endpoint: string): Promise<string> {
  const channel = newId('leg');
  await world.telephony.createLeg({ channel, endpoint, variables: {}, originator: null });
  await world.log.on('entered', channel);
  return channel;
}

/** A phone whose leg rings. */
export async function ringingLeg(world: ContractWorld): Promise<{ leg: string; phone: Phone }> {
  const phone = await world.phone();
  const leg = await enteredLeg(world, phone.endpoint);
  await world.telephony.dialLeg(leg, 20_000);
  await phone.called();
  phone.ring();
  await world.log.state(leg, 'ringing');
  return { leg, phone };
}

export async function answeredLeg(world: ContractWorld): Promise<{ leg: string; phone: Phone }> {
  const both = await ringingLeg(world);
  expect(await both.phone.answer()).toBe(true);
  await world.log.state(both.leg, 'up');
  return both;
}
