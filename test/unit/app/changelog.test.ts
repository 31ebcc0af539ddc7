// The change log is complete: what an operator meets by name is in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CallEventWire } from '../../../src/http/wire.ts';
import { SETTINGS } from '../../../src/settings.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

const text = readFileSync('src/CHANGELOG.md', 'utf8');
const words = new Set(text.match(/[A-Za-z][\w-]*/g));
const missing = (names: readonly string[]): string[] => names.filter((name) => !words.has(name));

test('every setting is in the change log', () => {
  const names = Object.values(SETTINGS).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(30);
  expect(missing(names)).toEqual([]);
});

test('every metric of ours is in the change log', async () => {
  const names = [...(await createMetrics().render()).text.matchAll(/^# TYPE (genvoice_\w+)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(missing(names)).toEqual([]);
});

test('every kind of event is in the change log', () => {
  const kinds = [...JSON.stringify(CallEventWire.toJSONSchema()).matchAll(/"(call-[a-z]+)"/g)].map(([, kind = '']) => kind);
  expect(kinds.length).toBeGreaterThanOrEqual(4);
  expect(missing(kinds)).toEqual([]);
});

test('every alarm that is raised by a name is in the change log', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(join('src', name), 'utf8'));
  const codes = sources.flatMap((source) => [...source.matchAll(/(?:\b(?:raise|alarm)\(|onFault\?\.\(\{\s*code: )'([a-z-]+)'/g)].map(([, code = '']) => code));
  expect(codes.length).toBeGreaterThan(15);
  expect(missing([...new Set(codes)])).toEqual([]);
});
