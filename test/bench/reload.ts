// One of 1,001 customers changes under load: what that does to the answer times of its own calls. Windows with and
// without changes alternate.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { Application } from './application.ts';
import { bar } from './answers.ts';
import type { Part } from './figures.ts';
import { runLoad } from './load.ts';
import { benchPlan, DDI, writePlans } from './plans.ts';
import { pause, watchTasks } from './responses.ts';
import { callers, menuCaller } from './scenarios.ts';
import { keysPcap } from './sounds.ts';
import { loadAverage, median, percentile, rounded } from './statistics.ts';

const CHANGE_EVERY_MS = 1_000;
const KEY_AFTER_MS = 300;

export interface ReloadOptions {
  readonly callsPerSecond: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly customers: number;
  readonly numbers: number;
  readonly rootFolder: string;
  readonly say: (line: string) => void;
}

export async function measureReload(options: ReloadOptions): Promise<Part> {
  const folder = mkdtempSync(join(tmpdir(), 'gv-bench-reload-'));
  writePlans(join(folder, 'plans'), 'http://127.0.0.1:9/', { customers: options.customers, numbers: options.numbers });
  const application = await Application.start({ folder });
  try {
    return await measure(application, options);
  } finally {
    await application.stop();
    removeInstanceFolder(join(folder, 'data/asterisk'));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(application: Application, options: ReloadOptions): Promise<Part> {
  const quiet: number[] = [];
  const changing: number[] = [];
  const loads: string[] = [];
  let failed = 0;
  let changes = 0;
  let longestTaskMs = 0;
  const load = async (): Promise<number> => {
    const result = await runLoad({
      rootFolder: options.rootFolder, target: application.asterisk.sipAddress, callsPerSecond: options.callsPerSecond, calls: options.callsPerSecond * options.seconds, graceMs: 6_000,
      scenario: menuCaller(KEY_AFTER_MS), files: { 'key-1.pcap': keysPcap('1'), 'callers.csv': callers([DDI.route], 1_000) }, args: ['-inf', 'callers.csv'],
    });
    failed += result.failed;
    return percentile(result.answerMs, 0.99);
  };
  await load();
  const before = await versionOf(application);
  for (let round = 0; round < options.rounds; round += 1) {
    loads.push(loadAverage());
    quiet.push(await load());
    const tasks = watchTasks({ application });
    let isOver = false;
    const editing = (async () => {
      while (!isOver) {
        changes += 1;
        saveWhole(join(application.folder, 'plans/bench.json'), JSON.stringify(benchPlan('http://127.0.0.1:9/', `Route ${changes}`, 30_000 + (changes % 60) * 1_000)));
        await pause(CHANGE_EVERY_MS);
      }
    })();
    changing.push(await load());
    isOver = true;
    await editing;
    longestTaskMs = Math.max(longestTaskMs, await tasks.stop());
    options.say(`  round ${round + 1}: p99 ${rounded(quiet.at(-1) ?? 0)} ms quiet, ${rounded(changing.at(-1) ?? 0)} ms with changes`);
  }
  const published = (await versionOf(application)) - before;
  const moved = median(changing) - median(quiet);
  return {
    title: `One of ${options.customers + 1} customers changes under ${options.callsPerSecond} calls/s`, commands: [],
    figures: [
      { name: 'INVITE to 200 OK p99', unit: 'ms', rounds: { 'no change': quiet, 'a change a second': changing } },
      { name: 'longest main-thread task with changes', unit: 'ms', rounds: { ours: [longestTaskMs] } },
    ],
    bars: [
      bar('Changing one customer under 100 calls/s moves p99 by less than 10 ms', moved, 10, 'ms', '+'),
      bar('No main-thread task over 20 ms (while a customer changes under load)', longestTaskMs, 20, 'ms'),
    ],
    notes: [`${changes} saves, ${published} versions published, ${failed} calls failed; ${(options.customers * options.numbers).toLocaleString('en-GB')} other numbers; load average before each round: ${loads.join('; ')}`],
  };
}

/** As an editor saves: beside it, then renamed. */
function saveWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function versionOf(application: Application): Promise<number> {
  const numbers = (await application.api('/v1/numbers')) as { numbers?: { ddi: string; planVersion: number }[] };
  return numbers.numbers?.find((one) => one.ddi === DDI.route)?.planVersion ?? Number.NaN;
}
