// The trunk file while the application runs: what is right is taken over, what is wrong changes nothing and is said.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TrunkBook, trunksText } from '../../../src/app/trunk-book.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gv-trunks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LOOPBACK = JSON.stringify({ trunks: { loopback: { name: 'This machine', match: ['127.0.0.1'] } } });
const CARRIER = JSON.stringify({ trunks: { gamma: { name: 'Gamma', match: ['192.0.2.1'], address: 'sip.gamma.example', emergency: true, ddiFrom: 'to' } } });

async function book(text: string | null) {
  const file = join(folder, 'trunks.json');
  if (text !== null) await writeFile(file, text);
  const clock = new FakeClock(0);
  const alarms = createAlarms(() => clock.nowMs());
  return { file, clock, alarms, opened: TrunkBook.open({ file, label: 'dialplan/trunks.json', variable: () => undefined, clock, alarms }) };
}

test('a file that is not there means no trunks, and 999 is said to have no way out', async () => {
  const { opened } = await book(null);
  const trunks = await opened;
  expect(trunks.all).toEqual([]);
  expect(trunks.emergencyEndpoints()).toEqual([]);
  expect(trunks.warnings.join()).toContain('999 and 112 cannot leave');
});

test('a file as shipped leads to the demo carrier until anything else is written into it', async () => {
  const { file, clock, alarms } = await book(LOOPBACK);
  const trunks = await TrunkBook.open({ file, label: 'trunks.json', variable: () => undefined, clock, alarms, demoAddress: '127.0.0.1:5999' });
  expect(trunks.isDemo).toBe(true);
  expect(trunks.isLoopbackOnly).toBe(true);
  expect(trunks.outbound).toMatchObject([{ id: 'loopback', endpoint: 'trunk-loopback', emergency: false }]);
  for (const text of [CARRIER, JSON.stringify({ trunks: { loopback: { name: 'This machine', match: ['127.0.0.1', '192.0.2.1'] } } })]) {
    await writeFile(file, text);
    await trunks.look();
    expect(trunks.isDemo).toBe(false);
    expect(trunksText(trunks.all, ['alaw'])).not.toContain('5999');
  }
});

test('what stands for a missing file is in force until there is one, and comes back for none that goes away', async () => {
  const file = join(folder, 'trunks.json');
  const clock = new FakeClock(0);
  const trunks = await TrunkBook.open({ file, label: 'trunks.json', whenMissing: LOOPBACK, variable: () => undefined, clock, alarms: createAlarms(() => 0) });
  await trunks.look();
  expect(trunks.all.map(({ id }) => id)).toEqual(['loopback']);
  await writeFile(file, CARRIER);
  await trunks.look();
  expect(trunks.all.map(({ id }) => id)).toEqual(['gamma']);
  await rm(file);
  await trunks.look();
  expect(trunks.all.map(({ id }) => id)).toEqual(['gamma']);
});

test('999 is tried over the marked trunk, then over every other one that calls can go to, in the order of the file', async () => {
  const { opened } = await book(JSON.stringify({
    trunks: {
      alpha: { name: 'A', match: ['192.0.2.1'], address: 'a.example' }, inward: { name: 'I', match: ['192.0.2.2'] },
      gamma: { name: 'G', match: ['192.0.2.3'], address: 'g.example', emergency: true }, delta: { name: 'D', match: ['192.0.2.4'], address: 'd.example' },
    },
  }));
  expect((await opened).emergencyEndpoints()).toEqual(['trunk-gamma', 'trunk-alpha', 'trunk-delta']);
});

test('a file that cannot be used at the start names every problem', async () => {
  const { opened } = await book('{"trunks":{"a":{"name":"A"},"B":{}}}');
  await expect(opened).rejects.toThrow(/dialplan\/trunks\.json cannot be used/);
});

