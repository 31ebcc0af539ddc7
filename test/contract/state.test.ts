// The state contract on memory, SQLite and a real Redis, and what each of the last two must do besides.
import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataPaths, openDataFolder } from '../../src/store/data-folder.ts';
import { MemoryState, newMemoryShelf } from '../../src/store/state/memory-state.ts';
import { openRedisState } from '../../src/store/state/redis-state.ts';
import type { RedisState } from '../../src/store/state/redis-state.ts';
import { openSqliteState } from '../../src/store/state/sqlite-state.ts';
import type { SqliteState } from '../../src/store/state/sqlite-state.ts';
import { startRedis } from '../parts/redis.ts';
import type { TestRedis } from '../parts/redis.ts';
import { describeState, sampleCall } from './state.ts';

function newFolder(): { folder: string; connect: (alarms?: string[]) => SqliteState } {
  const folder = mkdtempSync(join(tmpdir(), 'genvoice-state-'));
  openDataFolder({ folder, onAlarm: () => undefined }).close();
  const { state, switches } = dataPaths(folder).databases;
  const connect = (alarms: string[] = []): SqliteState =>
    openSqliteState({
      stateFile: state,
      switchesFile: switches,
      onAlarm: (text) => alarms.push(text),
      tidyEveryMs: 20,
    });
  return { folder, connect };
}

describeState('memory', async () => {
  const shelf = newMemoryShelf();
  return { connect: async () => new MemoryState(shelf), remove: async () => undefined };
});

describeState('SQLite', async () => {
  const { folder, connect } = newFolder();
  return { connect: async () => connect(), remove: async () => rmSync(folder, { recursive: true }) };
});

describe('state on SQLite alone', () => {
  it('survives a new opening', async () => {
    const { folder, connect } = newFolder();
    const first = connect();
    await first.putCall(sampleCall('c1'));
    await first.claimKey('calls/k', 'c1', 60_000);
    await first.putSwitch({ customer: 'acme', name: 'night', position: 'closed', setAtMs: 5, setBy: 'api' });
    await first.close();
    const second = connect();
    expect(await second.listCalls()).toEqual([sampleCall('c1')]);
    expect(await second.listSwitches()).toHaveLength(1);
    expect(await second.claimKey('calls/k', 'c2', 60_000)).toBe('c1');
    await second.close();
    rmSync(folder, { recursive: true });
  });

  it('sets rows aside that hold no call, says so, and gives the others', async () => {
    const { folder, connect } = newFolder();
    const alarms: string[] = [];
    const state = connect(alarms);
    await state.putCall(sampleCall('good'));
    const other = new DatabaseSync(dataPaths(folder).databases.state);
    const put = other.prepare('INSERT INTO live_calls (id, owner, snapshot) VALUES (?, ?, ?)');
    const texts = [
      '{',
      'null',
      '[]',
      '{"id":"bad-3"}',
      JSON.stringify({ ...sampleCall('bad-4'), activity: { kind: '__proto__', step: 'x' } }),
    ];
    for (const [n, text] of texts.entries()) put.run(`bad-${n}`, 'one', text);
    expect((await state.listCalls()).map(({ id }) => id)).toEqual(['good']);
    expect(state.unreadable).toBe(texts.length);
    expect(alarms).toHaveLength(texts.length);
    expect(alarms[0]).toContain('unreadable');
    expect(
      other
        .prepare('SELECT snapshot FROM unreadable ORDER BY id')
        .all()
        .map((row) => row['snapshot']),
    ).toEqual(texts);
    other.close();
    await state.close();
    rmSync(folder, { recursive: true });
  });

  it('moves the log into the file beside the main thread, so that the log stays small', async () => {
    const { folder, connect } = newFolder();
    const state = connect();
    const file = new DatabaseSync(dataPaths(folder).databases.state, { readOnly: true });
    await state.putCall(sampleCall('c1'));
    const pagesOf = (): number => Number(file.prepare('PRAGMA page_count').get()?.['page_count']);
    expect(pagesOf()).toBeGreaterThan(0);
    file.close();
    // With the log moved, the file alone, read without its log, has the call.
    await vi.waitFor(() => {
      const bare = new DatabaseSync(`file:${dataPaths(folder).databases.state}?immutable=1`, { readOnly: true });
      const row = bare.prepare('SELECT count(*) AS calls FROM live_calls').get();
      bare.close();
      expect(row?.['calls']).toBe(1);
    });
    await state.close();
    rmSync(folder, { recursive: true });
  });
});

