// Running the product: drain on SIGTERM, two instances side by side, and the genvoice command with its exit codes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, test } from 'vitest';
import { REPOSITORY, startApp } from './app.ts';
import type { App, AppOptions } from './app.ts';
import { ended, hears } from './hearing.ts';
import { DDI, OTHER_DDI } from './plans.ts';
import { until } from './until.ts';

const apps: App[] = [];
async function start(options: AppOptions = {}): Promise<App> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe('drain', () => {
  test('given a live call at SIGTERM, then it goes on, new calls get 503, and everything is gone when it has ended', async () => {
    const app = await start({ env: { GENVOICE_DRAIN_MS: '30000' } });
    const call = await app.call(DDI.long);
    await hears(call, 'long');
    app.terminate();
    await until('the drain has begun', 5_000, () => app.output.includes('no new calls'));
    let refused: number | undefined;
    await until('new calls get 503', 5_000, async () => {
      const late = await app.call(DDI.main);
      refused = (await late.hangup()).cause.sipCode;
      return refused === 503;
    }, () => refused);
    expect(call.state).toBe('answered');
    await call.hangup();
    await app.stop();
  });

  test('given a call that outlives the drain time, then it is ended, recorded, and everything is gone', async () => {
    const app = await start({ env: { GENVOICE_DRAIN_MS: '300' } });
    const call = await app.call(DDI.long);
    await hears(call, 'long');
    await app.stop();
    expect((await ended(call)).by).toBe('remote');
    await app.start();
    expect((await app.record(call)).end).toMatchObject({ by: 'us', code: 'shutdown' });
  });
});

test('given two instances on one machine, then each serves its own calls and the end of one leaves the other', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  const [first, second] = await Promise.all([one.call(DDI.long), two.call(OTHER_DDI)]);
  await Promise.all([hears(first, 'long'), hears(second, 'menu', 8_000, 'bolt')]);
  expect((await one.live()).map((call) => call.ddi)).toEqual([DDI.long]);
  expect((await two.live()).map((call) => call.ddi)).toEqual([OTHER_DDI]);
  await first.hangup();
  await one.stop();
  await second.sendDigits('1');
  await hears(second, 'one', 8_000, 'bolt');
  await ended(second);
  expect((await two.record(second)).end?.code).toBe('plan-end');
});

describe('the genvoice command', () => {
  interface Ran {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }
  const genvoice = (app: App, ...args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [join(REPOSITORY, 'src/cli/main.ts'), ...args], { cwd: app.world, env: { ...app.env }, timeout: 90_000 }, (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }));
    });

  test('given test calls, then the exit code says whether the plan was met, and --json is one document', async () => {
    const app = await start();
    const met = await genvoice(app, 'call', DDI.main, '--keys', '1');
    expect(met.code, `${met.stdout}${met.stderr}`).toBe(0);
    expect(met.stdout).toMatch(/answered after/);
    expect(met.stdout).toMatch(/as version 1 says/);
    const json = await genvoice(app, 'call', DDI.direct, '--answer', '201=answered', '--json');
    expect(json.code, `${json.stdout}${json.stderr}`).toBe(0);
    const document = JSON.parse(json.stdout) as { progress: { kind: string }[]; result: { verdict: string; callId: string; endedAt: string } };
    expect(document.result).toMatchObject({ verdict: 'as-planned', endedAt: 'Acme Ann' });
    expect(document.progress.map((one) => one.kind)).toContain('answered');
    const shown = await genvoice(app, 'calls', 'show', document.result.callId, '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: document.result.callId, isTest: true });
    // The plan says that somebody answers; the phones that are really there are busy.
    await Promise.all(['201', '202', '203'].map((extension) => app.phone('acme', extension, { kind: 'busy' })));
    const other = await genvoice(app, 'call', DDI.all);
    expect(other.code, `${other.stdout}${other.stderr}`).toBe(1);
    await app.closePhones();
    const late = await genvoice(app, 'call', DDI.long, '--time-limit', '2s');
    expect(late.code, `${late.stdout}${late.stderr}`).toBe(3);
    expect((await genvoice(app, 'numbers', 'list', '--json')).stdout).toContain(DDI.main);
    await app.clean();
    await app.stop();
    const away = await genvoice(app, 'call', DDI.main, '--json');
    expect(away.code).toBe(3);
    expect(`${away.stdout}${away.stderr}`).toMatch(/npm start/);
  }, 180_000);
});
