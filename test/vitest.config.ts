import { defineConfig } from 'vitest/config';

// Projects from quick to slow. `unit` and `flows` need nothing but Node; `contract` and `sipp` need the embedded
// Asterisk that test/run.ts starts first, and fail without it.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/flows/**/*.test.ts'], isolate: false, maxWorkers: 2, testTimeout: 20_000 } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false } },
      { test: { name: 'live', include: ['test/live/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false } },
    ],
  },
});
