// Calls through hours, menus, submenus and single steps on the real application: what callers hear and what is recorded.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { answered, ended, hears, tonesOf } from './hearing.ts';
import { DDI } from './plans.ts';

let app: App;
beforeAll(async () => {
  app = await startApp();
}, 120_000);
afterEach(() => app.clean());
afterAll(() => app.close());

const texts = (record: { trace: readonly { step: string | null; outcome: string }[] }): string[] => record.trace.map((line) => `${line.step ?? '-'} ${line.outcome}`);

describe('menu', () => {
  test('given open hours, when the caller presses 1 in the menu, then the prompt of that choice is heard, then the end of the plan', async () => {
    const call = await app.call(DDI.main);
    await answered(call);
    await hears(call, 'menu');
    await call.sendDigits('1');
    const end = await ended(call);
    expect(end.by).toBe('remote');
    expect(tonesOf(call)).toEqual(['menu', 'one', 'bye']);
    const record = await app.record(call);
    expect(record).toMatchObject({ customer: 'acme', ddi: DDI.main, direction: 'inbound', end: { by: 'us', fault: 'none', code: 'plan-end' } });
    expect(texts(record)).toEqual(['opening open', 'menu choice', 'one done', 'bye ended']);
  });

  test('given a menu, when the first RTP comes, then it is a prompt and within 500 ms of the answer', async () => {
    const call = await app.call(DDI.main);
    await answered(call);
    const answerAtMs = performance.now();
    await hears(call, 'menu');
    expect((call.rtp?.stats().firstActiveAtMs ?? Infinity) - answerAtMs).toBeLessThan(500);
    await call.hangup();
    expect((await app.record(call)).end).toMatchObject({ by: 'caller', code: 'hung-up', cause: 16 });
  });

  test('given a submenu, when star is pressed, then the menu is offered again', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.sendDigits('6');
    await hears(call, 'sub');
    await call.sendDigits('*');
    await call.sendDigits('1');
    await ended(call);
    expect(texts(await app.record(call))).toEqual(['opening open', 'menu choice', 'submenu choice', 'menu choice', 'one done', 'bye ended']);
  });

  test('given wrong keys, when the retries are used up, then the exit for wrong keys is taken', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.sendDigits('8');
    await call.sendDigits('8');
    await ended(call, 20_000);
    expect(tonesOf(call).slice(-2)).toEqual(['wrong', 'bye']);
    expect(texts(await app.record(call))[1]).toBe('menu no-match');
  });

  test('given silence, when the retries are used up, then the exit for silence is taken', async () => {
    const call = await app.call(DDI.main);
    await ended(call, 20_000);
    expect(tonesOf(call)).toEqual(['menu', 'menu', 'nothing', 'bye']);
    expect(texts(await app.record(call))[1]).toBe('menu no-input');
  });

  test('given type-ahead, when 6 and 1 are pressed at once, then both menus are passed', async () => {
    const call = await app.call(DDI.main);
    await answered(call);
    await call.sendDigits('61');
    await ended(call);
    expect(texts(await app.record(call))).toEqual(['opening open', 'menu choice', 'submenu choice', 'other done', 'bye ended']);
  });

  test('given choices 1 and 12, when 1 and 2 are pressed, then 12 is taken', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.sendDigits('12');
    await hears(call, 'other');
    await ended(call);
    expect(tonesOf(call)).not.toContain('one');
  });

  test('given secret digits, when they are collected, then neither record nor log holds them', async () => {
    const call = await app.call(DDI.collect);
    await hears(call, 'sub');
    await call.sendDigits('7391#');
    await hears(call, 'one');
    await ended(call);
    const record = await app.record(call);
    expect(texts(record)).toEqual(['account collected', 'one done', 'bye ended']);
    expect(JSON.stringify(record)).not.toContain('7391');
    expect(readFileSync(join(app.data, 'log/genvoice.log'), 'utf8')).not.toContain('7391');
  });

  test('given a menu that takes extensions, when 201 is dialled and nobody is there, then the extension is rung and voicemail takes over', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.sendDigits('201');
    await hears(call, 'greeting');
    await call.hangup();
    expect(texts(await app.record(call)).slice(0, 3)).toEqual(['opening open', 'menu extension', '@201 unreachable']);
  });
});
