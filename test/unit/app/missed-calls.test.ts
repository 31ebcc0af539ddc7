// Calls that never reached the application, from lines of Asterisk's log as Asterisk 22.10 wrote them: one record each,
// over restarts, rotations and lost places of reading.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MissedCalls } from '../../../src/app/missed-calls.ts';
import type { ArrivalDeps } from '../../../src/calls/arrival.ts';
import { celEnd, CelLog, rotateCel } from '../../../src/embedded/cel-log.ts';
import type { CallRecord } from '../../../src/ports/records.ts';
import { timeSortedIds } from '../../../src/telemetry/clock.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { DDI, planOf, World } from '../../flows/world.ts';

const SECOND = 1_795_386_221;
const NOTE = `trunk,%2B441632960018,%3Csip%3A%2B447700900004%40127.0.0.1%3E,,,,,abc%40127.0.0.1,127.0.0.1:5090,UDP,sim,${SECOND}120`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gv-missed-'));
  mkdirSync(join(folder, 'log'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly serial: number;
  readonly context: string;
  readonly type?: 'ANSWER' | 'HANGUP';
  readonly of?: number;
  readonly endpoint?: string;
  readonly appname?: string;
  readonly note?: string;
  readonly cause?: number;
  readonly byFarEnd?: boolean;
  readonly atMs?: number;
}
function line({ serial, context, type = 'HANGUP', of = serial, endpoint = 'trunk-sim', appname = '', note = '', cause = 16, byFarEnd = true, atMs = 500 }: Line): string {
  const channame = `PJSIP/${endpoint}-${serial.toString(16).padStart(8, '0')}`;
  return `${JSON.stringify({
    eventtype: type, eventtime: `${SECOND}.${String(atMs).padStart(3, '0')}000`, channame, uniqueid: `${SECOND}.${serial}`, linkedid: `${SECOND}.${of}`, name: '', num: '+447700900004', dnid: DDI,
    exten: 's', context, appname, userfield: note, eventextra: type === 'ANSWER' ? '' : JSON.stringify({ hangupcause: cause, hangupsource: byFarEnd ? channame : '', dialstatus: '' }),
  })}\n`;
}
const write = (...lines: readonly string[]): void => appendFileSync(join(folder, 'log/cel.jsonl'), lines.join(''));

/** A process with a store that outlives it, as the real one does. */
function reader(store: Map<string, CallRecord>, isMatched = true): { missed: MissedCalls; deps: ArrivalDeps } {
  const world = new World({ acme: planOf('bye', { bye: { kind: 'end' } }) });
  world.give({ ids: timeSortedIds(() => 0, 'here'), records: { ...world.deps.records, putRecord: (record) => void (store.has(record.id) || store.set(record.id, record)), getRecord: async (id) => store.get(id) ?? null } });
  // Later than every line: what is found could be from an earlier process.
  world.give({ clock: { ...world.deps.clock, nowMs: () => SECOND * 1_000 + 3_600_000 } });
  const log = { error: (fields: { err: Error }) => expect.fail(String(fields.err)), warn: () => {}, info: () => {} } as unknown as Log;
  return { missed: new MissedCalls({ logFolder: join(folder, 'log'), placeFile: join(folder, 'place.json'), deps: world.deps, log, isMatched: () => isMatched }), deps: world.deps };
}

describe('records of calls that never reached the application', () => {
  test.each<[string, Line, Partial<CallRecord['end']>]>([
    ['turned away', { serial: 1, context: 'gv-overload', note: NOTE, cause: 42, byFarEnd: false }, { by: 'us', code: 'overload', cause: 42 }],
    ['taken back at once', { serial: 1, context: 'gv-enter-trunk', cause: 127 }, { by: 'caller', code: 'cancelled-before-service', cause: 16 }],
    ['taken back before the first line', { serial: 1, context: 'gv-trunk', cause: 127 }, { by: 'caller', code: 'cancelled-before-service', cause: 16 }],
    ['ended by Asterisk at the gate', { serial: 1, context: 'gv-enter-trunk', cause: 38, byFarEnd: false }, { by: 'us', fault: 'ours', code: 'ended-before-service' }],
    ['no way without us', { serial: 1, context: 'gv-congestion', note: NOTE, cause: 34, byFarEnd: false }, { by: 'us', code: 'application-away', cause: 34 }],
    ['nobody on the last known route', { serial: 1, context: 'gv-fallback-ddi', note: NOTE, cause: 19, byFarEnd: false }, { by: 'us', code: 'served-by-last-known-route', cause: 19 }],
  ])('given a call %s, then one record with customer, number and caller', async (_, seen, end) => {
    const store = new Map<string, CallRecord>();
    const { missed } = reader(store);
    write(line(seen));
    await missed.look(0);
    expect([...store.values()]).toMatchObject([{ customer: 'acme', ddi: DDI, caller: { number: { kind: 'e164', e164: '+447700900004' } }, end, answeredAtMs: null, sip: { endpoint: 'trunk-sim' } }]);
    expect([...store.keys()][0]).toMatch(/^[0-9a-z]{17}$/);
  });

  test('given the dialplan\'s note, then start, address and Call-ID are exact', async () => {
    const store = new Map<string, CallRecord>();
    const { missed } = reader(store);
    write(line({ serial: 1, context: 'gv-overload', note: NOTE }));
    await missed.look(0);
    expect([...store.values()][0]).toMatchObject({ startedAtMs: SECOND * 1_000 + 120, endedAtMs: SECOND * 1_000 + 500, sip: { sourceAddress: '127.0.0.1:5090', sipCallId: 'abc@127.0.0.1', transport: 'UDP' } });
  });

  test('given a conversation on the last known route, then the record has the answer and who was rung', async () => {
    const store = new Map<string, CallRecord>();
    const { missed } = reader(store);
    write(
      line({ serial: 2, of: 1, type: 'ANSWER', endpoint: 'acme-201', appname: 'AppDial', context: 'gv-phone', atMs: 200 }), line({ serial: 1, type: 'ANSWER', context: 'gv-fallback-ddi', appname: 'Dial', atMs: 201 }),
      line({ serial: 3, of: 1, endpoint: 'acme-202', appname: 'AppDial', context: 'gv-phone', atMs: 202, cause: 26, byFarEnd: false }),
    );
    await missed.look(0);
    expect(store.size).toBe(0);
    // The process ends here, and the next one reads again what is still needed.
    const next = reader(store).missed;
    write(line({ serial: 2, of: 1, endpoint: 'acme-201', appname: 'AppDial', context: 'gv-phone', atMs: 800 }), line({ serial: 1, context: 'gv-fallback-ddi', note: NOTE, atMs: 801, byFarEnd: false }));
    await next.look(0);
    expect([...store.values()]).toMatchObject([{
      answeredAtMs: SECOND * 1_000 + 201, end: { by: 'callee', code: 'served-by-last-known-route' },
      legs: [{ to: '201', result: 'answered', answeredAtMs: SECOND * 1_000 + 200 }, { to: '202', result: 'answered-elsewhere', answeredAtMs: null }],
    }]);
  });

  test('given a call that we served, then its record stays the only one, whether it is known here or in the store', async () => {
    const store = new Map<string, CallRecord>();
    const { missed, deps } = reader(store);
    missed.sawRecord(deps.ids.callId(`${SECOND}.1`));
    store.set(deps.ids.callId(`${SECOND}.2`), { end: { code: 'hung-up' } } as CallRecord);
    write(line({ serial: 1, context: 'gv-enter-trunk' }), line({ serial: 2, context: 'gv-enter-trunk' }), line({ serial: 3, of: 2, endpoint: 'acme-201', context: 'gv-phone', appname: 'Stasis' }));
    await missed.look(0);
    expect([...store.values()].map(({ end }) => end.code)).toEqual(['hung-up']);
  });

  test('given that calls are not matched yet, then nothing is judged', async () => {
    const store = new Map<string, CallRecord>();
    write(line({ serial: 1, context: 'gv-overload' }));
    writeFileSync(join(folder, 'place.json'), '{"inode":0,"offset":0}');
    const { missed } = reader(store, false);
    await missed.look();
    expect(store.size).toBe(0);
  });

  test('given a killed process at any line, with or without its last place, then each call has one record', async () => {
    const lines = Array.from({ length: 8 }, (_, serial) => line({ serial, context: serial % 2 === 0 ? 'gv-overload' : 'gv-congestion', note: NOTE }));
    for (let cut = 0; cut <= lines.length; cut += 1) {
      for (const isPlaceOld of [false, true]) {
        rmSync(join(folder, 'log/cel.jsonl'), { force: true });
        rmSync(join(folder, 'place.json'), { force: true });
        const store = new Map<string, CallRecord>();
        const first = reader(store).missed;
        write(...lines.slice(0, 1));
        await first.look(0);
        const early = readFileSync(join(folder, 'place.json'), 'utf8');
        write(...lines.slice(1, cut));
        await first.look(0);
        if (isPlaceOld) writeFileSync(join(folder, 'place.json'), early);
        const second = reader(store).missed;
        write(...lines.slice(Math.max(1, cut)));
        await second.look(0);
        expect(store.size, `cut at ${cut}`).toBe(lines.length);
      }
    }
  });

  test('given a log of an earlier version without a place, then its calls are left alone', async () => {
    const store = new Map<string, CallRecord>();
    write(line({ serial: 1, context: 'gv-enter-trunk' }));
    const { missed } = reader(store);
    write(line({ serial: 2, context: 'gv-overload' }));
    await missed.look(0);
    expect(store.size).toBe(1);
  });
});

describe('the log as a stream', () => {
  const serials = (read: ReturnType<CelLog['read']>): unknown[] => read.lines.map(({ event }) => event['uniqueid']);

  test('given half a line, then it is read when it is whole; damaged ones are passed over', () => {
    const cel = new CelLog(join(folder, 'log'), celEnd(join(folder, 'log')));
    const whole = line({ serial: 1, context: 'gv-overload' });
    write('{"broken\n', whole.slice(0, 40));
    expect(serials(cel.read())).toEqual([]);
    write(whole.slice(40));
    expect(serials(cel.read())).toEqual([`${SECOND}.1`]);
    expect(serials(cel.read())).toEqual([]);
  });

  test('given a rotation between two reads, and a late line in the old file, then nothing is lost and nothing comes twice', () => {
    let nowMs = Date.now();
    const log = join(folder, 'log');
    const cel = new CelLog(log, celEnd(log), () => nowMs);
    write(line({ serial: 1, context: 'gv-overload' }));
    expect(serials(cel.read())).toEqual([`${SECOND}.1`]);
    write(line({ serial: 2, context: 'gv-overload' }));
    rotateCel(log);
    write(line({ serial: 4, context: 'gv-overload' }));
    expect(serials(cel.read())).toEqual([`${SECOND}.2`]);
    appendFileSync(join(log, 'cel.1.jsonl'), line({ serial: 3, context: 'gv-overload' }));
    expect(serials(cel.read())).toEqual([`${SECOND}.3`]);
    nowMs += 60_000;
    expect(serials(cel.read())).toEqual([]);
    expect(serials(cel.read())).toEqual([`${SECOND}.4`]);
    expect(serials(cel.read())).toEqual([]);
  });

  test('given more than one piece, then every line comes once, a piece at a time', () => {
    const log = join(folder, 'log');
    const cel = new CelLog(log, celEnd(log));
    write(...Array.from({ length: 1_000 }, (_, serial) => line({ serial, context: 'gv-overload' })));
    const all: unknown[] = [];
    let pieces = 0;
    for (let hasMore = true; hasMore; pieces += 1) {
      const read = cel.read();
      all.push(...serials(read));
      hasMore = read.hasMore;
    }
    expect(all).toEqual(Array.from({ length: 1_000 }, (_, serial) => `${SECOND}.${serial}`));
    expect(pieces).toBeGreaterThan(3);
  });
});
