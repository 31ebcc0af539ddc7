// The most calls a second that a column serves without a failed one: a step search in round 1, its neighbourhood in the
// others. A rate counts as served when every call ended as it should, in time.
import type { Part } from './figures.ts';
import { COLUMNS, type Column, type World } from './world.ts';
import { loadAverage, median, percentile, rounded } from './statistics.ts';

/** Steps of 1.1: 40, 44, 48 … 950. */
const RATES = Array.from({ length: 34 }, (_, n) => Math.round(40 * 1.1 ** n));
const SECONDS = 4;
/** What a call takes besides the rate: its own length and the last hang-up. */
const TAIL_MS = 3_500;
/** A 200 OK later than this is no service, though SIPp would wait for it. */
const ANSWER_LIMIT_MS = 1_000;

export async function measureCapacity(world: World, options: { readonly rounds: number; readonly untilMs: number; readonly say: (line: string) => void }): Promise<Part> {
  const best: Record<Column, number[]> = { native: [], bare: [], ours: [] };
  const loads: string[] = [];
  let command = '';
  for (let round = 0; round < options.rounds && performance.now() < options.untilMs; round += 1) {
    loads.push(loadAverage());
    for (const column of COLUMNS) {
      const tried = async (place: number): Promise<boolean> => {
        const rate = RATES[place] ?? 0;
        const result = await world.load(column, rate, rate * SECONDS);
        command = result.command;
        const isServed = result.failed === 0 && result.tookMs < SECONDS * 1_000 + TAIL_MS && percentile(result.answerMs, 0.99) < ANSWER_LIMIT_MS;
        options.say(`  round ${round + 1} ${column} ${rate}/s: ${isServed ? 'served' : `not served (${result.failed} failed, p99 ${rounded(percentile(result.answerMs, 0.99))} ms, ${Math.round(result.tookMs)} ms)`}`);
        // What is left of an overload must not meet the next load.
        if (!isServed) await settle(world, column);
        return isServed;
      };
      const known = best[column][0];
      best[column].push(RATES[known === undefined ? await search(tried, 0, RATES.length) : await near(tried, RATES.indexOf(known))] ?? 0);
    }
  }
  const ratio = (base: Column): number => median(best.ours) / median(best[base]);
  return {
    title: 'Sustained calls/s without a failed call', commands: [command],
    figures: [{ name: 'calls a second', unit: 'calls/s', rounds: best, digits: 0 }],
    bars: [
      { text: 'Sustained calls/s without a failed call at least 50 % of native', measured: percent(ratio('native')), isMet: ratio('native') >= 0.5 },
      { text: 'Sustained calls/s without a failed call at least 90 % of the bare Stasis application', measured: percent(ratio('bare')), isMet: ratio('bare') >= 0.9 },
    ],
    notes: [`step search in steps of 1.1, ${SECONDS} s a rate; served = no call failed, 200 OK p99 below ${ANSWER_LIMIT_MS} ms, all over ${TAIL_MS} ms after the last INVITE; load average before each round: ${loads.join('; ')}`],
  };
}

/** Highest place below `above` that is served, or -1; by halving. */
async function search(isServed: (place: number) => Promise<boolean>, from: number, above: number): Promise<number> {
  let low = from - 1;
  let high = above;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await isServed(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The same near a place that was the highest once: a step or two up or down. */
async function near(isServed: (place: number) => Promise<boolean>, place: number): Promise<number> {
  let at = place;
  if (await isServed(at)) {
    if (await isServed(at + 1)) at += 1;
    return at;
  }
  for (at -= 1; at >= Math.max(0, place - 4); at -= 1) if (await isServed(at)) return at;
  return at;
}

async function settle(world: World, column: Column): Promise<void> {
  const untilMs = performance.now() + 15_000;
  for (;;) {
    if ((await world.channels(column).catch(() => -1)) === 0 || performance.now() > untilMs) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
