// Many calls at once in menus: heap after collection early and late, Asterisk's channels and bridges back to zero, no key
// lost. The short form is part of every run; ten minutes with --soak.
import { held, type Application } from './application.ts';
import type { Bar, Part } from './figures.ts';
import { leftovers, leftText } from './ledger.ts';
import { runLoad } from './load.ts';
import { DDI } from './plans.ts';
import { pause, watchTasks } from './responses.ts';
import { callers, menuDweller } from './scenarios.ts';
import { keysPcap } from './sounds.ts';
import { loadAverage, rounded } from './statistics.ts';

const PRESSES = 7;
const PRESS_EVERY_MS = 4_000;
/** A caller stays for this long, then the next one comes. */
const STAY_MS = (PRESSES + 1) * PRESS_EVERY_MS;

export interface DwellOptions {
  readonly rootFolder: string;
  readonly atOnce: number;
  readonly minutes: number;
  readonly say: (line: string) => void;
}

/** `application` must have been started with --inspect=127.0.0.1:0. */
export async function measureDwell(application: Application, options: DwellOptions): Promise<Part> {
  const { atOnce, minutes } = options;
  const lengthMs = minutes * 60_000;
  const callsPerSecond = atOnce / (STAY_MS / 1_000);
  const calls = Math.ceil((lengthMs / 1_000) * callsPerSecond);
  const load = loadAverage();
  const before = { menus: await sum(application, 'genvoice_step_seconds_count{kind="menu"}'), ended: await sum(application, 'genvoice_calls_ended_total') };
  const tasks = watchTasks({ application });
  const startedMs = performance.now();
  const running = runLoad({
    rootFolder: options.rootFolder, target: application.asterisk.sipAddress, scenario: menuDweller(PRESSES, PRESS_EVERY_MS), callsPerSecond, calls, graceMs: STAY_MS + 15_000,
    files: { ...Object.fromEntries(Array.from({ length: PRESSES }, (_, turn) => [`key-${turn}.pcap`, keysPcap('1', turn)])), 'callers.csv': callers([DDI.dwell], 9_999) }, args: ['-inf', 'callers.csv'],
  });
  const heapAt = async (share: number): Promise<{ heap: number; live: number }> => {
    await pause(Math.max(0, startedMs + lengthMs * share - performance.now()));
    const heap = await application.heapAfterCollection();
    const live = await application.liveCalls();
    options.say(`  at ${rounded((performance.now() - startedMs) / 1_000, 0)} s: ${rounded(heap / 1e6, 1)} MB after collection, ${live} live calls`);
    return { heap, live };
  };
  // Full after the first stay; minute 2 of 10 in the long form.
  const early = await heapAt(Math.max(0.2, Math.min(0.9, (STAY_MS + 2_000) / lengthMs)));
  const late = await heapAt(0.98);
  const result = await running;
  const longestTaskMs = await tasks.stop();
  const left = await leftovers(application);
  const menus = (await sum(application, 'genvoice_step_seconds_count{kind="menu"}')) - before.menus;
  const ended = (await sum(application, 'genvoice_calls_ended_total')) - before.ended;
  // Each key ends one menu, and each hang-up the menu it happened in.
  const lost = calls * (PRESSES + 1) - menus;
  const grown = (late.heap / early.heap - 1) * 100;
  const isShort = minutes < 10 || atOnce < 500;
  const form = isShort ? `, short form of ${minutes * 60} s` : '';
  const short = isShort ? { shortOf: `${atOnce} calls for ${minutes * 60} s` } : {};
  const isFull = early.live >= atOnce * 0.95 && late.live >= atOnce * 0.95;
  const bars: Bar[] = [
    { ...short, text: '500 calls at once in menus for 10 minutes: heap after collection at minute 10 within 5 % of minute 2', measured: `${grown >= 0 ? '+' : ''}${rounded(grown)} % (${rounded(early.heap / 1e6)} to ${rounded(late.heap / 1e6)} MB, ${early.live} and ${late.live} live)`, isMet: Math.abs(grown) <= 5 && isFull },
    { ...short, text: "500 calls at once in menus for 10 minutes: Asterisk's channels and bridges back to zero", measured: leftText(left), isMet: left.live === 0 && left.channels === 0 && left.bridges === 0 },
    { ...short, text: '500 calls at once in menus for 10 minutes: no lost event', measured: `${lost} of ${calls * (PRESSES + 1)} menu outcomes missing, ${calls - ended} of ${calls} ends missing, ${result.failed} calls failed`, isMet: lost === 0 && ended === calls && result.failed === 0 },
  ];
  return {
    title: `${atOnce} calls at once in menus${form}`, commands: [result.command], figures: [{ name: 'longest main-thread task, collections for the measurement included', unit: 'ms', rounds: { ours: [longestTaskMs] } }], bars,
    notes: [`${calls} calls of ${STAY_MS / 1_000} s with a key every ${PRESS_EVERY_MS / 1_000} s; ${(await held(application.asterisk)).channels} channels after it; load average before: ${load}`, ...(result.errors.includes('Aborting') ? [`SIPp says: ${result.errors.replaceAll(/\s+/g, ' ').slice(0, 300)}`] : [])],
  };
}

/** Sum of all lines of a metric that begin with `name`. */
async function sum(application: Application, name: string): Promise<number> {
  const response = await fetch(`${application.httpUrl}/metrics`, { headers: { authorization: `Bearer ${application.key()}` } });
  return (await response.text()).split('\n').filter((line) => line.startsWith(name)).reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
