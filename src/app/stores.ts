// Everything that is kept: the data folder with its lock, state, records, secrets, plan versions, log; and the alarms and
// figures that tell of it. Opened first, closed last.
import { join } from 'node:path';
import process from 'node:process';
import type { SharedStatePort } from '../ports/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Settings } from '../settings.ts';
import { openDataFolder, type DataPaths } from '../store/data-folder.ts';
import { openDoNotOriginate, type DoNotOriginateFile } from '../store/evidence/do-not-originate-file.ts';
import { openSqliteEvidence, type SqliteEvidence } from '../store/evidence/sqlite-evidence.ts';
import { PlanHistory } from '../store/plan-history.ts';
import { openSqliteRecords, type SqliteRecords } from '../store/records/sqlite-records.ts';
import { openSecrets, type Secrets } from '../store/secrets.ts';
import { MemoryState } from '../store/state/memory-state.ts';
import { openSqliteState } from '../store/state/sqlite-state.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import { openLogFile, type LogFile } from '../telemetry/log-file.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createAlarms } from '../telemetry/alarms.ts';

export interface Stores {
  readonly paths: DataPaths;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly logFile: LogFile;
  readonly state: SharedStatePort;
  readonly records: SqliteRecords;
  readonly secrets: Secrets;
  readonly history: PlanHistory;
  readonly evidence: SqliteEvidence;
  readonly doNotOriginate: DoNotOriginateFile;
  /** After everything that uses them has ended. */
  close(): Promise<void>;
}

/** Rejects with a sentence when the folder is in use, newer than we are, or cannot be written. */
export async function openStores(settings: Settings, folder: string, clock: Clock): Promise<Stores> {
  const alarms = createAlarms(() => clock.nowMs());
  const onStore = (name: string) => (text: string) => alarms.raise(name, text, 'Look at the disk of the data folder; nothing is lost meanwhile.');
  const data = openDataFolder({ folder, onAlarm: onStore('store') });
  const { paths } = data;
  const logFile = await openLogFile({ file: join(paths.folder, 'log/genvoice.log'), onFault: (fault) => (fault === null ? alarms.clear('log') : alarms.raise('log', fault, 'Make room on the disk.')) });
  const log = createLog({ level: settings.logLevel, numbers: settings.logNumbers, file: logFile, ...(settings.logStdout ? { also: process.stdout } : {}) });
  alarms.onChange((alarm, raised) => log.warn({ alarm: alarm.code, raised }, alarm.text));
  const state = await openState(settings, paths, onStore('state-store'));
  const records = openSqliteRecords({ databaseFile: paths.databases.records, spoolFolder: paths.spool, onAlarm: onStore('records') });
  const secrets = await openSecrets({ adminFile: paths.databases.admin, apiKeyFile: paths.apiKey, ariPasswordFile: paths.ariPassword });
  await secrets.ensureLocalApiKey();
  const history = new PlanHistory(paths.databases.admin);
  const evidence = await openSqliteEvidence({ adminFile: paths.databases.admin });
  const doNotOriginate = await openDoNotOriginate({ file: settings.doNotOriginateFile, onAlarm: (text) => alarms.raise('do-not-originate', text, 'Mend the file that GENVOICE_DO_NOT_ORIGINATE names; it is read again every minute.') });
  return {
    paths, alarms, log, logFile, state, records, secrets, history, evidence, doNotOriginate,
    async close() {
      await records.close();
      doNotOriginate.close();
      await evidence.close();
      await history.close();
      await secrets.close();
      await state.close();
      await logFile.flush();
      logFile.close();
      data.close();
    },
  };
}

async function openState(settings: Settings, paths: DataPaths, onAlarm: (text: string) => void): Promise<SharedStatePort> {
  switch (settings.state) {
    case 'memory': return new MemoryState();
    case 'redis': {
      if (settings.redisUrl === null) throw new Error('GENVOICE_STATE=redis needs REDIS_URL, for example redis://127.0.0.1:6379');
      const { openRedisState } = await import('../store/state/redis-state.ts');
      return openRedisState({ url: String(settings.redisUrl), onAlarm });
    }
    case 'sqlite': return openSqliteState({ stateFile: paths.databases.state, switchesFile: paths.databases.switches, onAlarm });
  }
}
