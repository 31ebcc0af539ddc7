// Commands against a server over the fake world: golden text for pipes and terminals, JSON, exit codes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startServer } from '../../../src/http/server.ts';
import { aLiveCall, aRecord, fakeDeps, KEY, NOW_MS } from '../http/fake-deps.ts';
import type { FakeWorld } from '../http/fake-deps.ts';
import { genvoice, genvoiceAt } from './run-cli.ts';

function world(): FakeWorld {
  const deps = fakeDeps();
  deps.live.push(
    aLiveCall('aaa111000000', { activity: { kind: 'ringing', step: 'ring-sales', legs: [], untilMs: 0 } }),
  );
  deps.records.push(
    aRecord('7f3a00000000', {
      answeredAtMs: NOW_MS + 2000,
      trace: [
        {
          atMs: NOW_MS + 1,
          step: 'office-hours',
          kind: 'hours',
          outcome: 'open',
          text: 'open until 17:30',
          next: 'main-menu',
          tookFallback: false,
        },
        {
          atMs: NOW_MS + 5911,
          step: 'main-menu',
          kind: 'menu',
          outcome: 'key 1',
          text: 'key 1',
          next: 'sales',
          tookFallback: false,
        },
        {
          atMs: NOW_MS + 10_111,
          step: 'sales',
          kind: 'ring',
          outcome: 'no-answer',
          text: 'no answer, Priya: no answer',
          next: 'box',
          tookFallback: true,
        },
      ],
      legs: [
        {
          channel: 'c',
          to: '201',
          name: 'Priya',
          isTestPhone: true,
          placedAtMs: NOW_MS + 6000,
          ringingAtMs: NOW_MS + 6100,
          answeredAtMs: null,
          endedAtMs: NOW_MS + 10_100,
          result: 'no-answer',
          cause: 19,
          techCause: 480,
        },
      ],
    }),
    aRecord('81c000000000', {
      isTest: true,
      customer: null,
      ddi: null,
      dialled: '\u001b[31mevil',
      caller: { number: { kind: 'withheld' } },
      end: { by: 'us', fault: 'caller', code: 'unknown-number', cause: 1 },
    }),
  );
  return deps;
}

