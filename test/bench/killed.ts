// kill -9 of the application with 100 live calls in all step kinds: none lost, every one carried on within 1 s of the new
// process being up, one record each. The callers are our own user agents, so that a lost call shows at their side.
import type { OutgoingCall } from '../../src/sipua/outgoing-call.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { Part } from './figures.ts';
import { leftovers, leftText, liveIds, recordsSince, traceOf } from './ledger.ts';
import { registerPhones } from './phones.ts';
import { DDI } from './plans.ts';
import { pause } from './responses.ts';
import { loadAverage, percentile, rounded } from './statistics.ts';
import type { World } from './world.ts';

/** Where each call is when the process dies: number dialled, keys pressed on the way, and how many such calls. */
const PLACES: readonly { readonly name: string; readonly dialled: string; readonly keys: string; readonly calls: number }[] = [
  { name: 'menu', dialled: DDI.dwell, keys: '', calls: 12 }, { name: 'menu after switch and caller', dialled: DDI.walk, keys: '1', calls: 12 }, { name: 'collect, half entered', dialled: DDI.collect, keys: '123', calls: 12 },
  { name: 'voicemail', dialled: DDI.voicemail, keys: '', calls: 12 }, { name: 'ring', dialled: DDI.ring, keys: '', calls: 12 }, { name: 'conversation', dialled: DDI.talk, keys: '', calls: 12 },
  { name: 'play', dialled: DDI.play, keys: '', calls: 10 }, { name: 'lookup', dialled: DDI.lookup, keys: '', calls: 10 }, { name: 'end announcement', dialled: DDI.announce, keys: '', calls: 8 },
];
/** From the last dial to the kill: everybody has reached the place. */
const ARRIVE_MS = 2_500;
const CARRIED_ON_MS = 1_000;

interface Placed {
  readonly place: string;
  readonly caller: string;
  readonly call: OutgoingCall;
}

export async function measureKilled(world: World, options: { readonly say: (line: string) => void }): Promise<Part> {
  const { application } = world;
  const load = loadAverage();
  // What another part left behind must not be counted here.
  await leftovers(application);
  const phones = await registerPhones(application);
  const agent = await createUserAgent({ bindHost: '127.0.0.1', remote: { host: '127.0.0.1', port: application.sipPort } });
  const sinceMs = Date.now();
  try {
    const placed: Placed[] = [];
    for (const { name, dialled, keys, calls } of PLACES) {
      for (let n = 0; n < calls; n += 1) {
        const caller = `+4477007${String(placed.length).padStart(5, '0')}`;
        const call = await agent.call({ to: dialled, from: { user: caller }, keepAudioMs: 0 });
        placed.push({ place: name, caller, call });
        if (keys !== '') void call.answered.then(() => call.sendDigits(keys, { durationMs: 60, gapMs: 60 }));
        await pause(15);
      }
    }
    await pause(ARRIVE_MS);
    const liveBefore = (await liveIds(application)).length;
    await application.kill();
    await application.restart();
    const upAtMs = application.readyAtMs;
    await pause(CARRIED_ON_MS);
    const lostAtCaller = placed.filter((one) => one.call.state === 'ended').map((one) => one.place);
    const ids = await liveIds(application);
    const details = await Promise.all(ids.map((id) => traceOf(application, id)));
    const taken = details.flatMap((one) => one.trace.find((line) => line.outcome === 'taken-over')?.atMs ?? []);
    options.say(`  ${liveBefore} live before, ${ids.length} after; ${taken.length} carried on, the last ${Math.max(...taken) - upAtMs} ms after the ready line`);
    // The process that carried on also serves: a key in the menu leads to its prompt and the plan's end.
    const asked = placed.filter((one) => one.place === 'menu');
    await Promise.all(asked.map((one) => one.call.sendDigits('2', { durationMs: 60, gapMs: 20 })));
    const servedEnds = await Promise.all(asked.map((one) => Promise.race([one.call.ended, pause(5_000)])));
    const served = servedEnds.filter((end) => end !== undefined && end.by === 'remote').length;
    await Promise.all(placed.map((one) => one.call.hangup()));
    const left = await leftovers(application);
    const records = await recordsSince(application, sinceMs);
    return part({ placed, liveBefore, lostAtCaller, taken, upAtMs, startedAtMs: application.startedAtMs, served, asked: asked.length, records, left, load });
  } finally {
    await agent.close();
    await phones.close();
  }
}

interface Outcome {
  readonly placed: readonly Placed[];
  readonly liveBefore: number;
  readonly lostAtCaller: readonly string[];
  readonly taken: readonly number[];
  readonly upAtMs: number;
  readonly startedAtMs: number;
  readonly served: number;
  readonly asked: number;
  readonly records: readonly { readonly caller: string }[];
  readonly left: { live: number; channels: number; bridges: number };
  readonly load: string;
}

function part(o: Outcome): Part {
  const once = o.placed.filter((one) => o.records.filter((record) => record.caller === one.caller).length === 1).length;
  const inTime = o.taken.filter((atMs) => atMs - o.upAtMs <= CARRIED_ON_MS).length;
  const isWhole = o.liveBefore === o.placed.length;
  return {
    title: `kill -9 with ${o.placed.length} live calls`, commands: [],
    figures: [
      { name: 'start of the new process to a call carried on, p50', unit: 'ms', rounds: { ours: [percentile(o.taken, 0.5) - o.startedAtMs] }, digits: 0 }, { name: 'the same, last call', unit: 'ms', rounds: { ours: [Math.max(...o.taken) - o.startedAtMs] }, digits: 0 },
      { name: 'ready line to a call carried on, last call (negative = before it)', unit: 'ms', rounds: { ours: [Math.max(...o.taken) - o.upAtMs] }, digits: 0 },
    ],
    bars: [
      { text: 'kill -9 of the application with 100 live calls in all step kinds: 0 lost', measured: `${o.lostAtCaller.length} lost${o.lostAtCaller.length === 0 ? '' : ` (${[...new Set(o.lostAtCaller)].join(', ')})`} of ${o.liveBefore} live`, isMet: isWhole && o.lostAtCaller.length === 0 },
      { text: 'kill -9: all carried on within 1 s of the new process being up', measured: `${inTime} of ${o.placed.length}, the last ${rounded(Math.max(...o.taken) - o.upAtMs, 0)} ms after the ready line`, isMet: isWhole && inTime === o.placed.length },
      { text: 'kill -9: one record each', measured: `${once} of ${o.placed.length} calls with exactly one record, ${o.records.length} records; ${leftText(o.left)}`, isMet: once === o.placed.length && o.records.length === o.placed.length && o.left.channels === 0 && o.left.bridges === 0 && o.left.live === 0 },
    ],
    notes: [
      `places: ${PLACES.map((one) => `${one.name} ${one.calls}`).join(', ')}; hours, goto, branch, caller and switch take no time and lie on the way`,
      `afterwards ${o.served} of ${o.asked} menu callers pressed 2 and came to the plan's end; load average before: ${o.load}`,
    ],
  };
}
