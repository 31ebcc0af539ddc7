// What has to be sent survives on disk, whole, and nothing from outside becomes a path.
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOutbox } from '../../../src/store/outbox.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'gv-outbox-')), 'notices');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

test('what was put is there for the next one that opens it, in order, until it is removed', async () => {
  const first = await openOutbox(folder);
  await first.put('b-email', { a: 2 });
  await first.put('a-webhook', { a: 1 });
  await first.put('a-webhook', { a: 3 });
  const second = await openOutbox(folder);
  expect(await second.all(10)).toEqual([{ id: 'a-webhook', value: { a: 3 } }, { id: 'b-email', value: { a: 2 } }]);
  expect(await second.all(1)).toHaveLength(1);
  await second.remove('a-webhook');
  await second.remove('a-webhook');
  expect((await second.all(10)).map(({ id }) => id)).toEqual(['b-email']);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('what is unfinished, no JSON or too long goes', async () => {
  await openOutbox(folder);
  await writeFile(join(folder, 'x.json.123.unfinished'), '{');
  await writeFile(join(folder, 'torn.json'), '{"a":');
  await writeFile(join(folder, 'long.json'), JSON.stringify('x'.repeat(70_000)));
  expect(await (await openOutbox(folder)).all(10)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test.each(['../x', 'a/b', '', '.hidden'])('an id %j is refused', async (id) => {
  await expect((await openOutbox(folder)).put(id, {})).rejects.toThrow('outbox id');
});