describe('lists as golden text', () => {
  test.each([
    [
      ['calls', 'list'],
      undefined,
      [
        'aaa111000000  Mon 23 Nov 2026 14:03:22  Withheld      01632 960018   1 min 00 s  live: ring-sales, ringing',
        '7f3a00000000  Mon 23 Nov 2026 14:03:22  07700 900123  01632 960018   2 min 14 s  ended by caller, normal clearing (16), fault: none',
        '81c000000000  Mon 23 Nov 2026 14:03:22  Withheld      [31mevil       2 min 14 s  ended by us, unknown number (1), fault: caller (test call)',
      ],
    ],
    [
      ['calls', 'list'],
      100,
      [
        'Id            Began                     From          To                Length  Where, or how it en…',
        'aaa111000000  Mon 23 Nov 2026 14:03:22  Withheld      01632 960018  1 min 00 s  live: ring-sales, r…',
        '7f3a00000000  Mon 23 Nov 2026 14:03:22  07700 900123  01632 960018  2 min 14 s  ended by caller, no…',
        '81c000000000  Mon 23 Nov 2026 14:03:22  Withheld      [31mevil      2 min 14 s  ended by us, unknow…',
      ],
    ],
    [
      ['numbers', 'list'],
      undefined,
      [
        '01632 960018   bramley-finch   Sales  proven      Hours, then the main menu',
        '0117 496 0123  harbour-dental  Desk   not proven  Hours, then the desk',
      ],
    ],
    [
      ['numbers', 'list'],
      60,
      [
        'Number         Customer        Label  Returnable  What call…',
        '01632 960018   bramley-finch   Sales  proven      Hours, th…',
        '0117 496 0123  harbour-dental  Desk   not proven  Hours, th…',
      ],
    ],
    [['switches', 'list'], undefined, ['bramley-finch  night  off  never set    *28  Night switch']],
    [['phones', 'list'], undefined, ['bramley-finch  201  Priya  online  bramley-finch-201']],
    [['mailboxes', 'list'], undefined, ['bramley-finch  sales  Sales  1  2  set']],
    [
      ['mailboxes', 'messages', 'sales'],
      undefined,
      ['Mon 23 Nov 2026 14:03:22  07700 900123  12 s  new  7f3a00000000'],
    ],
    [['plans', 'versions', 'bramley-finch'], undefined, ['41  Mon 23 Nov 2026 09:00:00  file  hash41  live']],
    [['settings'], undefined, ['GENVOICE_HTTP_PORT  8085  default  Port of the API']],
  ] as const)('%j at width %s', async (args, columns, lines) => {
    const ran = await genvoiceAt(world(), args, columns === undefined ? {} : { columns });
    // Figures of columns that are wider in a pipe are compared without the padding between columns.
    const squeeze = (text: string): string => (columns === undefined ? text.replaceAll(/ {2,}/g, '  ') : text);
    expect(ran.out.trimEnd().split('\n').map(squeeze)).toEqual(lines.map(squeeze));
    expect(ran.exit).toBe(0);
  });

  test('calls show', async () => {
    const ran = await genvoiceAt(world(), ['calls', 'show', '7f3a']);
    expect(ran.out).toBe(
      [
        '7f3a00000000  01632 960018 from 07700 900123  Mon 23 Nov 2026 14:03:22 London  2 min 14 s  bramley-finch  version 41',
        '  14:03:22.418          hours office-hours  open until 17:30',
        '  14:03:24.417  +2.0 s                      answered',
        '  14:03:28.328  +3.9 s  menu main-menu      key 1',
        '  14:03:32.528  +4.2 s  ring sales          no answer, Priya: no answer; fallback to box',
        '  14:05:36.417                              ended by caller, normal clearing (16), fault: none',
        '  leg 201 Priya (test phone): no answer, rang 4 s',
        '  came from trunk-gamma, 127.0.0.1:5070, udp, SIP Call-ID abc@127.0.0.1',
        '',
      ].join('\n'),
    );
  });

  test('trunks list says which can be used, and no when none can', async () => {
    const some = await genvoiceAt(fakeDeps(), ['trunks', 'list']);
    expect(some.exit).toBe(0);
    expect(some.out).toMatch(/gamma\s+Gamma\s+ok\s+12 of 30\s+yes/);
    expect(some.out).toMatch(/bt\s+BT\s+left alone\s+0\s+the carrier is not available, since .*14:01/);
    const none = await genvoiceAt(fakeDeps({ trunks: async () => [] }), ['trunks', 'list']);
    expect(none.exit).toBe(1);
  });

  test('status and alarms say no when something is wrong', async () => {
    const ready = await genvoiceAt(fakeDeps(), ['status']);
    expect([ready.exit, ready.out.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^✓ GENVoice 0\.1\.0 at http:\/\/127\.0\.0\.1:\d+ takes calls; 0 live calls\.$/),
    ]);
    const down = await genvoiceAt(
      fakeDeps({
        health: async () => ({
          isAsteriskUp: false,
          eventsArriveAgoMs: null,
          isStoreOk: true,
          livePlans: 1,
          isDraining: false,
        }),
      }),
      ['status'],
    );
    expect(down.exit).toBe(1);
    expect(down.out).toContain('✗ asterisk      no link to Asterisk: calls follow the last known route');
    const alarms = await genvoiceAt(fakeDeps(), ['alarms']);
    expect([alarms.exit, alarms.out]).toEqual([
      1,
      '✗ The disk of the data folder is full, since Mon 23 Nov 2026 14:00:00. Free space; records wait in a file\n',
    ]);
    const none = await genvoiceAt(fakeDeps({ alarms: async () => [] }), ['alarms']);
    expect([none.exit, none.out]).toEqual([0, '✓ No alarms.\n']);
  });
});

describe('--json is exactly one document', () => {
  test.each([
    [['calls', 'list']],
    [['calls', 'show', '7f3a']],
    [['numbers', 'list']],
    [['plans', 'list']],
    [['plans', 'show', 'bramley-finch']],
    [['plans', 'versions', 'bramley-finch']],
    [['switches', 'list']],
    [['switches', 'set', 'night', 'on']],
    [['phones', 'list']],
    [['phones', 'secret', '201', '--yes']],
    [['phones', 'remove', '201', '--yes']],
    [['mailboxes', 'list']],
    [['mailboxes', 'messages', 'sales']],
    [['status']],
    [['alarms']],
    [['trunks', 'list']],
    [['settings']],
    [['call', '+441632960018']],
    [['plans', 'restore', 'bramley-finch', '40', '--yes']],
    [['attach', '--print']],
    [['explain', '--plan', 'dialplan/plans/bramley-finch.json', '--to', '01632960018']],
    [['check', 'dialplan/plans']],
    [['calls', 'show', 'zzzz']],
    [['nonsense']],
    [['calls', 'list', '--limit', 'x']],
    [['numbers', 'list', '--customer', '../etc']],
  ])('%j', async (args) => {
    const ran = await genvoiceAt(world(), [...args, '--json']);
    const document = JSON.parse(ran.out) as Record<string, unknown>;
    expect(ran.err).toBe('');
    expect('error' in document).toBe(ran.out.includes('"error": {'));
    if ('error' in document)
      expect(Object.keys(document['error'] as object)).toEqual(['code', 'message', 'path', 'hint']);
  });
});

