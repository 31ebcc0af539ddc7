// The plan store on real files, real compile threads and the real version history.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { E164 } from '../../src/numbering/e164.ts';
import { PlanMedia } from '../../src/plans/media.ts';
import type { PromptPreparer } from '../../src/plans/media.ts';
import type { FolderFault, PlanStoreOptions, ReloadResult } from '../../src/plans/plan-entry.ts';
import type { PlanHistory as HistoryPort } from '../../src/plans/plan-history.ts';
import { PlanStore } from '../../src/plans/plan-source.ts';
import { dataPaths, openDataFolder } from '../../src/store/data-folder.ts';
import { PlanHistory } from '../../src/store/plan-history.ts';
import { realClock } from '../../src/telemetry/clock.ts';
import { watchOwnTime } from '../bench/own-time.ts';

const ACME = '+441632960018' as E164;
const BOLT = '+441632960019' as E164;

/** A small good plan; `label` makes versions differ. */
function planOf(ddis: readonly string[], label = 'one', more: object = {}) {
  return {
    schema: 1,
    organisation: { name: 'Acme', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: Object.fromEntries(ddis.map((ddi) => [ddi, { label, entry: 'start' }])),
    extensions: { '201': { name: 'Ada' } },
    steps: {
      start: { kind: 'ring', label: 'Ada', targets: [{ extension: '201' }], fallback: 'bye' },
      bye: { kind: 'end', label: 'End', how: 'hang-up' },
    },
    failsafe: 'bye',
    ...more,
  };
}
const textOf = (plan: object) => `${JSON.stringify(plan, null, 2)}\n`;

let root: string;
let folder: string;
let history: PlanHistory;
let store: PlanStore | null;
let results: ReloadResult[];
let faults: Map<string, string>;
let wake: () => void;
const file = (customer: string) => join(folder, `${customer}.json`);
const save = (customer: string, plan: object) => writeFileSync(file(customer), textOf(plan));
const read = (customer: string): unknown => JSON.parse(readFileSync(file(customer), 'utf8'));

const recordings: PromptPreparer = {
  prepare: (_, name, path) => (existsSync(path) ? Promise.resolve({ media: `sound:/prompts/${name}`, durationMs: readFileSync(path).length }) : Promise.reject(new Error('the file does not exist'))),
  phrase: (id) => ({ media: `sound:/phrases/${id}`, durationMs: 1 }),
};

async function open(more: Partial<PlanStoreOptions> = {}): Promise<PlanStore> {
  store = await PlanStore.open({
    folder,
    history,
    media: new PlanMedia(folder, recordings),
    clock: realClock(),
    phrases: null,
    allowLoopbackLookups: false,
    threads: 1,
    timing: { debounceMs: 20, rescanMs: 500, settleMs: 150, withdrawAfterMs: 150 },
    onReload: (result) => {
      results.push(result);
      wake();
    },
    onFault: ({ code, text }: FolderFault) => {
      if (text === null) faults.delete(code);
      else faults.set(code, text);
      wake();
    },
    ...more,
  });
  return store;
}

/** Resolves when `what` holds, asked after every result or fault; the test's own time limit is the bound. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise<void>((resolve) => (wake = resolve));
}
const last = (customer: string) => results.filter((result) => result.customer === customer).at(-1);
const codes = (customer: string) => store?.problems(customer).map(({ code }) => code);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gv-plans-'));
  folder = join(root, 'plans');
  mkdirSync(folder);
  openDataFolder({ folder: join(root, 'data'), onAlarm: () => undefined, minFreeBytes: 0 }).close();
  history = new PlanHistory(dataPaths(join(root, 'data')).databases.admin);
  results = [];
  faults = new Map();
  wake = () => undefined;
  store = null;
});
afterEach(async () => {
  await store?.close();
  await history.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a thousand customers', () => {
  // 20 ms is the bar. By processor time of this thread alone, because how late a timer comes says on a busy machine who
  // else is at work; doubled, because the same work takes up to twice its time beside neighbours on the same core.
  test('given every plan is new, when they load, then the main thread works in short slices, and all are there', async () => {
    for (let at = 0; at < 1_000; at += 1) save(`c${String(at).padStart(4, '0')}`, planOf(Array.from({ length: 10 }, (_, n) => `+4420${70_000_000 + at * 10 + n}`)));
    const own = watchOwnTime();
    const loaded = await open({ threads: 2 });
    const longestMs = own.longestMs();
    own.stop();
    expect(loaded.customers()).toHaveLength(1_000);
    expect(loaded.byDdi('+442070009999' as E164)?.customer).toBe('c0999');
    expect(longestMs).toBeGreaterThan(0);
    expect(longestMs).toBeLessThan(40);
  }, 120_000);
});

describe('loading', () => {
  test('every plan file is served and published once; schema, sub-folders and strange names are no plans', async () => {
    save('acme', planOf([ACME]));
    save('bolt', planOf([BOLT]));
    writeFileSync(join(folder, 'plan.schema.json'), '{}');
    writeFileSync(join(folder, 'Not A Customer.json'), '{}');
    mkdirSync(join(folder, 'media', 'acme'), { recursive: true });
    writeFileSync(join(folder, 'media', 'other.json'), '{}');
    const plans = await open();
    expect(plans.customers()).toEqual(['acme', 'bolt']);
    expect(plans.byDdi(ACME)).toMatchObject({ customer: 'acme', version: 1 });
    expect(plans.byDdi('+441632960020' as E164)).toBeNull();
    expect(plans.states()).toEqual({ live: 2, refused: 0, withdrawn: 0 });
    expect(faults.get('plan-file-names')).toContain('Not A Customer.json');
    expect(await history.list('acme')).toMatchObject([{ version: 1, by: 'file', hash: plans.byCustomer('acme')?.hash }]);
    await plans.close();
    const again = await open();
    expect(again.byDdi(BOLT)?.version).toBe(1);
    expect(await history.list('bolt')).toHaveLength(1);
  });

  test('plans are deep-frozen, also those that cross in parts', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => `+44163296${String(at).padStart(4, '0')}`);
    save('acme', planOf(many));
    const plan = (await open()).byCustomer('acme');
    expect([...(plan?.numbers.keys() ?? [])]).toEqual(many);
    expect(plan?.steps.get('start')?.kind).toBe('ring');
    expect(Object.isFrozen(plan) && Object.isFrozen(plan?.numbers.get(many[2400] as E164))).toBe(true);
    expect(() => (plan?.numbers as unknown as Map<string, unknown> | undefined)?.clear()).toThrow(TypeError);
  });

  test('a broken file at start: the last good version serves, and the problems can be read', async () => {
    save('acme', planOf([ACME]));
    await (await open()).close();
    writeFileSync(file('acme'), textOf(planOf([ACME])).replace('"entry": "start"', '"entry": "strat"'));
    const plans = await open();
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(plans.states()).toEqual({ live: 0, refused: 1, withdrawn: 0 });
    expect(plans.problems('acme')[0]?.path).toContain('/numbers');
  });

  test('a file that vanished while nothing ran is written back from the history', async () => {
    save('acme', planOf([ACME]));
    await (await open()).close();
    rmSync(file('acme'));
    const plans = await open();
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(read('acme')).toEqual(planOf([ACME]));
  });

  test('no folder at all: the history serves', async () => {
    save('acme', planOf([ACME]));
    await (await open()).close();
    rmSync(folder, { recursive: true });
    const plans = await open();
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(faults.has('plan-folder-unreadable')).toBe(true);
  });

  test('a version that served calls is not taken away because a recording is gone', async () => {
    const prompts = { prompts: { welcome: { file: 'welcome.wav', text: 'Hello' } }, steps: { start: { kind: 'play', label: 'Hello', say: ['welcome'], fallback: 'bye' }, bye: { kind: 'end', label: 'End', how: 'hang-up' } } };
    save('acme', planOf([ACME], 'one', prompts));
    expect((await open()).byDdi(ACME)).toBeNull();
    expect(store?.problems('acme').some(({ path }) => path.startsWith('/prompts/welcome'))).toBe(true);
    mkdirSync(join(folder, 'media', 'acme'), { recursive: true });
    writeFileSync(join(folder, 'media', 'acme', 'welcome.wav'), 'x');
    await until(() => store?.byDdi(ACME) !== null);
    await store?.close();
    rmSync(join(folder, 'media'), { recursive: true });
    const plans = await open();
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(plans.problems('acme').some(({ path }) => path.startsWith('/prompts/welcome'))).toBe(true);
  });

  test('what a process that died while writing back left is finished or cleared', async () => {
    save('acme', planOf([ACME]));
    const first = await open();
    const published = await first.publish('acme', textOf(planOf([ACME], 'two')), { by: 'ann', reason: '', basedOn: first.byCustomer('acme')?.hash ?? null });
    if (published.kind !== 'published') throw new Error(published.kind);
    await first.close();
    save('acme', planOf([ACME], 'one'));
    writeFileSync(join(folder, `.genvoice-acme.${published.hash.slice(0, 16)}`), textOf(planOf([ACME], 'two')));
    writeFileSync(join(folder, '.genvoice-acme.0123456789abcdef'), 'half');
    const plans = await open();
    expect(plans.byCustomer('acme')?.version).toBe(2);
    expect(read('acme')).toEqual(planOf([ACME], 'two'));
    expect(readdirSync(folder)).toEqual(['acme.json']);
  });
});

describe('saving a file', () => {
  test('swaps the new version, keeps what a call was pinned to, and tells listeners', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    const pinned = plans.byDdi(ACME);
    const told: string[] = [];
    plans.onChange((customer) => told.push(customer));
    save('acme', planOf([ACME, BOLT], 'two'));
    await until(() => plans.byDdi(BOLT) !== null);
    expect(plans.byDdi(ACME)?.version).toBe(2);
    expect(pinned?.numbers.get(ACME)?.label).toBe('one');
    expect(told).toEqual(['acme']);
    expect(await plans.byHash('acme', pinned?.hash ?? '')).toBe(pinned);
  });

  test('another order of keys or white space makes no version', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    writeFileSync(file('acme'), JSON.stringify(Object.fromEntries(Object.entries(planOf([ACME])).reverse())));
    await until(() => last('acme')?.kind === 'unchanged');
    expect(await history.list('acme')).toHaveLength(1);
    expect(plans.byDdi(ACME)?.version).toBe(1);
  });

  test('a plan that does not compile leaves the old one; taking the edit back clears the problems', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    save('acme', { ...planOf([ACME], 'two'), failsafe: 'nowhere' });
    await until(() => last('acme')?.kind === 'refused');
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(plans.states().refused).toBe(1);
    expect(plans.problems('acme').length).toBeGreaterThan(0);
    save('acme', planOf([ACME]));
    await until(() => last('acme')?.kind === 'unchanged');
    expect(plans.problems('acme')).toEqual([]);
    expect(plans.states()).toEqual({ live: 1, refused: 0, withdrawn: 0 });
  });

  test('half a file is waited for; only one that stands still is a problem', async () => {
    save('acme', planOf([ACME]));
    const plans = await open({ timing: { debounceMs: 5, rescanMs: 100, settleMs: 3_000, withdrawAfterMs: 5_000 } });
    const text = textOf(planOf([ACME], 'two'));
    writeFileSync(file('acme'), '');
    await plans.rescan();
    writeFileSync(file('acme'), text.slice(0, 100));
    await plans.rescan();
    expect(results.some(({ kind }) => kind === 'refused')).toBe(false);
    writeFileSync(file('acme'), text);
    await until(() => last('acme')?.version === 2);
    expect(results.some(({ kind }) => kind === 'refused')).toBe(false);
  });

  test('text that stays broken is reported with its line', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    writeFileSync(file('acme'), textOf(planOf([ACME], 'two')).slice(0, 200));
    await until(() => last('acme')?.kind === 'refused');
    expect(plans.problems('acme')[0]?.line).toBeGreaterThan(1);
    expect(plans.byDdi(ACME)?.version).toBe(1);
  });

  test('editors that write beside and rename, and folders reached by a link, are followed', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    writeFileSync(join(folder, '.acme.json.swp'), textOf(planOf([ACME], 'two')));
    renameSync(join(folder, '.acme.json.swp'), file('acme'));
    await until(() => plans.byDdi(ACME)?.version === 2);
    expect(plans.byDdi(ACME)?.numbers.get(ACME)?.label).toBe('two');
  });

  test.each<[string, string | Buffer]>([
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['nested 100,000 deep', '['.repeat(100_000)],
    ['a __proto__ key', '{"__proto__": {"schema": 1}}'],
    ['a list', '[]'],
    ['33 MB', Buffer.alloc(33 * 1024 * 1024, 0x20)],
    ['an empty file', ''],
  ])('a file with %s is refused and harms nobody', async (_, content) => {
    save('acme', planOf([ACME]));
    writeFileSync(file('bolt'), content);
    const plans = await open();
    await until(() => last('bolt')?.kind === 'refused');
    expect(plans.problems('bolt').length).toBeGreaterThan(0);
    expect(plans.byDdi(ACME)?.customer).toBe('acme');
    expect(plans.byCustomer('bolt')).toBeNull();
  });

  test('a recording that is replaced is used without a new version', async () => {
    mkdirSync(join(folder, 'media', 'acme'), { recursive: true });
    writeFileSync(join(folder, 'media', 'acme', 'welcome.wav'), 'x');
    save('acme', planOf([ACME], 'one', { prompts: { welcome: { file: 'welcome.wav', text: 'Hello' } }, steps: { start: { kind: 'play', label: 'Hello', say: ['welcome'], fallback: 'bye' }, bye: { kind: 'end', label: 'End', how: 'hang-up' } } }));
    const media = new PlanMedia(folder, recordings);
    const plans = await open({ media });
    const durationMs = () => {
      const plan = plans.byDdi(ACME);
      return plan && media.prompt(plan, 'welcome')?.durationMs;
    };
    expect(durationMs()).toBe(1);
    writeFileSync(join(folder, 'media', 'acme', 'welcome.wav'), 'xx');
    await until(() => durationMs() === 2);
    expect(await history.list('acme')).toHaveLength(1);
  });
});

describe('numbers of two customers', () => {
  test('the one that had it keeps it; the other is refused by name, and served when it becomes free', async () => {
    save('bolt', planOf([BOLT, ACME]));
    const plans = await open();
    save('acme', planOf([ACME]));
    await until(() => last('acme')?.kind === 'refused');
    expect(plans.problems('acme')).toMatchObject([{ path: `/numbers/${ACME}`, code: 'number-of-another-customer', message: expect.stringContaining('"bolt"') as string }]);
    expect(plans.byDdi(ACME)?.customer).toBe('bolt');
    save('bolt', planOf([BOLT], 'two'));
    await until(() => plans.byDdi(ACME)?.customer === 'acme');
    expect(plans.byDdi(BOLT)?.version).toBe(2);
  });

  test('a start does not change who has it, whatever the names', async () => {
    save('bolt', planOf([ACME]));
    await (await open()).close();
    save('acme', planOf([ACME]));
    expect((await open()).byDdi(ACME)?.customer).toBe('bolt');
    expect(codes('acme')).toEqual(['number-of-another-customer']);
  });
});

describe('publishing by another way', () => {
  const by = (basedOn: string | null) => ({ by: 'ann', reason: 'why', basedOn });

  test('checks, makes a version, writes the file as it was sent, and swaps', async () => {
    const plans = await open();
    const text = `  ${textOf(planOf([ACME]))}`;
    expect(await plans.publish('acme', text, by(null))).toMatchObject({ kind: 'published', version: 1, problems: [] });
    expect(readFileSync(file('acme'), 'utf8')).toBe(text);
    expect(plans.byDdi(ACME)?.customer).toBe('acme');
    expect(await history.list('acme')).toMatchObject([{ by: 'ann', reason: 'why' }]);
    await plans.rescan();
    expect(await plans.publish('acme', text, by(plans.byCustomer('acme')?.hash ?? ''))).toEqual({ kind: 'unchanged', version: 1 });
    expect(await history.list('acme')).toHaveLength(1);
  });

  test('never over an unpublished edit, readable or not', async () => {
    save('acme', planOf([ACME]));
    const plans = await open({ timing: { debounceMs: 60_000, rescanMs: 60_000, settleMs: 60_000, withdrawAfterMs: 60_000 } });
    const head = plans.byCustomer('acme')?.hash ?? '';
    for (const edit of [textOf(planOf([ACME], 'edit')), '{ "half']) {
      writeFileSync(file('acme'), edit);
      expect(await plans.publish('acme', textOf(planOf([ACME], 'two')), by(head))).toEqual({ kind: 'conflict', with: 'file' });
      expect(await plans.withdraw('acme', by(head))).toEqual({ kind: 'conflict', with: 'file' });
      expect(readFileSync(file('acme'), 'utf8')).toBe(edit);
    }
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(await history.list('acme')).toHaveLength(1);
  });

  test('somebody else published in between: conflict with their version, nothing changed', async () => {
    const plans = await open();
    const first = await plans.publish('acme', textOf(planOf([ACME])), by(null));
    if (first.kind !== 'published') throw new Error(first.kind);
    const two = await Promise.all(['b', 'c'].map((label) => plans.publish('acme', textOf(planOf([ACME], label)), by(first.hash))));
    expect(two.map(({ kind }) => kind).sort()).toEqual(['conflict', 'published']);
    expect(two.find(({ kind }) => kind === 'conflict')).toMatchObject({ with: 'version', current: { version: 2 } });
  });

  test('a bad plan, a number of another, and a name that is a path are refused', async () => {
    save('bolt', planOf([BOLT]));
    const plans = await open();
    expect(await plans.publish('acme', '{}', by(null))).toMatchObject({ kind: 'refused' });
    expect(await plans.publish('acme', textOf(planOf([BOLT])), by(null))).toMatchObject({ kind: 'refused', problems: [{ code: 'number-of-another-customer' }] });
    for (const name of ['../acme', '', '.acme', 'a'.repeat(41)]) expect(await plans.publish(name, textOf(planOf([ACME])), by(null))).toMatchObject({ kind: 'refused' });
    expect(readdirSync(folder)).toEqual(['bolt.json']);
    expect(plans.customers()).toEqual(['bolt']);
  });

  test('when the history cannot write, file and live plan stay as they were', async () => {
    const broken: HistoryPort = {
      publish: () => Promise.reject(new Error('disk full')),
      current: (customer) => history.current(customer),
      get: (customer, version) => history.get(customer, version),
      list: (customer, limit) => history.list(customer, limit),
      customers: () => history.customers(),
    };
    save('acme', planOf([ACME]));
    await (await open()).close();
    const plans = await open({ history: broken });
    await expect(plans.publish('acme', textOf(planOf([ACME], 'two')), by(plans.byCustomer('acme')?.hash ?? ''))).rejects.toThrow('disk full');
    expect(read('acme')).toEqual(planOf([ACME]));
    expect(readdirSync(folder)).toEqual(['acme.json']);
    save('acme', planOf([ACME], 'three'));
    await until(() => last('acme')?.kind === 'refused');
    expect(codes('acme')).toEqual(['history-failed']);
    expect(plans.byDdi(ACME)?.version).toBe(1);
  });
});

describe('withdrawing', () => {
  test('deleting the file withdraws after a while, durably; putting it back serves again', async () => {
    save('acme', planOf([ACME]));
    save('bolt', planOf([BOLT]));
    const plans = await open();
    const old = plans.byCustomer('acme');
    rmSync(file('acme'));
    await until(() => last('acme')?.kind === 'withdrawn');
    expect(plans.byDdi(ACME)).toBeNull();
    expect(plans.states()).toEqual({ live: 1, refused: 0, withdrawn: 1 });
    expect(await plans.byHash('acme', old?.hash ?? '')).toBe(old);
    await plans.close();
    const again = await open();
    expect(again.byDdi(ACME)).toBeNull();
    expect(existsSync(file('acme'))).toBe(false);
    expect(await again.byHash('acme', old?.hash ?? '')).toMatchObject({ version: 1 });
    save('acme', planOf([ACME]));
    await until(() => again.byDdi(ACME) !== null);
    expect(again.byDdi(ACME)?.version).toBe(3);
  });

  test('a file that comes back at once stays live', async () => {
    save('acme', planOf([ACME]));
    const plans = await open({ timing: { debounceMs: 5, rescanMs: 100, settleMs: 100, withdrawAfterMs: 60_000 } });
    copyFileSync(file('acme'), join(root, 'aside'));
    rmSync(file('acme'));
    await plans.rescan();
    renameSync(join(root, 'aside'), file('acme'));
    await plans.rescan();
    expect(plans.byDdi(ACME)?.version).toBe(1);
    expect(results.some(({ kind }) => kind === 'withdrawn')).toBe(false);
  });

  test('files that vanish together are a fault, not a decision', async () => {
    for (const [at, customer] of ['acme', 'bolt', 'cove'].entries()) save(customer, planOf([`+44163296001${at}`]));
    const plans = await open();
    for (const customer of ['acme', 'bolt']) rmSync(file(customer));
    await until(() => faults.has('plan-files-vanished'));
    rmSync(folder, { recursive: true });
    await until(() => faults.has('plan-folder-unreadable'));
    expect(plans.customers()).toEqual(['acme', 'bolt', 'cove']);
    mkdirSync(folder);
    for (const [at, customer] of ['acme', 'bolt', 'cove'].entries()) save(customer, planOf([`+44163296001${at}`], 'two'));
    await until(() => plans.byCustomer('cove')?.version === 2 && plans.byCustomer('acme')?.version === 2 && plans.byCustomer('bolt')?.version === 2);
    expect(faults.size).toBe(0);
  });

  test('by another way takes the file away too', async () => {
    save('acme', planOf([ACME]));
    const plans = await open();
    expect(await plans.withdraw('acme', { by: 'ann', reason: 'left', basedOn: plans.byCustomer('acme')?.hash ?? '' })).toEqual({ kind: 'withdrawn' });
    expect(existsSync(file('acme'))).toBe(false);
    expect(plans.byDdi(ACME)).toBeNull();
    await plans.rescan();
    expect(await history.list('acme')).toMatchObject([{ version: 2, by: 'ann', reason: 'left' }, { version: 1 }]);
    expect(await plans.publish('acme', textOf(planOf([ACME])), { by: 'ann', reason: '', basedOn: null })).toMatchObject({ kind: 'published', version: 3 });
  });
});

describe('trunks that a plan names', () => {
  test('unknown ones are a warning, on saving and on checking, and the plan serves all the same', async () => {
    const json = planOf([ACME], 'one', { outbound: { trunks: ['carrier-a', 'carrier-b'] } });
    save('acme', json);
    const plans = await open({ trunks: () => new Set(['carrier-a']) });
    const expected = { path: '/outbound/trunks/1', code: 'unknown-trunk', severity: 'warning' };
    expect(plans.byDdi(ACME)?.outbound.trunks).toEqual(['carrier-a', 'carrier-b']);
    expect(plans.problems('acme').filter(({ code }) => code === 'unknown-trunk')).toMatchObject([expected]);
    const checked = await plans.check(textOf(json), 'acme');
    expect(checked.ok).toBe(true);
    expect(checked.problems.filter(({ code }) => code === 'unknown-trunk')).toMatchObject([expected]);
  });
});

describe('versions of the past', () => {
  test('are compiled again from the history, once for many who ask; unknown ones are null', async () => {
    save('acme', planOf([ACME]));
    const first = await open();
    const hash = first.byCustomer('acme')?.hash ?? '';
    save('acme', planOf([ACME], 'two'));
    await until(() => first.byDdi(ACME)?.version === 2);
    await first.close();
    const plans = await open();
    const [one, two] = await Promise.all([plans.byHash('acme', hash), plans.byHash('acme', hash)]);
    expect(one).toMatchObject({ version: 1, hash });
    expect(two).toBe(one);
    expect(await plans.byHash('acme', 'nonsense')).toBeNull();
    expect(await plans.byHash('nobody', hash)).toBeNull();
  });
});
