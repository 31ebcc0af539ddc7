// Key to next prompt, hang-up to freed, and the longest task of the main thread, all under 100 calls/s. The load is
// SIPp's; what is timed are calls of our own user agent among them.
import { adoptEmbedded } from '../../src/embedded/asterisk.ts';
import { join } from 'node:path';
import { bar } from './answers.ts';
import { EventStream } from './event-stream.ts';
import type { Part } from './figures.ts';
import { DDI, NEXT_MS } from './plans.ts';
import { Probes, type ProbeResult } from './probe-calls.ts';
import { COLUMNS, type Column, type World } from './world.ts';
import { loadAverage, percentile, rounded } from './statistics.ts';


const PROBES_PER_SECOND = 10;
/** The load is up before the first probe and still there after the last. */
const MARGIN_MS = 1_500;
/** How long a call may take to be told ended after its BYE before it counts as never freed. */
const FREED_LIMIT_MS = 5_000;

export async function measureResponses(world: World, options: { readonly callsPerSecond: number; readonly seconds: number; readonly say: (line: string) => void }): Promise<Part> {
  const keys: Record<Column, ProbeResult[]> = { native: [], bare: [], ours: [] };
  const freed: number[] = [];
  let lost = 0;
  let longestTaskMs = 0;
  const loads: string[] = [];
  const { callsPerSecond } = options;
  for (const column of COLUMNS) {
    loads.push(loadAverage());
    const stream = column === 'ours' ? await EventStream.open(world.application) : null;
    const watching = column === 'ours' ? watchTasks(world) : null;
    const load = world.load(column, callsPerSecond, callsPerSecond * (options.seconds + 3));
    keys[column] = await probe(world, column, options.seconds);
    const result = await load;
    longestTaskMs = Math.max(longestTaskMs, (await watching?.stop()) ?? 0);
    if (stream !== null) {
      await stream.close();
      const ends = await hangupsInAsterisk(world);
      for (const one of keys.ours.filter((each) => Number.isFinite(each.byeAtMs))) {
        const told = stream.endedAtMs(one.caller);
        const gone = ends.get(one.caller);
        if (told === undefined || gone === undefined) lost += 1;
        else freed.push(Math.max(told, gone) - one.byeAtMs);
      }
    }
    const times = timesOf(keys[column]);
    options.say(`  ${column}: ${times.length} keys, p50 ${rounded(percentile(times, 0.5))} p99 ${rounded(percentile(times, 0.99))} ms; load ${result.failed} failed`);
  }
  const ours = timesOf(keys.ours);
  const missing = keys.ours.length - ours.length;
  const of = (share: number): Record<string, number[]> => Object.fromEntries(COLUMNS.map((column) => [column, [percentile(timesOf(keys[column]), share)]]));
  return {
    title: `Key to prompt and hang-up to freed under ${callsPerSecond} calls/s`,
    commands: [],
    figures: [
      { name: "key's end leaves to first packet of the next prompt p50", unit: 'ms', rounds: of(0.5) }, { name: 'the same p99', unit: 'ms', rounds: of(0.99) },
      { name: 'BYE leaves to freed p50', unit: 'ms', rounds: { ours: [percentile(freed, 0.5)] } }, { name: 'the same p90', unit: 'ms', rounds: { ours: [percentile(freed, 0.9)] } }, { name: 'the same p99', unit: 'ms', rounds: { ours: [percentile(freed, 0.99)] } },
      { name: 'longest task of the main thread', unit: 'ms', rounds: { ours: [longestTaskMs] } },
    ],
    bars: [
      { ...bar("Digit (key release) to next prompt's first RTP p99 at most 60 ms under 100 calls/s", percentile(ours, 0.99), 60, 'ms'), ...(missing > 0 ? { isMet: false, measured: `${missing} of ${keys.ours.length} keys had no prompt` } : {}) },
      { ...bar('Hang-up to resources freed p99 at most 100 ms', percentile(freed, 0.99), 100, 'ms'), ...(lost > 0 ? { isMet: false, measured: `${lost} calls were not seen to end` } : {}) },
      bar('No main-thread task over 20 ms (under 100 calls/s)', longestTaskMs, 20, 'ms'),
    ],
    notes: [
      `${ours.length} keys and ${freed.length} hang-ups of ours, ${PROBES_PER_SECOND} probe calls a second beside SIPp's load; load average before each column: ${loads.join('; ')}`,
      'key to prompt: at the caller\'s socket, from the first RFC 4733 end packet to the first packet of the other tone; a packet every 20 ms: 0 to 20 ms of it are Asterisk\'s own clock',
      'freed = the later of: the application tells call-ended (after clean-up and record) on its event stream; Asterisk\'s own log has the channel hung up',
      'longest task: the highest genvoice_event_loop_delay_max_seconds of each second',
    ],
  };
}

function timesOf(results: readonly ProbeResult[]): number[] {
  return results.flatMap((one) => one.keyToPromptMs ?? []);
}

async function probe(world: World, column: Column, seconds: number): Promise<ProbeResult[]> {
  const probes = await Probes.open(world.target(column));
  const running: Promise<ProbeResult | null>[] = [];
  try {
    await pause(MARGIN_MS);
    for (let n = 0; n < seconds * PROBES_PER_SECOND; n += 1) {
      // No two probes fall into step with each other or with the 20 ms of the packets.
      const keyAfterMs = 150 + ((n * 61) % 200);
      running.push(probes.call(column === 'bare' ? DDI.bare : DDI.route, callerOf(n), keyAfterMs, (n * 37) % (NEXT_MS - 150)));
      await pause(1_000 / PROBES_PER_SECOND);
    }
    return (await Promise.all(running)).filter((one) => one !== null);
  } finally {
    await Promise.allSettled(running);
    await probes.close();
  }
}

function callerOf(n: number): string {
  return `+4477008${String(n).padStart(5, '0')}`;
}

/** When Asterisk hung each probe's channel up, on our clock, from its event log. */
async function hangupsInAsterisk(world: World): Promise<ReadonlyMap<string, number>> {
  const asterisk = await adoptEmbedded(join(world.application.folder, 'data/asterisk'));
  const ends = new Map<string, number>();
  const untilMs = performance.now() + FREED_LIMIT_MS;
  let offset = 0;
  while (asterisk !== undefined) {
    const read = asterisk.readCel(offset);
    for (const event of read.events) {
      if (event['eventtype'] === 'HANGUP') ends.set(String(event['num']), Number(event['eventtime']) * 1_000 - performance.timeOrigin);
    }
    if (read.offset === offset || performance.now() > untilMs) break;
    offset = read.offset;
  }
  return ends;
}

/** Keeps the longest delay that the application reports of its own event loop. */
export function watchTasks(world: Pick<World, 'application'>): { stop(): Promise<number> } {
  let longest = 0;
  let isStopped = false;
  const watching = (async () => {
    while (!isStopped) {
      const seconds = await world.application.metric('genvoice_event_loop_delay_max_seconds').catch(() => Number.NaN);
      if (Number.isFinite(seconds)) longest = Math.max(longest, seconds * 1_000);
      // The figure is that of the last full second; asking more often would be load of our own.
      await pause(1_000);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await watching;
      return longest;
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
