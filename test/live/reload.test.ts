// Plans that change under live calls: by saving the file, by the API, and by a file that is broken.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PlanRow } from '../../src/http/wire.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { ended, hears } from './hearing.ts';
import { acme, DDI } from './plans.ts';
import { until } from './until.ts';

let app: App;
let file: string;
beforeAll(async () => {
  app = await startApp();
  file = join(app.plansFolder, 'acme.json');
}, 120_000);
afterEach(() => app.clean());
afterAll(() => app.close());

const row = async (): Promise<PlanRow | undefined> => (await app.api.get<{ plans: PlanRow[] }>('/v1/plans')).plans.find((plan) => plan.customer === 'acme');
/** The plan with key 1 leading to another tone. */
const changed = (tone: string): string => JSON.stringify(acme({ steps: { one: { kind: 'play', say: [tone], on: { done: 'bye' }, fallback: 'bye' } } }), null, 2);

async function pressOne(): Promise<(tone: 'one' | 'gold' | 'plain' | 'failed') => Promise<void>> {
  const call = await app.call(DDI.patient);
  await hears(call, 'menu');
  return async (tone) => {
    await call.sendDigits('1');
    await hears(call, tone);
    await ended(call);
  };
}

describe('hot reload', () => {
  test('given a live call, when the file is saved, then that call keeps its plan and the next gets the new one', async () => {
    const before = (await row())?.version ?? 0;
    const old = await pressOne();
    writeFileSync(file, changed('gold'));
    await until('the new version serves', 10_000, async () => ((await row())?.version ?? 0) > before);
    const fresh = await pressOne();
    await old('one');
    await fresh('gold');
  });

  test.each([
    ['no JSON', '{ "schema": 1,', /./],
    ['a dangling target', JSON.stringify(acme({ steps: { one: { kind: 'play', say: ['one'], on: { done: 'nowhere' }, fallback: 'bye' } } })), /\/steps\/one\/on\/done/],
    ['a missing recording', JSON.stringify({ ...acme(), prompts: { ...(acme()['prompts'] as object), one: { file: 'absent.wav', text: 'Absent.' } } }), /\/prompts\/one\/file/],
  ])('given a file with %s, then it is refused, the problem is shown, and calls go on as before', async (_, text, where) => {
    const before = await row();
    writeFileSync(file, text);
    const refused = await until('the problem is shown', 10_000, async () => {
      const now = await row();
      return now !== undefined && now.problems.some((problem) => where.test(problem.path === '' ? problem.message : problem.path)) ? now : undefined;
    }, async () => (await row())?.problems);
    expect(refused.version).toBe(before?.version);
    await (await pressOne())('gold');
    writeFileSync(file, changed('gold'));
    await until('the problem is gone', 10_000, async () => (await row())?.problems.length === 0);
  });

  test('given a plan published over the API, then it serves and the file holds it; without the right hash it is refused', async () => {
    const current = await app.api.send('GET', '/v1/plans/acme');
    const wrong = await app.api.send('PUT', '/v1/plans/acme', changed('plain'), { 'if-match': '"0000"' });
    expect(wrong.status).toBe(412);
    const published = await app.api.put<{ version: number }>('/v1/plans/acme', changed('plain'), { 'if-match': current.etag ?? '' });
    expect(published.version).toBe((await row())?.version);
    await (await pressOne())('plain');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(changed('plain')));
  });

  test('given an unpublished edit in the file, when another plan is published, then the edit is not written over', async () => {
    writeFileSync(file, '{ "half": ');
    await until('the edit is seen', 10_000, async () => ((await row())?.problems.length ?? 0) > 0);
    const current = await app.api.send('GET', '/v1/plans/acme');
    const answer = await app.api.send('PUT', '/v1/plans/acme', changed('failed'), { 'if-match': current.etag ?? '' });
    expect(answer.status).toBe(409);
    expect(readFileSync(file, 'utf8')).toBe('{ "half": ');
    await (await pressOne())('plain');
  });
});
