// A process of its own for the tests that kill it or fill its disk: `accept FOLDER NAME` or `full-disk FOLDER`.
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openSqliteRecords } from '../../../src/store/records/sqlite-records.ts';
import { openSqliteState } from '../../../src/store/state/sqlite-state.ts';
import { sampleCall } from '../../contract/state.ts';
import { sampleRecord } from './sample-record.ts';

const [, , mode = '', folder = '', name = ''] = process.argv;
const alarms: string[] = [];
const onAlarm = (text: string): void => void alarms.push(text);

switch (mode) {
  case 'accept':
    await accept();
    break;
  case 'full-disk':
    await fullDisk();
    break;
  default:
    throw new Error(`unknown mode ${mode}`);
}

/** Until it is killed: a record or a state change, then its name on stdout, which says "accepted". */
async function accept(): Promise<void> {
  const data = openDataFolder({ folder, onAlarm });
  const { databases, spool } = data.paths;
  const records = openSqliteRecords({ databaseFile: databases.records, spoolFolder: spool, onAlarm, gatherMs: 5 });
  const state = openSqliteState({
    stateFile: databases.state,
    switchesFile: databases.switches,
    onAlarm,
    tidyEveryMs: 5,
  });
  for (let n = 0; ; n += 1) {
    const id = `${name}-${n}`;
    records.putRecord(sampleRecord(id));
    await state.putCall(sampleCall(id));
    if (n >= 5) await state.removeCall(`${name}-${n - 5}`);
    writeSync(1, `${id}\n`);
    if (n % 7 === 0) await nextTurn();
  }
}

/** On a disk of some megabytes: full, records and state meanwhile, space again; the result as JSON on stdout. */
async function fullDisk(): Promise<void> {
  const data = openDataFolder({ folder, onAlarm, minFreeBytes: 1024 * 1024, checkEveryMs: 50 });
  const { databases, spool } = data.paths;
  const records = openSqliteRecords({
    databaseFile: databases.records,
    spoolFolder: spool,
    onAlarm,
    gatherMs: 10,
    retryMs: 100,
    reserveBytes: 512 * 1024,
  });
  const state = openSqliteState({
    stateFile: databases.state,
    switchesFile: databases.switches,
    onAlarm,
    tidyEveryMs: 50,
  });
  for (let n = 0; n < 50; n += 1) records.putRecord(sampleRecord(`before-${n}`));
  await records.flush();
  fill(`${folder}/ballast`);
  let refused = 0;
  for (let n = 0; n < 3000; n += 1) {
    records.putRecord(sampleRecord(`during-${n}`));
    await state.putCall(sampleCall(`live-${n}`)).catch(() => (refused += 1));
    if (n % 50 === 0) await nextTurn();
  }
  const flushed = await records.flush().then(
    () => 'resolved',
    (error: { fault: string }) => error.fault,
  );
  const during = { refused, flushed, heldMost: records.counters.held, ping: await state.ping(), alarms: alarms.length };
  rmSync(`${folder}/ballast`);
  // Polling: the point is that it mends itself, without a request.
  while (records.counters.isFailing || state.unsaved > 0) await pause(20);
  await records.flush();
  const after = {
    records: await records.countRecords(),
    calls: (await state.listCalls()).length,
    ping: await state.ping(),
    ...records.counters,
  };
  await state.close();
  await records.close();
  data.close();
  writeSync(1, JSON.stringify({ during, after, alarms }));
}

function fill(file: string): void {
  for (const size of [64 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
