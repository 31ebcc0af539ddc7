// Numbers with their usability, evidence and decisions over HTTP and at the terminal, over the fake world.
import { describe, expect, test } from 'vitest';
import { sampleDecision } from '../store/sample-decision.ts';
import { genvoiceAt } from '../cli/run-cli.ts';
import { aRecord, fakeDeps } from './fake-deps.ts';
import type { FakeWorld } from './fake-deps.ts';
import { ask, withServer } from './http-helpers.ts';

const NUMBERS = '/v1/customers/bramley-finch/numbers';
const EVIDENCE = `${NUMBERS}/%2B441632960018/evidence`;
const PIECE = { type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOn: '2026-11-20T09:00:00Z', expiresOn: '2027-03-31' };

describe('numbers and evidence', () => {
  test('a number says whether it may be shown, by which rule not, and why', async () => {
    await withServer(fakeDeps(), async (server) => {
      const { status, body } = await ask(server, 'GET', NUMBERS);
      expect([status, body.numbers[0].isUsable, body.numbers[0].stoppedBy, body.numbers[0].reasons.length]).toEqual([200, false, 'cli-returnable', 2]);
      expect((await ask(server, 'GET', '/v1/customers/nobody/numbers')).status).toBe(404);
    });
  });

  test('evidence is added, listed and withdrawn', async () => {
    await withServer(fakeDeps(), async (server) => {
      const added = await ask(server, 'POST', EVIDENCE, { body: JSON.stringify(PIECE) });
      expect(added.status).toBe(201);
      expect(added.body).toMatchObject({ ...PIECE, checkedOn: '2026-11-20T09:00:00.000Z', recordedBy: 'api', withdrawn: null });
      expect((await ask(server, 'GET', EVIDENCE)).body.evidence).toEqual([added.body]);
      const withdrawn = await ask(server, 'POST', `${EVIDENCE}/${added.body.id}/withdrawal`, { body: JSON.stringify({ by: 'Tom', reason: 'given back' }) });
      expect(withdrawn.body.withdrawn).toMatchObject({ by: 'Tom', reason: 'given back' });
      expect((await ask(server, 'POST', `${EVIDENCE}/ffffffffffffffff/withdrawal`, { body: JSON.stringify({ by: 'Tom', reason: 'x' }) })).status).toBe(404);
    });
  });

  test.each([
    ['type', { ...PIECE, type: 'hearsay' }], ['reference', { ...PIECE, reference: ' ' }], ['checkedOn', { ...PIECE, checkedOn: 'yesterday' }], ['expiresOn', { ...PIECE, expiresOn: '2027-02-30' }], ['extra', { ...PIECE, extra: 1 }],
  ])('a wrong %s is refused by name', async (field, body) => {
    await withServer(fakeDeps(), async (server) => {
      const answer = await ask(server, 'POST', EVIDENCE, { body: JSON.stringify(body) });
      expect([answer.status, answer.body.path]).toEqual([422, `/${field}`]);
    });
  });

  test('genvoice numbers show says no with exit 1, the rule, the evidence and the last self-call', async () => {
    const deps = fakeDeps();
    const world: FakeWorld = { ...deps, plans: { ...deps.plans, list: async () => [{ customer: 'bramley-finch', name: 'B', version: 1, hash: 'h', publishedAt: '2026-11-23T09:00:00.000Z', publishedBy: 'file', numbers: 1, steps: 1, timeZone: 'Europe/London', problems: [] }] } };
    await deps.evidence.add({ customer: 'bramley-finch', number: '+441632960018' as never, type: 'port-in', reference: 'letter 7', checkedBy: 'Priya', checkedOnMs: Date.UTC(2026, 10, 20, 9), expiresOn: '2027-03-31', recordedBy: 'api' });
    const { exit, out } = await genvoiceAt(world, ['numbers', 'show', '01632 960018']);
    expect(out.split('\n')).toEqual([
      '01632 960018  Sales  bramley-finch',
      '  both, held since 2020-01-01, for service, provider Example Telecom',
      '  ✗ may not be shown: cli-returnable',
      '    cli-returnable (2026-11-22): 01632 960018 is not proven returnable.',
      '  evidence: port-in letter 7, checked by Priya Fri 20 Nov 2026 09:00:00, until 2027-03-31 (00000000000000a1)',
      '  self-call: reached, answered by Priya, Mon 23 Nov 2026 14:00:00',
      '',
    ]);
    expect(exit).toBe(1);
    expect((await genvoiceAt(world, ['numbers', 'show', '01632960077'])).exit).toBe(1);
    expect((await genvoiceAt(world, ['numbers', 'show', 'sales'])).exit).toBe(2);
  });
});

describe('decisions', () => {
  function world(): FakeWorld {
    const deps = fakeDeps();
    const at = { atMs: Date.UTC(2026, 10, 23, 14, 3, 22), customer: 'bramley-finch' };
    deps.records.push(aRecord('7f3a00000000'));
    deps.decisions.push(
      sampleDecision('7f3a00000000-d2', { ...at, outcome: 'refused', refusedBy: 'cli-returnable', attempts: [], presentation: null, end: 'cli-returnable', reasons: [{ rule: 'cli-returnable', version: '2026-11-22', outcome: 'deny', text: '01632 960018 is not proven returnable.\u001b[31m' }] }),
      sampleDecision('7f3a00000000-d1', at),
    );
    return deps;
  }

  test('those of a call come in their order, without names of channels', async () => {
    await withServer(world(), async (server) => {
      const { body, text } = await ask(server, 'GET', '/v1/calls/7f3a00000000/decisions');
      expect(body.decisions.map(({ id }: { id: string }) => id)).toEqual(['7f3a00000000-d1', '7f3a00000000-d2']);
      expect(body.decisions[0].attempts[0]).toMatchObject({ trunk: 'gamma', sipStatus: 503, result: 'unreachable' });
      expect(text).not.toContain('"channel"');
    });
  });

  test('genvoice calls show prints them in a few lines', async () => {
    const { out, exit } = await genvoiceAt(world(), ['calls', 'show', '7f3a']);
    expect(exit).toBe(0);
    expect(out).toContain(
      [
        '  14:03:22.000  called 020 7946 0018 (geo, service), showing 01632 960018, chosen by extension',
        '    trunk gamma: unreachable (41, SIP 503) after 38 ms; the next trunk: 503 is a fault of the carrier',
        '    trunk bt: answered (16, SIP 200) after 3,950 ms',
        '  14:03:22.000  not called: 020 7946 0018 (geo, service), stopped by cli-returnable',
        '    cli-returnable (2026-11-22): 01632 960018 is not proven returnable.[31m',
        '',
      ].join('\n'),
    );
  });

  test('an export has one line for each, over many pages, at the terminal as over HTTP', async () => {
    const deps = fakeDeps();
    for (let n = 0; n < 1_234; n += 1) deps.decisions.push(sampleDecision(`call${n}-d1`));
    const { out, exit } = await genvoiceAt(deps, ['decisions', 'export', '--since', '2025-01-01']);
    const ids = out.trimEnd().split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(deps.decisions.map(({ id }) => id));
    expect(exit).toBe(0);
    await withServer(deps, async (server) => {
      const answer = await ask(server, 'GET', '/v1/decisions?customer=nobody');
      expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([200, expect.stringContaining('application/x-ndjson'), '']);
      expect((await ask(server, 'GET', '/v1/decisions?since=yesterday')).status).toBe(400);
    });
  });
});
