import { describe, expect, test } from 'vitest';
import { LastKnownRoute } from '../../../src/app/last-known-route.ts';
import { shardOf } from '../../../src/embedded/fallback-files.ts';
import type { MediaSource } from '../../../src/ports/plan-source.ts';
import { compile } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';

function planOf(customer: string, ddis: readonly string[], ringMs = 20_000): RoutingPlan {
  const { plan, problems } = compile({
    schema: 1,
    organisation: { name: customer, contact: 'x', timeZone: 'Europe/London', nation: 'england' },
    numbers: Object.fromEntries(ddis.map((ddi) => [ddi, { label: 'x', entry: 'desk' }])),
    extensions: { 201: { name: 'Ada' } },
    steps: { desk: { kind: 'ring', label: 'Desk', targets: [{ extension: '201' }], ringMs, fallback: 'bye' }, bye: { kind: 'end', label: 'End', how: 'hang-up' } },
    failsafe: 'bye',
  }, { customer, version: 1, hash: `${customer}${ringMs}` });
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}

class World {
  readonly plans = new Map<string, RoutingPlan>();
  readonly files = new Map<string, string>();
  readonly written: string[] = [];
  readonly alarms = createAlarms(() => 0);
  fails = false;
  readonly route = new LastKnownRoute(
    { byCustomer: (customer) => this.plans.get(customer) ?? null, byDdi: () => null, byHash: () => Promise.resolve(null), customers: () => [...this.plans.keys()], onChange: () => undefined },
    { prompt: () => null, phrase: () => null } satisfies MediaSource,
    this.alarms,
    (plan, extension) => `${plan.customer}-${extension.number}`,
    {
      names: () => Promise.resolve([...this.files.keys()]),
      write: (name, text) => {
        if (this.fails) return Promise.reject(new Error('ENOSPC'));
        this.written.push(name);
        if (text === null) this.files.delete(name);
        else this.files.set(name, text);
        return Promise.resolve();
      },
    },
  );

  async has(...plans: readonly RoutingPlan[]): Promise<void> {
    for (const plan of plans) this.plans.set(plan.customer, plan);
    this.written.length = 0;
    this.route.renew(plans.map(({ customer }) => customer));
    await this.route.idle();
  }
}
// Both lie in 601.conf, the third elsewhere.
const [ACME, BOLT, FAR] = ['+441632960101', '+441632960102', '+442079460934'] as const;

describe('last known routes', () => {
  test('given two customers in one file, when one changes, then that file alone is written, with both', async () => {
    const world = new World();
    await world.has(planOf('acme', [ACME]), planOf('bolt', [BOLT]), planOf('cole', [FAR]));
    expect(new Set(world.files.keys())).toEqual(new Set([shardOf(ACME), shardOf(FAR)]));
    await world.has(planOf('acme', [ACME], 31_000));
    expect(world.written).toEqual([shardOf(ACME)]);
    expect(world.files.get(shardOf(ACME))).toContain('[441632960101]\nring=PJSIP/acme-201\nseconds=31\n');
    expect(world.files.get(shardOf(ACME))).toContain('[441632960102]\nring=PJSIP/bolt-201\nseconds=20\n');
  });

  test('given a change that moves no route, then nothing is written', async () => {
    const world = new World();
    await world.has(planOf('acme', [ACME]));
    await world.has(planOf('acme', [ACME]));
    expect(world.written).toEqual([]);
  });

  test('given files of customers that are gone, when it starts, then they are taken away', async () => {
    const world = new World();
    world.files.set('999.conf', '[440000099900]\n');
    await world.has(planOf('acme', [ACME]));
    expect([...world.files.keys()]).toEqual([shardOf(ACME)]);
  });

  test('given a withdrawn customer, then its lines go, and the file with the last of them', async () => {
    const world = new World();
    await world.has(planOf('acme', [ACME]), planOf('bolt', [BOLT]));
    for (const [customer, left] of [['acme', 1], ['bolt', 0]] as const) {
      world.plans.delete(customer);
      world.route.renew([customer]);
      await world.route.idle();
      expect(world.files.size).toBe(left);
      expect(world.files.get(shardOf(ACME)) ?? '').not.toContain(customer);
    }
  });

  test('given a full disk, then there is an alarm, and the next change writes what was left over as well', async () => {
    const world = new World();
    world.fails = true;
    await world.has(planOf('acme', [ACME]));
    expect(world.alarms.list().map(({ code }) => code)).toEqual(['fallback-route']);
    world.fails = false;
    await world.has(planOf('cole', [FAR]));
    expect(world.alarms.list()).toEqual([]);
    expect(world.files.size).toBe(2);
  });

  test('given a thousand customers, then others get their turn while they are written', async () => {
    const world = new World();
    let turns = 0;
    let next = setImmediate(function turn() {
      turns += 1;
      next = setImmediate(turn);
    });
    const plans = Array.from({ length: 1_000 }, (_, at) => planOf(`c${at}`, [`+4420${79_000_000 + at * 10}`]));
    const before = process.cpuUsage();
    await world.has(...plans);
    const { user, system } = process.cpuUsage(before);
    clearImmediate(next);
    expect(world.files.size).toBe(100);
    // One for each 20 ms of the process's own work at least, however quick or busy the machine is.
    expect(turns).toBeGreaterThanOrEqual(Math.floor((user + system) / 1_000 / 20));
  });
});
