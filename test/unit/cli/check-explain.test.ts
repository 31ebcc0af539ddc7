// check, explain and attach: without a server, on the shipped plans and on broken ones.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeDeps } from '../http/fake-deps.ts';
import { genvoice, genvoiceAt, PRODUCT } from './run-cli.ts';

const PLAN = join(PRODUCT, 'dialplan/plans/bramley-finch.json');
/** Extensions that the end step and the failsafe need nothing of. */
const END = { kind: 'end', how: 'hang-up' };

function plan(overrides: object = {}): string {
  return JSON.stringify({
    schema: 1,
    organisation: { name: 'Acme', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' },
    numbers: { '+441632960018': { label: 'Main', entry: 'bye' } },
    steps: { bye: END },
    failsafe: 'bye',
    ...overrides,
  });
}

describe('check and explain', () => {
  let folder = '';
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'genvoice-plans-'));
    await writeFile(file('acme.json'), plan());
    await writeFile(file('broken.json'), plan({ numbers: { '+441632960018': { label: 'Main', entry: 'byr' } } }));
    await writeFile(file('text.json'), '{\n  "schema": 1,\n  "organisation": {,\n}');
    await writeFile(file('hostile.json'), `{"__proto__": {"a": 1}, "schema": ${'['.repeat(5000)}${']'.repeat(5000)}}`);
    await writeFile(file('latin.json'), Buffer.from([0x7b, 0xe9, 0x7d]));
    await writeFile(
      file('switched.json'),
      plan({
        switches: { night: { label: 'Night', positions: ['off', 'on'] } },
        numbers: { '+441632960019': { label: 'Main', entry: 'night' } },
        steps: {
          night: { kind: 'switch', switch: 'night', on: { on: 'bye', off: 'gone' }, fallback: 'bye' },
          bye: END,
          gone: { kind: 'end', how: 'busy' },
        },
      }),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a good plan', async () => {
    const ran = await genvoice(['check', file('acme.json')]);
    expect([ran.exit, ran.out.replace(/\d+ ms/, 'N ms'), ran.err]).toEqual([
      0,
      '✓ acme.json: no problems (1 step, 1 DDI, N ms)\n',
      '',
    ]);
  });

  test('a number that calls leave with, whose callers can be left, is a warning with the sentence', async () => {
    await writeFile(file('leaves.json'), plan({ outbound: { trunks: ['carrier'] } }));
    const ran = await genvoice(['check', file('leaves.json')]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain(
      '! /numbers/+441632960018  is not proven returnable: At any time with no key pressed ends in a hang-up at "bye". ',
    );
  });

  test('a broken plan: place, problem, mend', async () => {
    const ran = await genvoice(['check', file('broken.json')]);
    const lines = ran.out.trimEnd().split('\n');
    expect(ran.exit).toBe(1);
    expect(lines[0]).toMatch(/^broken\.json: \d+ problems?.* \(1 step, 1 DDI, \d+ ms\)$/);
    expect(ran.out).toMatch(
      / {2}✗ \/numbers\/\+441632960018\/entry {2}goes to "byr", which is no step\. Did you mean "bye"\?/,
    );
    expect(lines.at(-1)).toBe('Nothing was changed.');
  });

  test('broken text: line and column', async () => {
    const ran = await genvoice(['check', file('text.json')]);
    expect(ran.exit).toBe(1);
    expect(ran.out).toMatch(/ {2}✗ line 3, column 20 {2}\S/);
  });

  test('hostile text ends in problems', async () => {
    const ran = await genvoice(['check', file('hostile.json'), '--json']);
    const { files } = JSON.parse(ran.out) as { files: { ok: boolean; problems: { code: string }[] }[] };
    expect([ran.exit, files[0]?.ok]).toEqual([1, false]);
    expect(files[0]?.problems.length).toBeGreaterThan(0);
  });

  test('a DDI of two plans is told to the later one', async () => {
    await writeFile(file('zeta.json'), plan());
    const ran = await genvoice(['check', file('acme.json'), file('zeta.json')]);
    expect(ran.exit).toBe(1);
    expect(ran.out).toMatch(
      /✓ acme\.json: no problems[^]*zeta\.json: 1 problem[^]*belongs to the customer "acme" already/,
    );
  });

  test.each([
    ['/nowhere.json', 2, '/nowhere.json is not there.'],
    ['LATIN', 1, 'has bytes that are not UTF-8.'],
    ['EMPTY', 2, 'has no plan files.'],
  ])('%s', async (name, exit, message) => {
    const empty = await mkdtemp(join(tmpdir(), 'genvoice-empty-'));
    const ran = await genvoice(['check', name === 'LATIN' ? file('latin.json') : name === 'EMPTY' ? empty : name]);
    await rm(empty, { recursive: true });
    expect([ran.exit, ran.out]).toEqual([exit, '']);
    expect(ran.err).toContain(message);
  });

  test('the shipped plans have no problems', async () => {
    const ran = await genvoice(['check', join(PRODUCT, 'dialplan/plans')]);
    expect(ran.exit).toBe(0);
    expect(ran.out.match(/no problems/g)).toHaveLength(2);
  });

  test('explain follows the shipped plan on Christmas Day', async () => {
    const ran = await genvoice([
      'explain',
      '--plan',
      PLAN,
      '--to',
      '01632960018',
      '--from',
      '07700900123',
      '--at',
      '2026-12-25T10:00',
      '--keys',
      '1',
    ]);
    const lines = ran.out.split('\n');
    expect(ran.exit).toBe(0);
    expect(lines[0]).toBe('01632 960018 from 07700 900123, Fri 25 Dec 2026 10:00 London, keys 1, bramley-finch.json');
    expect(lines[2]).toMatch(/^ {2}2 {2}hours +opening +closed +Christmas Day/);
  });

  test('explain as JSON has the time with offset', async () => {
    const ran = await genvoice([
      'explain',
      '--plan',
      PLAN,
      '--to',
      '+441632960018',
      '--at',
      '2026-07-01T10:00',
      '--json',
      '--mermaid',
    ]);
    const document = JSON.parse(ran.out) as { at: string; plan: string; path: unknown[]; mermaid: string };
    expect([document.at, document.plan]).toEqual(['2026-07-01T10:00:00+01:00', 'bramley-finch.json']);
    expect(document.path.length).toBeGreaterThan(1);
    expect(document.mermaid).toMatch(/^flowchart TD\n/);
  });

  test('explain as a drawing', async () => {
    const ran = await genvoice(['explain', '--plan', file('acme.json'), '--to', '01632960018', '--mermaid']);
    expect(ran.out).toMatch(/^flowchart TD\n {2}start\(\[/);
  });

  test.each([
    ['a time that happens twice', ['--at', '2026-10-25T01:30'], 0, 'happens twice that day'],
    ['a time that does not exist', ['--at', '2026-03-29T01:30'], 0, 'does not exist that day'],
    ['no time', ['--at', 'Christmas'], 2, '--at: "Christmas" is no time.'],
    ['a caller that is none', ['--from', '12'], 2, '--from: 12 does not begin with 0 or +.'],
    ['another number', ['--to', '01632960099'], 1, ''],
    ['an unknown switch', ['--switch', 'day=on'], 2, '--switch: this plan has no switch "day".'],
    ['an unknown position', ['--switch', 'night=half'], 2, '--switch: "half" is no position of "night".'],
  ])('explain with %s', async (_name, flags, exit, message) => {
    const ran = await genvoice(['explain', '--plan', file('switched.json'), '--to', '01632960019', ...flags]);
    expect([ran.exit, ran.err]).toEqual([exit, expect.stringContaining(message)]);
  });

  test('explain without a number', async () => {
    expect(await genvoice(['explain'])).toEqual({
      exit: 2,
      out: '',
      err: '--to is missing.\nWrite the number that is dialled: genvoice explain --to 01632960018\n',
    });
  });

  test('explain through a plan with problems shows them', async () => {
    const ran = await genvoice(['explain', '--plan', file('broken.json'), '--to', '01632960018']);
    expect([ran.exit, ran.out]).toEqual([1, '']);
    expect(ran.err).toContain('goes to "byr", which is no step');
  });

  test('explain asks the server for the live plan and the switches as they stand', async () => {
    const base = fakeDeps();
    const source = await readFile(file('switched.json'), 'utf8');
    const deps = {
      ...base,
      plans: { ...base.plans, get: async () => ({ version: 41, hash: 'h', source }) },
      switches: async () => (await base.switches()).map((row) => ({ ...row, position: 'on' })),
      numbers: async () =>
        (await base.numbers()).map((row) => ({
          ...row,
          ddi: row.customer === 'bramley-finch' ? '+441632960019' : row.ddi,
        })),
    };
    const live = await genvoiceAt(deps, ['explain', '--to', '01632960019']);
    expect(live.out).toMatch(/bramley-finch version 41\n[^]*Ends: hung up at bye\n/);
    const asked = await genvoiceAt(deps, ['explain', '--to', '01632960019', '--switch', 'night=off']);
    expect(asked.out).toContain('Ends: busy tone at gone');
    const other = await genvoiceAt(deps, ['explain', '--to', '01632960098']);
    expect([other.exit, other.err.split('\n')[0]]).toEqual([1, '01632960098 is no DDI of a live plan.']);
  });
});

describe('attach --print', () => {
  test('prints every part, with our dialplan as it is and no password', async () => {
    const dialplan = await readFile(join(PRODUCT, 'dialplan/extensions.conf'), 'utf8');
    const ran = await genvoice(['attach', '--print'], {
      env: { ARI_USER: 'voice', ARI_APP: 'second', ARI_PASSWORD: 'not-to-be-printed', ARI_URL: 'http://10.0.0.5:8088' },
    });
    expect(ran.exit).toBe(0);
    for (const part of [
      'http.conf',
      'ari.conf',
      'extensions.conf, first part',
      'extensions.conf, second part',
      'extensions.conf, third part',
      'pjsip.conf',
    ])
      expect(ran.out).toContain(`; ======== ${part}:`);
    expect(ran.out).toContain(dialplan.trimEnd());
    expect(ran.out).toContain('[voice]\ntype=user');
    expect(ran.out).toContain('GV_APP=second\n');
    expect(ran.out).not.toContain('not-to-be-printed');
  });

  test('the last known routes of the plan files are part of it, broken files are named', async () => {
    const plans = await mkdtemp(join(tmpdir(), 'genvoice-attach-'));
    const steps = { desk: { kind: 'ring', targets: [{ extension: '201' }], fallback: 'bye' }, bye: END };
    const numbers = { '+441632960018': { label: 'Main', entry: 'desk' } };
    const extensions = { 201: { name: 'Priya', endpoint: 'PJSIP/desk-1' } };
    await writeFile(join(plans, 'acme.json'), plan({ steps, numbers, extensions }));
    await writeFile(join(plans, 'twin.json'), plan());
    await writeFile(join(plans, 'wrong.json'), '{');
    const ran = await genvoice(['attach', '--print'], { env: { GENVOICE_PLANS: plans } });
    await rm(plans, { recursive: true });
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain('[gv-fallback-ddi]\n; acme\nexten => +441632960018,1,Dial(PJSIP/desk-1,');
    expect(ran.out).toContain('exten => 01632960018,1,Goto(gv-fallback-ddi,+441632960018,1)');
    expect(ran.err.match(/^\S+ has problems and is left out/gm)).toEqual([
      'twin.json has problems and is left out',
      'wrong.json has problems and is left out',
    ]);
  });

  test('without plans it says so', async () => {
    const ran = await genvoice(['attach', '--print'], { env: { GENVOICE_PLANS: '/nowhere' } });
    expect([ran.exit, ran.out.includes('; Empty: the plans folder has no plan without problems.')]).toEqual([0, true]);
  });
});