describe('acts', () => {
  test('a switch is found by its name, and the undo is offered', async () => {
    const ran = await genvoiceAt(fakeDeps(), ['switches', 'set', 'night', 'on']);
    expect([ran.exit, ran.out, ran.err]).toEqual([
      0,
      '✓ Night switch of bramley-finch is on from the next call.\n',
      'Undo: genvoice switches set night off --customer bramley-finch\n',
    ]);
  });
  test.each([
    [['switches', 'set', 'day', 'on'], 1, 'There is no switch "day".'],
    [['switches', 'set', 'night', 'half'], 1, '"half" is no position of "night".'],
    [['phones', 'secret', '299'], 1, 'There is no extension 299.'],
    [['phones', 'secret', '201'], 2, 'Priya (201) is online; a new password logs it out.'],
    [['phones', 'remove', '201'], 2, 'Priya (201) is online and would be logged out.'],
    [
      ['mailboxes', 'messages', 'sales', '--customer', 'harbour-dental'],
      1,
      'There is no mailbox "sales" of harbour-dental.',
    ],
    [['plans', 'restore', 'bramley-finch', '40'], 2, 'Restoring changes what callers get.'],
    [['plans', 'restore', 'bramley-finch', 'x'], 2, '"x" is no version.'],
    [['plans', 'restore', 'bramley-finch', '7', '--yes'], 1, 'bramley-finch has no version 7.'],
    [['plans', 'show', 'nobody'], 1, 'nobody has no plan here.'],
    [['plans', 'publish', '/nowhere/x.json'], 2, '/nowhere/x.json cannot be read (ENOENT).'],
    [['calls', 'show', 'zzzz'], 1, 'No call zzzz is live or recorded.'],
    [['calls', 'list', '--since', 'yesterday'], 2, '--since: "yesterday" is no time.'],
  ])('%j exits %i', async (args, exit, message) => {
    const ran = await genvoiceAt(fakeDeps(), args);
    expect([ran.exit, ran.out, ran.err.split('\n')[0]]).toEqual([exit, '', message]);
  });
  test('the same name at two customers has to be told apart', async () => {
    const [phone] = await fakeDeps().phones();
    if (phone === undefined) throw new Error('the fake world has no phone');
    const deps = fakeDeps({ phones: async () => [phone, { ...phone, customer: 'harbour-dental' }] });
    const ran = await genvoiceAt(deps, ['phones', 'secret', '201', '--yes']);
    expect([ran.exit, ran.err]).toEqual([
      2,
      '2 customers have extension 201: bramley-finch, harbour-dental.\nName one: --customer bramley-finch\n',
    ]);
  });
  test('a password is shown once, on stdout alone', async () => {
    const ran = await genvoiceAt(fakeDeps(), ['phones', 'secret', '201', '--yes']);
    expect(ran.out).toBe(
      'User name  bramley-finch-201\nPassword   shown-once\nAddress    sip:bramley-finch-201@127.0.0.1:5060\n',
    );
    expect(ran.err).not.toContain('shown-once');
  });
  test('a file is published over what is live', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genvoice-cli-'));
    const file = join(folder, 'bramley-finch.json');
    try {
      await writeFile(file, '{"a": 1}');
      const good = await genvoiceAt(fakeDeps(), ['plans', 'publish', file]);
      expect([good.exit, good.out, good.err]).toEqual([
        0,
        '✓ Version 42 of bramley-finch is live on 2 DDIs; calls in progress keep their version.\n',
        'Undo: genvoice plans restore bramley-finch 41\n',
      ]);
      const late = await genvoiceAt(fakeDeps(), ['plans', 'publish', file, '--based-on', 'hash40']);
      expect([late.exit, late.err.split('\n')[0]]).toEqual([
        1,
        'Priya published version 41 of bramley-finch in the meantime. Nothing was changed.',
      ]);
      await writeFile(file, '{"to": "suport"}');
      const bad = await genvoiceAt(fakeDeps(), ['plans', 'publish', file]);
      expect([bad.exit, bad.err.split('\n')[0]]).toEqual([1, 'The plan has 1 problem. Nothing was changed.']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('finding the server', () => {
  test('a server that does not run is one sentence that says how to start it', async () => {
    const ran = await genvoice(['numbers', 'list']);
    expect([ran.exit, ran.out, ran.err]).toEqual([
      3,
      '',
      'GENVoice is not running at http://127.0.0.1:1. Start it with: npm start\n',
    ]);
  });
  test('a wrong key is not allowed', async () => {
    const ran = await genvoiceAt(fakeDeps(), ['numbers', 'list'], { env: { GENVOICE_API_KEY: 'wrong' } });
    expect([ran.exit, ran.err]).toEqual([
      4,
      'The key of this request is not the key of this server.\nRead the key again from the file api-key of the data folder; another instance has another one.\n',
    ]);
  });
  test('no key at all names the folder that was looked into', async () => {
    const ran = await genvoiceAt(fakeDeps(), ['numbers', 'list'], {
      env: { GENVOICE_API_KEY: '', GENVOICE_DATA: '/nowhere' },
    });
    expect([ran.exit, ran.err.split('\n')[1]]).toEqual([
      4,
      'There is no key in /nowhere. Set GENVOICE_DATA to the data folder of that server, or GENVOICE_API_KEY.',
    ]);
  });
  test('url and key are found in the data folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genvoice-cli-'));
    const server = await startServer(fakeDeps(), { host: '127.0.0.1', port: 0 });
    try {
      await mkdir(join(folder, 'data'));
      await writeFile(join(folder, 'data', 'api-key'), `${KEY}\n`);
      await writeFile(join(folder, 'data', 'server.json'), JSON.stringify({ url: server.url }));
      const env = {
        GENVOICE_API_KEY: '',
        GENVOICE_HTTP_HOST: '',
        GENVOICE_HTTP_PORT: '',
        GENVOICE_DATA: join(folder, 'data'),
      };
      expect((await genvoice(['numbers', 'list'], { env })).exit).toBe(0);
      // A spoiled file falls back to the settings, where nothing runs.
      await writeFile(join(folder, 'data', 'server.json'), '{"url": "file:///etc/passwd"}');
      expect((await genvoice(['numbers', 'list'], { env: { ...env, GENVOICE_HTTP_PORT: '1' } })).exit).toBe(3);
    } finally {
      await server.close();
      await rm(folder, { recursive: true });
    }
  });
  test('another program on the port is told from GENVoice', async () => {
    const other = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    try {
      for (const args of [['numbers', 'list'], ['status']]) {
        const ran = await genvoice(args, { env: { GENVOICE_HTTP_PORT: port } });
        expect([ran.exit, ran.err.split('\n')[0]]).toEqual([
          3,
          `What listens at http://127.0.0.1:${port} does not answer like GENVoice.`,
        ]);
      }
    } finally {
      other.close();
    }
  });
});

describe('used wrongly', () => {
  test.each([
    [['explian'], "Unknown command 'explian'.\nDid you mean explain?\n"],
    [['calls', 'shwo', 'x'], "Unknown command 'shwo'.\nDid you mean show?\n"],
    [['numbers', 'list', '--jsno'], "Unknown option '--jsno'.\nDid you mean --json?\n"],
    [['call'], "Missing required argument 'number'.\nAdd --help for the options and examples.\n"],
    [
      ['numbers', 'list', 'extra'],
      "Too many arguments for 'list'. Expected 0 arguments but got 1: extra.\nAdd --help for the options and examples.\n",
    ],
    [[], 'This command needs another word after it.\ngenvoice --help lists the commands.\n'],
    [['attach'], 'attach only prints.\nRun genvoice attach --print, and copy the parts by hand.\n'],
    [
      ['call', '1', '--keys', '1;2'],
      '--keys: "1;2" has other keys than 0 to 9, * and #.\nWrite one entry for each time that keys are asked for, for example --keys 1,3.\n',
    ],
    [
      ['call', '1', '--answer', '201=maybe'],
      '--answer: "201=maybe" is not extension=answered|busy|no-answer|declined|unreachable.\nWrite it like 201=busy,202=no-answer.\n',
    ],
    [
      ['call', '1', '--time-limit', 'soon'],
      '--time-limit: "soon" is no length of time.\nWrite it like 5s, 500ms or 2m.\n',
    ],
    [['call', '1', '--time-limit', '2h'], '--time-limit: "2h" is no length of time.\nWrite it like 5s, 500ms or 2m.\n'],
  ])('%j exits 2', async (args, text) => {
    const ran = await genvoice(args);
    expect([ran.exit, ran.out, ran.err]).toEqual([2, '', text]);
  });

  test.each([
    [['--help']],
    [['call', '--help']],
    [['calls', '--help']],
    [['calls', 'list', '--help']],
    [['plans', 'restore', '--help']],
    [['check', '--help']],
  ])('%j begins with two examples', async (args) => {
    const ran = await genvoice(args);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/^Examples:\n  genvoice \S.*\n  genvoice \S.*\n/);
  });

  test('the version', async () => {
    expect(await genvoice(['--version'])).toEqual({ exit: 0, out: '0.1.0\n', err: '' });
  });
});