describe('on a real Redis', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  describeState('Redis', async () => {
    const admin = new Redis(server.url);
    await admin.flushall();
    await admin.quit();
    return {
      connect: () => openRedisState({ url: server.url, onAlarm: () => undefined }),
      remove: async () => undefined,
    };
  });

  it('keeps two prefixes apart', async () => {
    const one = await openRedisState({ url: server.url, prefix: 'one', onAlarm: () => undefined });
    const two = await openRedisState({ url: server.url, prefix: 'two', onAlarm: () => undefined });
    await one.putCall(sampleCall('c1'));
    expect(await two.listCalls()).toEqual([]);
    expect(await one.listCalls()).toHaveLength(1);
    await one.close();
    await two.close();
  });

  it('sets snapshots aside that hold no call', async () => {
    const alarms: string[] = [];
    const state = await openRedisState({ url: server.url, prefix: 'odd', onAlarm: (text) => alarms.push(text) });
    await state.putCall(sampleCall('good'));
    const admin = new Redis(server.url);
    await admin.hset('odd:{state}:calls', 'bad', '{"id":"bad"');
    expect((await state.listCalls()).map(({ id }) => id)).toEqual(['good']);
    expect(await admin.hget('odd:{state}:unreadable', 'bad')).toBe('{"id":"bad"');
    expect(state.unreadable).toBe(1);
    expect(alarms.join()).toContain('bad');
    await admin.quit();
    await state.close();
  });

  it('says no quickly while the server is gone, and works again when it is back', async () => {
    const own = await startRedis();
    const alarms: string[] = [];
    const state: RedisState = await openRedisState({
      url: own.url,
      onAlarm: (text) => alarms.push(text),
      commandTimeoutMs: 500,
    });
    await state.putCall(sampleCall('c1'));
    await own.kill();
    expect(await state.ping()).toBe(false);
    const askedAt = performance.now();
    await expect(state.putCall(sampleCall('c2'))).rejects.toMatchObject({ fault: 'unreachable' });
    expect(performance.now() - askedAt).toBeLessThan(1500);
    await own.restart();
    await vi.waitFor(async () => expect(await state.ping()).toBe(true), { timeout: 10_000 });
    // A new server knows neither the calls nor our scripts.
    await state.putCall(sampleCall('c3'));
    expect((await state.listCalls()).map(({ id }) => id)).toEqual(['c3']);
    expect(alarms).toEqual([expect.stringContaining('out of reach'), expect.stringContaining('is back')]);
    await state.close();
    await own.stop();
  });

  it('never shows the password, neither in errors nor in alarms', async () => {
    const password = 'Sw0rdfish/+ü';
    const own = await startRedis({ password });
    const alarms: string[] = [];
    const onAlarm = (text: string): number => alarms.push(text);
    const wrong = own.url.replace(/:[^:@]+@/, ':wr0ng-Sw0rdfish@');
    const failed = await openRedisState({ url: wrong, onAlarm, connectTimeoutMs: 1000 }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('password in the settings'),
    });
    expect(String(failed)).not.toContain('Sw0rdfish');
    const state = await openRedisState({ url: own.url, onAlarm });
    await own.kill();
    const refused = await state.putCall(sampleCall('c1')).catch((error: unknown) => error);
    expect(String(refused)).toContain('127.0.0.1');
    expect([String(refused), ...alarms].join()).not.toContain('Sw0rdfish');
    await state.close();
    await own.stop();
  });

  it('refuses an address that is none, and one where nobody listens', async () => {
    const onAlarm = (): void => undefined;
    await expect(openRedisState({ url: 'localhost', onAlarm })).rejects.toMatchObject({ fault: 'refused' });
    await expect(openRedisState({ url: 'http://localhost', onAlarm })).rejects.toMatchObject({ fault: 'refused' });
    await expect(openRedisState({ url: 'redis://127.0.0.1:1', onAlarm, connectTimeoutMs: 300 })).rejects.toMatchObject({
      fault: 'unreachable',
    });
  });
});
