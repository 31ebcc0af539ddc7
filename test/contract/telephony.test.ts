// The telephony contract on the fake switch and on a real Asterisk 22.10 through both transports.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { AsteriskHost } from './telephony-asterisk-world.ts';
import { FakeWorld } from './telephony-fake-world.ts';
import { telephonyContract } from './telephony.ts';

telephonyContract('the fake switch', async () => {
  const world = new FakeWorld();
  await world.telephony.start();
  return world;
});

describe('Asterisk', () => {
  const host = new AsteriskHost();
  beforeAll(() => host.start(), 300_000);
  afterAll(async () => {
    expect(await host.stop(), 'left on this machine').toEqual([]);
  });
  telephonyContract('our own transport', () => host.world('own'));
  telephonyContract('ari-client', () => host.world('ari-client'));
});
