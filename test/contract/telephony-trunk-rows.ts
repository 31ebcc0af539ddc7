// Rows of the telephony contract: legs towards a carrier that answers, refuses, says 100 and nothing more, or nothing at all.
// What Asterisk 22.10 does not tell of a leg that failed, and nobody can therefore act on: the headers of the refusal, Reason
// and Retry-After among them (PJSIP_RESPONSE_HEADER reads the 200 alone, HANGUPCAUSE the status line alone, also in a hang-up
// handler of the dying channel; a Reason Q.850 does not change the cause), and the answer to our CANCEL (the channel is gone
// in the moment of the hang-up). The row with the extra headers holds it to that.
import { expect, test } from 'vitest';
import { faultOf, type World } from './telephony-steps.ts';
import { newId, type Carrier } from './telephony-world.ts';

export function trunkRows(world: World): void {
  /** A leg that has been dialled and whose INVITE has arrived. */
  const placed = async (): Promise<{ leg: string; carrier: Carrier }> => {
    const { telephony, log } = world();
    const carrier = await world().carrier();
    const leg = newId('leg');
    await telephony.createTrunkLeg({ channel: leg, spec: carrier.spec, originator: null });
    expect(await log.on('entered', leg)).toMatchObject({ args: ['leg'], state: 'down' });
    expect(await telephony.hasResponse(leg)).toBe(false);
    await telephony.dialLeg(leg, 20_000);
    await carrier.invited();
    return { leg, carrier };
  };

  test('a carrier is not reached without a verdict: the leg of a phone that names one is refused', async () => {
    const carrier = await world().carrier();
    const leg = newId('leg');
    expect(await faultOf(world().telephony.createLeg({ channel: leg, endpoint: carrier.spec.endpoint, variables: {}, originator: null }))).toBe('refused');
    expect((await world().telephony.listChannels()).map(({ channel }) => channel)).not.toContain(leg);
  });

  test('a carrier that sends nothing: no response, no event; hung up, it is destroyed, and a late answer goes nowhere', async () => {
    const { telephony, log } = world();
    const { leg, carrier } = await placed();
    expect(await telephony.hasResponse(leg)).toBe(false);
    // The INVITE may arrive at the carrier before its event arrives here.
    await expect.poll(() => log.of(leg)).toEqual(['entered', 'dialling other']);
    await telephony.hangup(leg, 'normal');
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 16, techCause: null });
    expect(await log.on('hangup-requested', leg)).toMatchObject({ cause: 32, soft: true });
    expect(await carrier.answer()).toBe(false);
    expect(log.of(leg)).not.toContain('state up');
    expect(await faultOf(telephony.hasResponse(leg))).toBe('gone');
  });

  test('100 is a response and no event; hung up, it is destroyed at once, without waiting for the answer to our CANCEL', async () => {
    const { telephony, log } = world();
    const { leg, carrier } = await placed();
    carrier.trying();
    await world().until(() => telephony.hasResponse(leg));
    // The INVITE may arrive at the carrier before its event arrives here.
    await expect.poll(() => log.of(leg)).toEqual(['entered', 'dialling other']);
    await telephony.hangup(leg, 'normal');
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 16, techCause: null });
    expect(await carrier.answer()).toBe(false);
    expect(log.of(leg)).not.toContain('state up');
  });

  test('ringing is a response; the answer makes it up', async () => {
    const { telephony, log } = world();
    const { leg, carrier } = await placed();
    carrier.ring();
    await log.state(leg, 'ringing');
    expect(await telephony.hasResponse(leg)).toBe(true);
    expect(await carrier.answer()).toBe(true);
    await log.state(leg, 'up');
    expect(await telephony.hasResponse(leg)).toBe(true);
    await telephony.hangup(leg, 'normal');
    await log.on('destroyed', leg);
  });

  test.each([
    [400, 127], [403, 21], [404, 1], [408, 18], [410, 22], [480, 19], [482, 127], [483, 19], [484, 28], [486, 17], [487, 127], [488, 58], [500, 38], [502, 27], [503, 34], [504, 102], [600, 17], [603, 21], [604, 1], [607, 127],
  ] as const)('a carrier refuses with %i: cause %i, and the code with it', async (code, cause) => {
    const { log } = world();
    const { leg, carrier } = await placed();
    carrier.refuse(code);
    expect(await log.on('destroyed', leg)).toMatchObject({ cause, techCause: code });
    expect(await log.on('hangup-requested', leg)).toMatchObject({ cause, techCause: code, soft: false });
    expect(log.of(leg)).toEqual(['entered', 'dialling other', 'hangup-requested', 'left', 'destroyed']);
  });

  test('headers of a refusal change nothing of what is told', async () => {
    const { log } = world();
    const { leg, carrier } = await placed();
    carrier.refuse(480, ['Reason: Q.850;cause=34', 'Retry-After: 17']);
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 19, techCause: 480 });
  });

  test('it rings and is refused then: both are told, in this order', async () => {
    const { log } = world();
    const { leg, carrier } = await placed();
    carrier.ring();
    await log.state(leg, 'ringing');
    carrier.refuse(503);
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 34, techCause: 503 });
  });
}
