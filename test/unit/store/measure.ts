// What the stores cost the main thread: `node test/unit/store/measure.ts [SECONDS] [FOLDER]`. Not a test: figures only.
// First single writes in a row, then 200 records and 1,000 state writes a second, with the longest pause of the loop.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openSqliteRecords } from '../../../src/store/records/sqlite-records.ts';
import { openSqliteState } from '../../../src/store/state/sqlite-state.ts';
import { sampleCall } from '../../contract/state.ts';
import { sampleRecord } from './sample-record.ts';

const seconds = Number(process.argv[2] ?? 20);
const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'genvoice-measure-'));
const onAlarm = (text: string): void => console.error(text);
const data = openDataFolder({ folder, onAlarm });
const { databases, spool } = data.paths;
const records = openSqliteRecords({ databaseFile: databases.records, spoolFolder: spool, onAlarm });
const state = openSqliteState({ stateFile: databases.state, switchesFile: databases.switches, onAlarm });
await records.flush();

const took: { putCall: number[]; putRecord: number[] } = { putCall: [], putRecord: [] };
function timed(list: number[], act: () => unknown): void {
  const from = process.hrtime.bigint();
  act();
  list.push(Number(process.hrtime.bigint() - from) / 1000);
}
function report(title: string, list: number[]): void {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  console.log(
    `${title}: n ${sorted.length}, mean ${mean.toFixed(1)} µs, p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, longest ${at(1)} µs`,
  );
}

for (let n = 0; n < 20_000; n += 1) {
  timed(took.putCall, () => void state.putCall(sampleCall(`warm-${n % 500}`)));
  timed(took.putRecord, () => records.putRecord(sampleRecord(`row-${n}`)));
  if (n % 20 === 0) await nextTurn();
}
report('putCall in a row', took.putCall.slice(1000));
report('putRecord in a row', took.putRecord.slice(1000));
console.log(
  `snapshot ${JSON.stringify(sampleCall('x')).length} characters, record ${JSON.stringify(sampleRecord('x')).length} characters`,
);
await records.flush();

took.putCall = [];
took.putRecord = [];
// The same loop and the same work without the stores: what this machine's other load does to any process.
const bare: number[] = [];
await everyFiveMs(() => {
  for (let k = 0; k < 6; k += 1) timed(bare, () => JSON.stringify(sampleRecord(`bare-${k}`)));
});
report('no store, only JSON', bare);

await everyFiveMs((n) => {
  for (let k = 0; k < 5; k += 1) timed(took.putCall, () => void state.putCall(sampleCall(`live-${(n * 5 + k) % 300}`)));
  timed(took.putRecord, () => records.putRecord(sampleRecord(`timed-${n}`)));
});
report('putCall at 1,000/s', took.putCall);
report('putRecord at 200/s', took.putRecord);
await records.flush();
console.log(`stored ${await records.countRecords()}`, records.counters);
await state.close();
await records.close();
data.close();
rmSync(folder, { recursive: true });

async function everyFiveMs(act: (n: number) => void): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let n = 0;
  let longestOwnMs = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const [from, waitedBefore] = [performance.now(), waitedForCpuMs()];
      act(n);
      longestOwnMs = Math.max(longestOwnMs, performance.now() - from - (waitedForCpuMs() - waitedBefore));
      n += 1;
      if (n < seconds * 200) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  delay.disable();
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(2);
  console.log(
    `loop delay over ${seconds} s: mean ${ms(delay.mean)} ms, p99 ${ms(delay.percentile(99))}, longest ${ms(delay.max)} ms (1 ms of it is the meter's own); longest turn of work less its waits for a CPU ${longestOwnMs.toFixed(2)} ms`,
  );
}

/** How long this thread was ready to run and had no CPU (Linux): the share of other programs in a pause. */
function waitedForCpuMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1] ?? 0) / 1e6;
}
