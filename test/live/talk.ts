// What tests of phones share: one application for the whole file, proven clean after each test, and the two voices of a
// conversation. Read `appForFile`.
import { afterAll, afterEach, beforeAll } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import { startApp } from './app.ts';
import type { App, AppOptions } from './app.ts';

export const CALLER_HZ = 2_100;
export const PHONE_HZ = 2_300;
/** A minute of the caller's voice, and of the phone's. */
export const fromCaller = alawTone(CALLER_HZ, 60_000);
export const fromPhone = alawTone(PHONE_HZ, 60_000);

const START_LIMIT_MS = 120_000;

/** Hands the running application over before the first test; after each nothing of it is left, and phones are gone. */
export function appForFile(take: (app: App) => void, options: AppOptions = {}): void {
  let app: App | null = null;
  beforeAll(async () => {
    app = await startApp(options);
    take(app);
  }, START_LIMIT_MS);
  afterEach(async () => {
    await app?.clean();
    await app?.closePhones();
  });
  afterAll(() => app?.close());
}
