// What every state store must do, run for memory, SQLite and a real Redis by state.test.ts.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallSnapshot, SharedStatePort } from '../../src/ports/state.ts';
import type { E164 } from '../../src/numbering/e164.ts';

/** `connect` gives another connection to the same store: another process, as it were. */
export interface StateBench {
  connect(): Promise<SharedStatePort>;
  remove(): Promise<void>;
}

/** A live call with every kind of field filled. */
export function sampleCall(id: string, more: Partial<CallSnapshot> = {}): CallSnapshot {
  return {
    id,
    channel: `in-${id}`,
    owner: 'one',
    customer: 'acme',
    planHash: 'a'.repeat(64),
    direction: 'inbound',
    isTest: false,
    dialled: '+441632960100',
    ddi: '+441632960100',
    caller: { number: { kind: 'e164', e164: '+441632960018' as E164 }, displayName: 'Zoë "Ω" 🐈 \u0000\u2028' },
    callerEndpoint: null,
    startedAtMs: 1_760_000_000_123,
    answeredAtMs: null,
    activity: {
      kind: 'ringing',
      step: 'desk',
      legs: [{ channel: 'leg-1', extension: '201', placedAtMs: 5 }],
      untilMs: 9,
    },
    variables: [['account', '12 34']],
    secretVariables: [],
    trace: [
      { atMs: 1, step: 'main', kind: 'menu', outcome: '1', text: 'pressed 1', next: 'desk', tookFallback: false },
    ],
    legs: [],
    sip: { endpoint: 'trunk-a', sourceAddress: '192.0.2.9', transport: 'udp', sipCallId: 'x@y' },
    ...more,
  };
}

