// 2,000 SIPp calls into every kind of step that hang up at a random moment, one in seven before anybody answers: exactly
// 2,000 records, and nothing left in Asterisk.
import type { Part } from './figures.ts';
import { held } from './application.ts';
import { leftovers, leftText, recordsSince } from './ledger.ts';
import { runLoad, type LoadResult } from './load.ts';
import { registerPhones } from './phones.ts';
import { DDI } from './plans.ts';
import { callers, impatientCaller, restlessCaller } from './scenarios.ts';
import { loadAverage } from './statistics.ts';
import type { World } from './world.ts';

const ANSWERED = [DDI.route, DDI.dwell, DDI.collect, DDI.voicemail, DDI.talk, DDI.play, DDI.lookup, DDI.walk, DDI.announce];
const WITHIN_MS = 1_500;

export async function measureRestless(world: World, options: { readonly calls: number; readonly callsPerSecond: number; readonly say: (line: string) => void }): Promise<Part> {
  const { application } = world;
  const load = loadAverage();
  const impatient = Math.round(options.calls / 7);
  const restless = options.calls - impatient;
  const seconds = restless / options.callsPerSecond;
  const phones = await registerPhones(application);
  const sinceMs = Date.now();
  const before = await held(application.asterisk);
  const make = (scenario: string, dialled: readonly string[], calls: number, rate: number): Promise<LoadResult> => runLoad({
    rootFolder: world.rootFolder, target: application.asterisk.sipAddress, scenario, calls, callsPerSecond: rate, graceMs: 15_000,
    files: { 'callers.csv': callers(dialled, 9_999) }, args: ['-inf', 'callers.csv'],
  });
  try {
    const [left, taken] = await Promise.all([
      make(restlessCaller(WITHIN_MS), ANSWERED, restless, options.callsPerSecond),
      make(impatientCaller(WITHIN_MS), [DDI.ring], impatient, Math.max(1, Math.round(impatient / seconds))),
    ]);
    const rest = await leftovers(application);
    const records = await recordsSince(application, sinceMs);
    const ids = new Set(records.map((one) => one.id));
    const isExact = records.length === options.calls && ids.size === options.calls;
    const isClean = rest.live === 0 && rest.channels === before.channels && rest.bridges === before.bridges;
    const codes = new Map<string, number>();
    for (const one of records) codes.set(one.endCode, (codes.get(one.endCode) ?? 0) + 1);
    options.say(`  ${records.length} records of ${options.calls} calls, ${leftText(rest)}`);
    return {
      title: `${options.calls.toLocaleString('en-GB')} calls that hang up at a random moment`, commands: [left.command, taken.command], figures: [],
      bars: [{ text: '2,000 SIPp calls that hang up at a random moment leave nothing behind and exactly 2,000 records', measured: `${records.length} records of ${options.calls} calls, ${leftText(rest)}`, isMet: isExact && isClean && options.calls >= 2_000 }],
      notes: [
        `${restless} hang up within ${WITHIN_MS} ms of the answer (${left.failed} of SIPp's calls failed), ${impatient} take the call back while it rings (${taken.failed} failed); numbers in turn: menu, collect, voicemail, conversation, play, lookup, switch and caller, announcement`,
        `ends in the records: ${[...codes].map(([code, count]) => `${code} ${count}`).join(', ')}; load average before: ${load}`,
        ...[left.errors, taken.errors].filter((text) => text !== '').map((text) => `SIPp says: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`),
      ],
    };
  } finally {
    await phones.close();
  }
}