test('an edit takes effect and is handed on once', async () => {
  const { opened, file } = await book(LOOPBACK);
  const trunks = await opened;
  const handed: string[][] = [];
  trunks.watch(async (all) => void handed.push(all.map(({ id }) => id)), false);
  await trunks.look();
  expect(handed).toEqual([]);
  await writeFile(file, CARRIER);
  await trunks.look();
  await trunks.look();
  expect(handed).toEqual([['gamma']]);
  expect(trunks.emergencyEndpoints()[0]).toBe('trunk-gamma');
  expect(trunks.byId('gamma')?.ddiFrom).toBe('to');
  expect(trunks.warnings).toEqual([]);
  trunks.close();
});

test('trunks that calls go out over: as the choice of a route wants them, emergency ones by priority', async () => {
  const carrier = (id: string, more: object) => ({ name: id, match: [], registration: { server: 'h', user: 'u', passwordFromEnv: 'P' }, address: `${id}.example:5061`, ...more });
  const text = JSON.stringify({ trunks: { loopback: { name: 'In', match: ['127.0.0.1'] }, b: carrier('b', { emergency: true, endpoint: 'own-name' }), a: carrier('a', { emergency: true, priority: 1, domain: 'other.example', qualifyMs: 0 }), c: carrier('c', {}) } });
  await writeFile(join(folder, 'trunks.json'), text);
  const clock = new FakeClock(0);
  const trunks = await TrunkBook.open({ file: join(folder, 'trunks.json'), label: 'x', variable: () => 'pw', clock, alarms: createAlarms(() => 0) });
  expect(trunks.outbound.map(({ id, endpoint, domain }) => `${id} ${endpoint} ${domain}`)).toEqual(['b own-name b.example', 'a trunk-a other.example', 'c trunk-c c.example']);
  expect(trunks.outbound[0]).not.toHaveProperty('qualifyMs');
  expect(trunks.emergencyEndpoints()).toEqual(['trunk-a', 'own-name', 'trunk-c']);
  const written = trunksText(trunks.all, ['alaw']).split('\n');
  expect(written.filter((line) => line.startsWith('qualify_frequency='))).toEqual(['qualify_frequency=0', 'qualify_frequency=0', 'qualify_frequency=2']);
  expect(written.filter((line) => line.startsWith('from_domain='))).toEqual(['from_domain=b.example', 'from_domain=other.example', 'from_domain=c.example']);
});

test('a broken edit keeps what was, raises an alarm with the problem, and its mend ends the alarm', async () => {
  const { opened, file, alarms } = await book(CARRIER);
  const trunks = await opened;
  let handed = 0;
  trunks.watch(async () => void (handed += 1), false);
  await writeFile(file, CARRIER.replace('192.0.2.1', '192.0.2.'));
  await trunks.look();
  expect(trunks.emergencyEndpoints()[0]).toBe('trunk-gamma');
  expect(alarms.list()).toMatchObject([{ code: 'trunk-file' }]);
  expect(alarms.list()[0]?.text).toMatch(/stay in force[^]*\/trunks\/gamma\/match\/0/);
  await rm(file);
  await trunks.look();
  expect(trunks.all).toHaveLength(1);
  expect(handed).toBe(0);
  await writeFile(file, LOOPBACK);
  await trunks.look();
  expect(alarms.list()).toEqual([]);
  expect(handed).toBe(1);
  trunks.close();
});

test('what Asterisk did not take is handed on again until it does', async () => {
  const { opened, clock, alarms } = await book(LOOPBACK);
  const trunks = await opened;
  let tries = 0;
  trunks.watch(async () => {
    tries += 1;
    if (tries < 3) throw new Error('no link');
  }, true);
  // Each look reads the file, which virtual time does not wait for.
  await clock.run(() => tries === 1, 1).catch(() => {});
  await expect.poll(() => tries).toBe(1);
  await expect.poll(() => alarms.list().map(({ code }) => code)).toEqual(['trunks']);
  await trunks.look();
  await trunks.look();
  await trunks.look();
  expect(tries).toBe(3);
  expect(alarms.list()).toEqual([]);
  trunks.close();
});

test('the same trunks make the same text, so that a restart reloads nothing', async () => {
  const { opened } = await book(CARRIER);
  const { all } = await opened;
  expect(trunksText(all, ['alaw'])).toBe(trunksText(all, ['alaw']));
  expect(trunksText(all, ['alaw'])).toContain('[trunk-gamma]');
});