/** Runs the contract for one store. */
export function describeState(name: string, open: () => Promise<StateBench>): void {
  describe(`state on ${name}`, () => {
    let bench: StateBench;
    let one: SharedStatePort;
    let two: SharedStatePort;
    beforeEach(async () => {
      bench = await open();
      one = await bench.connect();
      two = await bench.connect();
    });
    afterEach(async () => {
      await one.close();
      await two.close();
      await bench.remove();
    });

    it('gives a call back as it was put, with every character', async () => {
      const call = sampleCall('c1');
      await one.putCall(call);
      expect(await two.listCalls()).toEqual([call]);
    });

    it('keeps the newest state of a call, and a copy of it', async () => {
      const variables: [string, string][] = [['a', '1']];
      await one.putCall(sampleCall('c1'));
      await one.putCall(sampleCall('c1', { variables, activity: { kind: 'step', step: 'later' } }));
      variables.push(['b', '2']);
      const [call] = await two.listCalls();
      expect(call?.variables).toEqual([['a', '1']]);
      expect(call?.activity).toEqual({ kind: 'step', step: 'later' });
    });

    it('removes a call, and does not mind when it is gone already', async () => {
      await one.putCall(sampleCall('c1'));
      await one.putCall(sampleCall('c2'));
      await two.removeCall('c1');
      await one.removeCall('c1');
      await one.removeCall('never');
      expect((await one.listCalls()).map(({ id }) => id)).toEqual(['c2']);
    });

    it('holds 1,000 calls', async () => {
      const calls = Array.from({ length: 1000 }, (_, n) => sampleCall(`call-${n}`));
      await Promise.all(calls.map((call) => one.putCall(call)));
      const listed = await two.listCalls();
      expect(listed.map(({ id }) => id).toSorted()).toEqual(calls.map(({ id }) => id).toSorted());
      await Promise.all(calls.map(({ id }) => two.removeCall(id)));
      expect(await one.listCalls()).toEqual([]);
    });

    it('keeps one position for each switch of each customer', async () => {
      const night = { customer: 'acme', name: 'night', position: 'closed', setAtMs: 5, setBy: 'extension 201' };
      await one.putSwitch({ ...night, position: 'open', setBy: 'api' });
      await one.putSwitch(night);
      await two.putSwitch({ ...night, customer: 'bolt' });
      expect(await two.listSwitches()).toHaveLength(2);
      expect(await one.listSwitches()).toEqual(expect.arrayContaining([night, { ...night, customer: 'bolt' }]));
    });

    it('never gives the same turn twice, from two connections at once', async () => {
      const asked = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? one : two).nextTurn('acme/sales'));
      const turns = await Promise.all(asked);
      expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
      expect(await two.nextTurn('bolt/sales')).toBe(0);
    });

    it('adds up what each holder used on each day, from two connections at once', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? one : two).addUsage('acme/201', '2026-11-24', 1_000, 0.25)));
      await one.addUsage('acme/201', '2026-11-25', 7, 1);
      await two.addUsage('bolt/201', '2026-11-25', 9, 2);
      expect(await one.usage('acme/201', '2026-11-25')).toEqual({ ms: 7, pence: 1 });
      expect(await one.usage('bolt/201', '2026-11-25')).toEqual({ ms: 9, pence: 2 });
      expect(await one.usage('acme', '2026-11-25')).toEqual({ ms: 0, pence: 0 });
    });

    it('keeps the sums of one day exact', async () => {
      await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? one : two).addUsage('acme/202', '2026-11-24', 1_500, 0.5)));
      expect(await two.usage('acme/202', '2026-11-24')).toEqual({ ms: 60_000, pence: 20 });
    });

    it('gives a key to one of those who claim it at once, and tells all the same value', async () => {
      const asked = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? one : two).claimKey('calls/a b', `value ${n} "ü"`, 60_000)));
      expect(new Set(asked).size).toBe(1);
      expect(await two.claimedValue('calls/a b')).toBe(asked[0]);
      expect(await two.claimKey('calls/other', 'mine', 60_000)).toBe('mine');
      expect(await one.claimedValue('calls/never')).toBeNull();
    });

    it('forgets a claim when its time is over', async () => {
      expect(await one.claimKey('short', 'first', 1)).toBe('first');
      await vi.waitFor(async () => expect(await two.claimedValue('short')).toBeNull());
      expect(await two.claimKey('short', 'second', 60_000)).toBe('second');
      expect(await one.claimedValue('short')).toBe('second');
    });

    it('knows when each member last talked, and nothing of those who never did', async () => {
      await one.putLastTalked('acme', '201', 1000);
      await one.putLastTalked('acme', '201', 2000);
      await one.putLastTalked('bolt', '202', 3000);
      expect(await two.lastTalked('acme', ['201', '202'])).toEqual(new Map([['201', 2000]]));
      expect(await two.lastTalked('acme', [])).toEqual(new Map());
    });

    it('names the owners of live calls that gave no sign of life in time', async () => {
      await one.putCall(sampleCall('c1', { owner: 'alive' }));
      await one.putCall(sampleCall('c2', { owner: 'late' }));
      await one.putCall(sampleCall('c3', { owner: 'late' }));
      await one.putCall(sampleCall('c4', { owner: 'never' }));
      await one.heartbeat('alive', 60_000);
      await one.heartbeat('late', 1);
      await one.heartbeat('idle', 1);
      await vi.waitFor(async () => expect((await two.deadOwners()).toSorted()).toEqual(['late', 'never']));
    });

    it('gives a dead process call to exactly one of those who ask', async () => {
      await one.putCall(sampleCall('c1', { owner: 'dead' }));
      const asked = Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? one : two).adoptCall('c1', 'dead', `heir-${n}`),
      );
      const won = (await Promise.all(asked)).flatMap((isMine, n) => (isMine ? [`heir-${n}`] : []));
      expect(won).toHaveLength(1);
      expect((await one.listCalls())[0]?.owner).toBe(won[0]);
      expect(await one.adoptCall('gone', 'dead', 'heir')).toBe(false);
    });

    it('pings while it is open, and refuses everything once closed', async () => {
      expect(await one.ping()).toBe(true);
      await one.close();
      await one.close();
      expect(await one.ping()).toBe(false);
      await expect(one.putCall(sampleCall('c1'))).rejects.toMatchObject({ fault: 'closed' });
      expect(await two.ping()).toBe(true);
    });
  });
}
