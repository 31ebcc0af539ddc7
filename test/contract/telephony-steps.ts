// What the rows of the telephony contract begin with: a caller who was answered, a leg that rings, the fault of a request.
import { expect } from 'vitest';
import { TelephonyError, type TelephonyFault } from '../../src/ports/telephony.ts';
import { newId, type Caller, type ContractWorld, type Phone } from './telephony-world.ts';

/** The world of the suite, which exists once its rows run. */
export type World = () => ContractWorld;

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
