// Callers who hang up at a random moment, in every kind of step: exactly one record each, and nothing stays in Asterisk.
// GENVOICE_HANG_UPS sets how many; the seed is fixed.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { acme, bolt, DDI, OTHER_DDI } from './plans.ts';
import { until } from './until.ts';

const CALLS = Number(process.env['GENVOICE_HANG_UPS'] ?? 200);
const AT_ONCE = 20;
const LONGEST_MS = 3_000;
const NUMBERS = [...Object.values(DDI), OTHER_DDI];

let app: App;
const server = createServer((_, response) => void setTimeout(() => response.setHeader('content-type', 'application/json').end('{"tier":"gold"}'), 300));
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const lookupUrl = `http://${HOST}:${(server.address() as AddressInfo).port}/`;
  app = await startApp({ plans: { acme: acme({ lookupUrl }), bolt: bolt() }, env: { GENVOICE_LOOKUP_HOSTS: HOST, GENVOICE_LOOKUP_PRIVATE: 'true' } });
}, 120_000);
afterAll(async () => {
  await app.close();
  await new Promise((resolve) => server.close(resolve));
});

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function countRecords(): Promise<number> {
  let count = 0;
  for (let after = ''; ; ) {
    const page = await app.api.get<{ recent: { end: { code: string } }[]; next: string | null }>(`/v1/calls?state=ended&limit=500${after}`);
    count += page.recent.filter((call) => call.end.code !== 'overload').length;
    if (page.next === null) return count;
    after = `&after=${page.next}`;
  }
}

test(`given ${CALLS} callers who hang up at a random moment, then there are exactly ${CALLS} records and nothing is left`, async () => {
  await Promise.all([
    app.phone('acme', '201', { kind: 'answer', afterMs: 250 }), app.phone('acme', '202', { kind: 'busy' }), app.phone('acme', '203', { kind: 'no-answer' }),
    app.phone('bolt', '201', { kind: 'answer', afterMs: 100, hangUpAfterMs: 400 }),
  ]);
  const random = seeded(20_261_124);
  const plan = Array.from({ length: CALLS }, () => ({ to: NUMBERS[Math.floor(random() * NUMBERS.length)] ?? DDI.main, afterMs: Math.floor(random() * LONGEST_MS), keys: random() < 0.5 ? String(Math.floor(random() * 100)) : '' }));
  const ends = new Map<string, number>();
  const open = plan.values();
  const one = async (to: string, afterMs: number, keys: string): Promise<string> => {
    const call = await app.call(to, { keepAudioMs: 100 });
    void call.answered.then((answer) => (answer.isAnswered && keys !== '' ? call.sendDigits(keys) : 0)).catch(() => 0);
    const moment = new Promise((resolve) => setTimeout(resolve, afterMs));
    await Promise.race([moment, call.ended]);
    const { by, cause } = await call.hangup();
    return `${by} ${cause.sipCode ?? 'answered'}`;
  };
  const work = async (): Promise<void> => {
    for (const { to, afterMs, keys } of open) {
      // A machine that is busy with other things turns calls away; a carrier would come again.
      for (let how = 'remote 503'; how === 'remote 503'; ) {
        await app.calm();
        how = await one(to, afterMs, keys);
        ends.set(how, (ends.get(how) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await app.clean(20_000);
  let counted = 0;
  await until('all records are written', 10_000, async () => (counted = await countRecords()) >= CALLS, () => ({ counted, ends: Object.fromEntries(ends) }));
  expect(counted).toBe(CALLS);
  const records = await app.recent();
  expect(records.filter((record) => record.end?.fault === 'ours')).toEqual([]);
  expect(await app.api.get<{ alarms?: unknown[] }>('/v1/alarms').then((body) => JSON.stringify(body)).catch(() => '')).not.toContain('flow-bug');
}, 180_000);
