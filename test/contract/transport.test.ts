// Both ARI transports when the connection, Asterisk or the password is not as it should be. Real Asterisk 22.10.
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { AriTelephony } from '../../src/ari/ari-telephony.ts';
import type { LinkEvent } from '../../src/ports/telephony.ts';
import { APP, ARI_PASSWORD, AsteriskHost, eventually, makeTransport, type AsteriskWorld, type TransportName } from './telephony-asterisk-world.ts';
import { answeredCaller, faultOf } from './telephony-steps.ts';

/** More than the ten after which npm ari-client gives up by itself. */
const MANY_TRIES = 13;

const host = new AsteriskHost();
beforeAll(() => host.start(), 300_000);
afterAll(async () => {
  expect(await host.stop(), 'left on this machine').toEqual([]);
});

describe.each<TransportName>(['own', 'ari-client'])('transport %s', (name) => {
  let world: AsteriskWorld;
  beforeEach(async () => {
    world = await host.world(name, { requestLimitMs: 1_500 });
  });
  afterEach(async () => {
    await world.endRow();
    expect(await world.leftovers()).toEqual([]);
    await world.close();
  });

  /** Asterisk stands still, with every connection open: what a dead machine or a black hole looks like from here. */
  function freeze(): () => void {
    process.kill(host.asterisk.pid, 'SIGSTOP');
    const thaw = (): void => void process.kill(host.asterisk.pid, 'SIGCONT');
    onTestFinished(thaw);
    return thaw;
  }

  /** A call comes in and can be answered: events and requests work. */
  const works = async (): Promise<void> => {
    const caller = await answeredCaller(world);
    await world.log.state(caller.channel, 'up');
    await caller.hangUp();
    await world.log.on('left', caller.channel);
  };

  test('a request without an answer ends as timeout at its limit, and the next one works', async () => {
    const caller = await answeredCaller(world);
    const thaw = freeze();
    const askedAtMs = performance.now();
    expect(await faultOf(world.telephony.ring(caller.channel))).toBe('timeout');
    expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(1_450);
    expect(performance.now() - askedAtMs).toBeLessThan(2_000);
    thaw();
    await works();
  });

  test('a half-open link is noticed within 5 s and comes back', async () => {
    const thaw = freeze();
    const frozenAtMs = performance.now();
    await eventually(() => world.links.at(-1)?.type === 'down', 5_000);
    expect(performance.now() - frozenAtMs).toBeLessThan(5_000);
    expect(world.links.at(-1)).toMatchObject({ reason: expect.stringContaining('has not answered'), isReplaced: false });
    expect(world.telephony.isUp).toBe(false);
    thaw();
    await eventually(() => world.telephony.isUp, 10_000);
    await works();
  });

  test('a cut connection is back within a second of the network, and events flow', async () => {
    await world.setLink(false);
    const restoredAtMs = performance.now();
    await world.setLink(true);
    expect(performance.now() - restoredAtMs).toBeLessThan(1_000);
    await works();
  });

  test(`Asterisk is away for more than ${MANY_TRIES} tries and starts again: back, with the event filter`, async () => {
    await host.halt();
    await eventually(() => !world.telephony.isUp);
    const before = world.proxy.tries;
    await eventually(() => world.proxy.tries - before >= MANY_TRIES, 40_000);
    expect(world.links.filter((event) => event.type === 'down')).toHaveLength(1);
    await host.start();
    world.proxy.target = new URL(host.asterisk.ariUrl);
    await eventually(() => world.telephony.isUp, 10_000);
    await works();
    const [application] = (await host.ari('GET', 'applications')) as { events_disallowed: { type: string }[] }[];
    expect(application?.events_disallowed.map((one) => one.type)).toContain('ChannelVarset');
  }, 90_000);

  test('replaced by another process: down for good, nothing is asked any more, the other one works', async () => {
    const tries = world.proxy.tries;
    const later = await host.world(name);
    await eventually(() => world.links.at(-1)?.type === 'down');
    expect(world.links.at(-1)).toMatchObject({ type: 'down', isReplaced: true });
    expect(world.telephony.isUp).toBe(false);
    expect(await faultOf(world.telephony.listChannels())).toBe('no-link');
    expect(await faultOf(world.telephony.fetchRecording('x'))).toBe('no-link');
    const caller = await answeredCaller(later);
    await later.log.state(caller.channel, 'up');
    // Every connection of the first one ends by itself, and none is tried again.
    await eventually(() => world.proxy.open === 0, 10_000);
    await caller.hangUp();
    await later.log.on('left', caller.channel);
    expect(later.links.filter((event) => event.type === 'down')).toEqual([]);
    expect(world.proxy.tries - tries).toBeLessThanOrEqual(name === 'own' ? 1 : 2);
    expect(world.log.of(caller.channel)).toEqual([]);
    await later.close();
  });

  test('the password stands in no address and in nothing that is printed', async () => {
    const printed: string[] = [];
    const spies = [
      vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0),
      vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0),
      vi.spyOn(console, 'log').mockImplementation((...all) => void printed.push(all.join(' '))),
    ];
    onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
    const other = await host.world(name, { app: `${APP}-2` });
    await other.telephony.listChannels();
    await other.setLink(false);
    await other.setLink(true);
    await other.telephony.stop();
    for (const text of [other.proxy.sent, printed.join('\n'), JSON.stringify(other.links)]) {
      expect(text).not.toContain(ARI_PASSWORD);
      expect(text).not.toContain(encodeURIComponent(ARI_PASSWORD));
      expect(text).not.toContain(encodeURI(ARI_PASSWORD));
    }
    expect(printed.join('\n')).not.toContain('Swagger');
    await other.proxy.close();
  });
});

describe.each<TransportName>(['own', 'ari-client'])('transport %s, before it ever came up', (name) => {
  const attempt = async (more: Parameters<AsteriskHost['address']>[0]): Promise<LinkEvent> => {
    const telephony = new AriTelephony(makeTransport(name, host.address(more)), APP);
    const links: LinkEvent[] = [];
    telephony.onLink((event) => links.push(event));
    void telephony.start();
    onTestFinished(() => telephony.stop());
    await eventually(() => links.length > 0);
    expect(telephony.isUp).toBe(false);
    expect(await faultOf(telephony.listChannels())).not.toBe('ok');
    return links[0] ?? expect.fail('no link event');
  };

  test('a wrong password is told in plain words, without the password', async () => {
    const event = await attempt({ password: 'not-the-password' });
    expect(event).toMatchObject({ type: 'down', isReplaced: false, reason: expect.stringContaining('refused the ARI user or password') });
    expect(JSON.stringify(event)).not.toContain('not-the-password');
  });

  test('nobody listens there: told with the address', async () => {
    expect(await attempt({ url: 'http://127.0.0.1:9' })).toMatchObject({ type: 'down', reason: expect.stringContaining('ECONNREFUSED 127.0.0.1:9') });
  });
});
