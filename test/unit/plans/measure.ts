// How long 1,000 customers with 100 numbers each take to load, and how long the main thread is held meanwhile.
// Run: node test/unit/plans/measure.ts [customers] [numbers each] [threads]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlanMedia } from '../../../src/plans/media.ts';
import { PlanStore } from '../../../src/plans/plan-source.ts';
import { dataPaths, openDataFolder } from '../../../src/store/data-folder.ts';
import { PlanHistory } from '../../../src/store/plan-history.ts';
import { realClock } from '../../../src/telemetry/clock.ts';
import { watchLoop } from '../../../src/telemetry/loop-watch.ts';

const [customers = 1000, each = 100, threads = 2] = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), 'gv-measure-'));
const folder = join(root, 'plans');
mkdirSync(folder);
openDataFolder({ folder: join(root, 'data'), onAlarm: () => undefined, minFreeBytes: 0 }).close();

const nameOf = (at: number) => `customer-${String(at).padStart(5, '0')}`;
function textOf(at: number, label: string): string {
  const first = at * each;
  return JSON.stringify({
    schema: 1,
    organisation: { name: `Customer ${at}`, contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: Object.fromEntries(Array.from({ length: each }, (_, n) => [`+4420${String(70_000_000 + first + n)}`, { label, entry: 'opening' }])),
    hours: { office: { week: { mon: ['09:00-17:30'], tue: ['09:00-17:30'], wed: ['09:00-17:30'] } } },
    extensions: Object.fromEntries([201, 202, 203, 204].map((number) => [String(number), { name: `Person ${number}` }])),
    groups: { all: { name: 'All', members: ['201', '202', '203', '204'] } },
    steps: {
      opening: { kind: 'hours', label: 'Open?', hours: 'office', on: { open: 'menu', closed: 'closed' }, fallback: 'closed' },
      menu: { kind: 'menu', label: 'Menu', say: [{ digits: '1' }], choices: { 1: 'ada', 2: 'everybody', 0: 'everybody' }, on: { 'no-input': 'everybody' }, fallback: 'closed' },
      ada: { kind: 'ring', label: 'Ada', targets: [{ extension: '201' }], fallback: 'closed' },
      everybody: { kind: 'ring', label: 'All', targets: [{ group: 'all' }], fallback: 'closed' },
      closed: { kind: 'end', label: 'Closed', how: 'hang-up' },
    },
    failsafe: 'closed',
  });
}
for (let at = 0; at < customers; at += 1) writeFileSync(join(folder, `${nameOf(at)}.json`), textOf(at, 'one'));

const history = new PlanHistory(dataPaths(join(root, 'data')).databases.admin);
const loop = watchLoop();
let onSwap: () => void = () => undefined;
const open = () => PlanStore.open({
  folder, history, clock: realClock(), phrases: null, allowLoopbackLookups: false, threads,
  media: new PlanMedia(folder, { prepare: () => Promise.reject(new Error('has none')), phrase: () => null }),
  onReload: ({ kind }) => kind === 'live' && onSwap(),
});
async function timed(name: string, work: () => Promise<PlanStore>): Promise<PlanStore> {
  loop.takeLongestMs();
  const before = performance.now();
  const store = await work();
  const tookMs = performance.now() - before;
  const numbers = store.customers().reduce((sum, customer) => sum + (store.byCustomer(customer)?.numbers.size ?? 0), 0);
  console.log(`${name}: ${store.customers().length} customers, ${numbers} numbers in ${tookMs.toFixed(0)} ms; longest main-thread task ${loop.takeLongestMs().toFixed(1)} ms`);
  for (const customer of [nameOf(0)]) for (const { path, message } of store.problems(customer)) console.log(customer, path, message);
  return store;
}
const swaps: number[] = [];
async function change(store: PlanStore): Promise<void> {
  const texts = Array.from({ length: 20 }, (_, at) => textOf(0, `change ${at}`));
  await new Promise(setImmediate);
  loop.takeLongestMs();
  for (let at = 0; at < 20; at += 1) {
    const swapped = new Promise<void>((resolve) => (onSwap = resolve));
    const before = performance.now();
    writeFileSync(join(folder, `${nameOf(0)}.json`), texts[at] ?? '');
    await swapped;
    swaps.push(performance.now() - before);
  }
  swaps.sort((a, b) => a - b);
  console.log(`one customer changed, save to swap: p50 ${swaps[10]?.toFixed(0)} ms, max ${swaps.at(-1)?.toFixed(0)} ms (50 ms of it debounce); longest main-thread task ${loop.takeLongestMs().toFixed(1)} ms; version ${store.byCustomer(nameOf(0))?.version}`);
}

await (await timed('first start (every plan published)', open)).close();
const store = await timed('ordinary start', open);
await change(store);
await store.close();
await history.close();
loop.stop();
rmSync(root, { recursive: true });
