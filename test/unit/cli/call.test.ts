// genvoice call: told as it happens, ended as the verdict says, hung up on Ctrl+C.
import { describe, expect, test } from 'vitest';
import type { TestCallBody, TestCallProgress, TestCallResult } from '../../../src/http/wire.ts';
import { fakeDeps } from '../http/fake-deps.ts';
import { genvoiceAt } from './run-cli.ts';

const PROGRESS: readonly TestCallProgress[] = [
  { kind: 'calling', atMs: 0, callId: null, to: '+441632960018', from: '+447700900123' },
  { kind: 'answered', atMs: 9, afterMs: 9 },
  { kind: 'step', atMs: 3000, step: 'main-menu', stepKind: 'menu', outcome: 'key 1', text: 'key 1' },
  { kind: 'leg', atMs: 3100, to: '201', name: 'Priya', isTestPhone: true, state: 'answered' },
];
const RESULT: TestCallResult = {
  callId: '81c0aaaaaaaa',
  verdict: 'as-planned',
  endedAt: 'Priya',
  expectedAt: 'Priya',
  planVersion: 41,
  detail: null,
  hint: null,
  durationMs: 1200,
};

function deps(result: Partial<TestCallResult> = {}, seen: TestCallBody[] = []): ReturnType<typeof fakeDeps> {
  return fakeDeps({
    testCall: async (body, emit) => {
      seen.push(body);
      for (const item of PROGRESS) emit(item);
      return { kind: 'done', row: { ...RESULT, ...result } };
    },
  });
}

describe('genvoice call', () => {
  test('on a terminal: one line that grows, then the verdict', async () => {
    const ran = await genvoiceAt(deps(), ['call', '01632960018', '--keys', '1'], { columns: 120 });
    expect(ran).toEqual({
      exit: 0,
      out: 'Calling 01632 960018 … answered after 9 ms · main-menu key 1 · Priya (test phone) answered\n✓ Ended at Priya, as version 41 says. Trace: genvoice calls show 81c0aaaaaaaa\n',
      err: '',
    });
  });

  test('piped: one line for each event', async () => {
    const ran = await genvoiceAt(deps(), ['call', '01632960018']);
    expect(ran.out).toBe(
      'Calling 01632 960018\nanswered after 9 ms\nmain-menu key 1\nPriya (test phone) answered\n✓ Ended at Priya, as version 41 says. Trace: genvoice calls show 81c0aaaaaaaa\n',
    );
  });

  test('as JSON: progress and result', async () => {
    const ran = await genvoiceAt(deps(), ['call', '01632960018', '--json']);
    expect(JSON.parse(ran.out)).toEqual({ progress: PROGRESS, result: RESULT });
  });

  test('everything asked for reaches the server', async () => {
    const seen: TestCallBody[] = [];
    await genvoiceAt(deps({}, seen), [
      'call',
      '+441632960018',
      '--from',
      '+447700900123',
      '--keys',
      '1,,2',
      '--answer',
      '201=busy,202=no-answer',
      '--hang-up-after',
      '5s',
      '--time-limit',
      '2m',
      '--customer',
      'bramley-finch',
    ]);
    expect(seen).toEqual([
      {
        to: '+441632960018',
        from: '+447700900123',
        keys: ['1', '', '2'],
        answers: { 201: 'busy', 202: 'no-answer' },
        hangUpAfterMs: 5000,
        timeLimitMs: 120_000,
        customer: 'bramley-finch',
      },
    ]);
  });

  test.each([
    [
      { verdict: 'other-end', endedAt: 'Sales voicemail', detail: null },
      1,
      '✗ Ended at Sales voicemail; version 41 says Priya. Trace: genvoice calls show 81c0aaaaaaaa',
    ],
    [
      { verdict: 'time-limit', endedAt: 'main-menu', durationMs: 60_000 },
      3,
      '✗ Not over after 1 min 00 s; hung up at main-menu. Trace: genvoice calls show 81c0aaaaaaaa',
    ],
    [
      { verdict: 'no-asterisk', callId: null, detail: 'Asterisk is not reachable' },
      3,
      '✗ The call could not be placed: Asterisk is not reachable.',
    ],
    [
      { verdict: 'other-end', endedAt: '\u001b[2Jx', expectedAt: null, planVersion: null },
      1,
      '✗ Ended at [2Jx; the plan says otherwise. Trace: genvoice calls show 81c0aaaaaaaa',
    ],
  ] as const)('%j exits %i', async (result, exit, line) => {
    const ran = await genvoiceAt(deps(result), ['call', '01632960018']);
    expect([ran.exit, ran.out.trimEnd().split('\n').at(-1)]).toEqual([exit, line]);
  });

  test.each([
    ['+441632960099', 1, "+441632960099 is nobody's number here."],
    ['999', 1, 'Test calls never go to 999.'],
  ])('%s is refused', async (to, exit, message) => {
    const ran = await genvoiceAt(fakeDeps(), ['call', to]);
    expect([ran.exit, ran.out, ran.err.split('\n')[0]]).toEqual([exit, '', message]);
  });

  test('Ctrl+C hangs up and exits 130', async () => {
    const interrupt = new AbortController();
    let wasHungUp = false;
    const hungUp = Promise.withResolvers<undefined>();
    const world = fakeDeps({
      testCall: (_body, emit, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            wasHungUp = true;
            hungUp.resolve(undefined);
            resolve({ kind: 'done', row: { ...RESULT, verdict: 'interrupted' } });
          });
          for (const item of PROGRESS) emit(item);
        }),
    });
    const ran = await genvoiceAt(world, ['call', '01632960018'], {
      interrupted: interrupt.signal,
      onOut: (text) => text.startsWith('Priya') && interrupt.abort(),
    });
    await hungUp.promise;
    expect([ran.exit, wasHungUp, ran.err]).toEqual([130, true, 'Interrupted. The call was hung up.\n']);
  });

  test('a server that goes away in the middle is 3', async () => {
    const world = fakeDeps({
      testCall: async (_body, emit) => {
        for (const item of PROGRESS) emit(item);
        throw new Error('asterisk socket');
      },
    });
    const ran = await genvoiceAt(world, ['call', '01632960018']);
    expect([ran.exit, ran.err.split('\n')[0]]).toEqual([
      3,
      'The server met a fault of its own while the test call ran.',
    ]);
  });
});

describe('genvoice calls watch', () => {
  test.each([
    [[], /^14:03:22\.417  aaa111  01632 960018 from Withheld\n$/],
    [['--json'], /^\{"kind":"call-started".*\}\n$/],
  ])('%j prints one line per event until Ctrl+C', async (flags, expected) => {
    const interrupt = new AbortController();
    const world = fakeDeps();
    const ran = genvoiceAt(world, ['calls', 'watch', ...flags], {
      interrupted: interrupt.signal,
      onOut: () => interrupt.abort(),
    });
    // The stream is open once its first beat waits for the next one.
    await expect.poll(() => world.clock.waiting.some((one) => one.delayMs === 2000)).toBe(true);
    world.emit({
      kind: 'call-started',
      callId: 'aaa111',
      customer: 'bramley-finch',
      atMs: Date.UTC(2026, 10, 23, 14, 3, 22, 417),
      direction: 'inbound',
      dialled: '+441632960018',
      caller: 'Withheld',
      isTest: false,
    });
    const { exit, out } = await ran;
    expect(exit).toBe(130);
    expect(out).toMatch(expected);
  });
});
