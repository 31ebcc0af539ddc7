// INVITE to 200 OK and processor time per call at 100 calls a second, three alternating rounds.
import type { Part } from './figures.ts';
import { COLUMNS, type Column, type World } from './world.ts';
import { loadAverage, median, percentile, rounded } from './statistics.ts';



type ByColumn = Record<Column, number[]>;
const empty = (): ByColumn => ({ native: [], bare: [], ours: [] });

export async function measureAnswers(world: World, options: { readonly callsPerSecond: number; readonly rounds: number; readonly seconds: number; readonly say: (line: string) => void }): Promise<Part> {
  const p50 = empty();
  const p99 = empty();
  const asterisk = empty();
  const node = empty();
  const both = empty();
  const failed = empty();
  const loads: string[] = [];
  let command = '';
  const { callsPerSecond } = options;
  const calls = callsPerSecond * options.seconds;
  // The first calls of a process are those of a cold one.
  for (const column of COLUMNS) await world.load(column, callsPerSecond, callsPerSecond);
  for (let round = 0; round < options.rounds; round += 1) {
    loads.push(loadAverage());
    for (const column of COLUMNS) {
      const result = await world.load(column, callsPerSecond, calls);
      command = result.command;
      p50[column].push(percentile(result.answerMs, 0.5));
      p99[column].push(percentile(result.answerMs, 0.99));
      asterisk[column].push(result.asteriskMs / calls);
      node[column].push(result.nodeMs / calls);
      both[column].push((result.asteriskMs + result.nodeMs) / calls);
      failed[column].push(result.failed);
      options.say(`  round ${round + 1} ${column}: p50 ${rounded(p50[column].at(-1) ?? 0)} p99 ${rounded(p99[column].at(-1) ?? 0)} ms, ${rounded(both[column].at(-1) ?? 0, 2)} ms CPU a call, ${result.failed} failed`);
    }
  }
  const added = (times: ByColumn): number => median(times.ours) - median(times.native);
  const ratio = (base: Column): number => median(both.ours) / median(both[base]);
  return {
    title: `Answer time and processor time at ${callsPerSecond} calls/s`,
    commands: [command],
    figures: [
      { name: 'INVITE to 200 OK p50', unit: 'ms', rounds: p50, digits: 2 }, { name: 'INVITE to 200 OK p99', unit: 'ms', rounds: p99, digits: 2 },
      { name: 'CPU per call, Asterisk', unit: 'ms', rounds: asterisk, digits: 2 }, { name: 'CPU per call, Node', unit: 'ms', rounds: node, digits: 2 },
      { name: 'CPU per call, both', unit: 'ms', rounds: both, digits: 2 }, { name: 'failed calls', unit: 'calls', rounds: failed, digits: 0 },
    ],
    bars: [
      bar('INVITE to 200 OK added by us over native: p50 at most +2 ms at 100 calls/s', added(p50), 2, 'ms', '+'),
      bar('INVITE to 200 OK added by us over native: p99 at most +10 ms at 100 calls/s', added(p99), 10, 'ms', '+'),
      bar("CPU per call (Asterisk plus us) at most 2.0 times native's", ratio('native'), 2, 'times'),
      bar("CPU per call (Asterisk plus us) at most 1.2 times bare Stasis's", ratio('bare'), 1.2, 'times'),
    ],
    notes: [`${calls} calls a column and round; load average before each round: ${loads.join('; ')}`],
  };
}

export function bar(text: string, value: number, most: number, unit: string, sign = ''): { text: string; measured: string; isMet: boolean } {
  const shown = `${sign !== '' && value >= 0 ? sign : ''}${rounded(value, 2)} ${unit}`;
  return { text, measured: Number.isFinite(value) ? shown : 'not measured', isMet: value <= most };
}
