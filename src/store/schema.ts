// The databases of the data folder and how they came to be: an ordered list of migrations, never edited once released,
// only added to. Each runs in one transaction that also moves the file's own `user_version`, so that a crash in the
// middle is repaired by the next start. Read `MIGRATIONS` first.
import type { DatabaseSync } from 'node:sqlite';

/**
 * `state`: live calls, written on the main thread, lost in a power cut at worst. `switches`: small and durable.
 * `records`: call records, decisions. `admin`: plans, phones, keys, the voicemail index, evidence for numbers.
 */
export type DatabaseName = 'state' | 'switches' | 'records' | 'admin';
export const DATABASES: readonly DatabaseName[] = ['state', 'switches', 'records', 'admin'];

/** `version` counts for the whole folder; `sql` runs in `database` alone. */
export interface Migration {
  readonly version: number;
  readonly database: DatabaseName;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    database: 'state',
    sql: `
      CREATE TABLE live_calls (id TEXT PRIMARY KEY, owner TEXT NOT NULL, snapshot TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE turns (key TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE last_talked (customer TEXT, extension TEXT, at_ms INTEGER NOT NULL, PRIMARY KEY (customer, extension)) WITHOUT ROWID;
      CREATE TABLE heartbeats (owner TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE unreadable (id TEXT, found_at_ms INTEGER NOT NULL, snapshot TEXT);`,
  },
  {
    version: 1,
    database: 'switches',
    sql: `
      CREATE TABLE switches (customer TEXT, name TEXT, position TEXT NOT NULL, set_at_ms INTEGER NOT NULL,
        set_by TEXT NOT NULL, PRIMARY KEY (customer, name)) WITHOUT ROWID;`,
  },
  {
    version: 1,
    database: 'records',
    sql: `
      CREATE TABLE calls (id TEXT PRIMARY KEY, customer TEXT, caller TEXT, called TEXT, started_at_ms INTEGER NOT NULL,
        end_code TEXT NOT NULL, document TEXT NOT NULL);
      CREATE INDEX calls_by_start ON calls (started_at_ms, id);
      CREATE INDEX calls_by_customer ON calls (customer, started_at_ms, id);
      CREATE INDEX calls_by_caller ON calls (caller, started_at_ms, id);
      CREATE INDEX calls_by_called ON calls (called, started_at_ms, id);
      CREATE INDEX calls_by_end ON calls (end_code, started_at_ms, id);
      CREATE INDEX calls_by_customer_end ON calls (customer, end_code, started_at_ms, id);
      CREATE TABLE spool_position (segment TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;`,
  },
  {
    version: 1,
    database: 'admin',
    sql: `
      CREATE TABLE plan_versions (customer TEXT, version INTEGER, hash TEXT NOT NULL, text TEXT NOT NULL,
        published_by TEXT NOT NULL, reason TEXT NOT NULL, published_at_ms INTEGER NOT NULL, PRIMARY KEY (customer, version));
      CREATE INDEX plan_versions_by_hash ON plan_versions (customer, hash);
      CREATE TABLE phones (customer TEXT, extension TEXT, sip_user TEXT NOT NULL, realm TEXT NOT NULL, ha1_md5 TEXT NOT NULL,
        ha1_sha256 TEXT NOT NULL, created_at_ms INTEGER NOT NULL, PRIMARY KEY (customer, extension)) WITHOUT ROWID;
      CREATE TABLE api_keys (id TEXT PRIMARY KEY, label TEXT NOT NULL, scope TEXT NOT NULL, hash TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE messages (id TEXT PRIMARY KEY, customer TEXT NOT NULL, mailbox TEXT NOT NULL, received_at_ms INTEGER NOT NULL,
        is_new INTEGER NOT NULL, bytes INTEGER NOT NULL, duration_ms INTEGER NOT NULL, document TEXT NOT NULL);
      CREATE INDEX messages_by_mailbox ON messages (customer, mailbox, received_at_ms);
      CREATE TABLE pins (customer TEXT, mailbox TEXT, hash TEXT NOT NULL, wrong INTEGER NOT NULL, locked_until_ms INTEGER NOT NULL,
        PRIMARY KEY (customer, mailbox)) WITHOUT ROWID;`,
  },
  {
    version: 2,
    database: 'records',
    sql: `
      CREATE TABLE decisions (id TEXT PRIMARY KEY, call_id TEXT NOT NULL, customer TEXT NOT NULL, at_ms INTEGER NOT NULL, document TEXT NOT NULL);
      CREATE INDEX decisions_by_time ON decisions (at_ms, id);
      CREATE INDEX decisions_by_customer ON decisions (customer, at_ms, id);
      CREATE INDEX decisions_by_call ON decisions (call_id, at_ms, id);`,
  },
  {
    version: 2,
    database: 'admin',
    sql: `
      CREATE TABLE evidence (id TEXT PRIMARY KEY, customer TEXT NOT NULL, number TEXT NOT NULL, kind TEXT NOT NULL, withdraws TEXT, recorded_at_ms INTEGER NOT NULL,
        document TEXT NOT NULL);
      CREATE INDEX evidence_by_number ON evidence (customer, number, recorded_at_ms);
      CREATE UNIQUE INDEX evidence_withdrawn_once ON evidence (withdraws) WHERE withdraws IS NOT NULL;
      CREATE TABLE self_calls (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, number TEXT NOT NULL, at_ms INTEGER NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL);
      CREATE INDEX self_calls_by_number ON self_calls (customer, number, at_ms);
      CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is only added to'); END;
      CREATE TRIGGER evidence_is_kept BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is only added to'); END;`,
  },
  {
    version: 3,
    database: 'admin',
    // What was made before this column was may have been handed out, so it counts as such.
    sql: 'ALTER TABLE phones ADD COLUMN is_handed_out INTEGER NOT NULL DEFAULT 1',
  },
  {
    version: 3,
    database: 'state',
    sql: `
      CREATE TABLE usage (key TEXT, day TEXT, ms INTEGER NOT NULL, pence REAL NOT NULL, PRIMARY KEY (key, day)) WITHOUT ROWID;`,
  },
  {
    version: 4,
    database: 'state',
    sql: `
      CREATE TABLE claims (key TEXT PRIMARY KEY, value TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX claims_by_end ON claims (until_ms);`,
  },
];

/** The version that this release reads and writes. */
export function newestVersion(migrations: readonly Migration[] = MIGRATIONS): number {
  return Math.max(0, ...migrations.map((migration) => migration.version));
}

/** The version in which `db` was left; 0 = new. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** Brings one open database to the newest version. Throws what SQLite throws, then nothing of that step is kept. */
export function migrate(db: DatabaseSync, name: DatabaseName, migrations: readonly Migration[] = MIGRATIONS): void {
  db.exec('PRAGMA journal_mode=WAL');
  const from = versionOf(db);
  const steps = migrations.filter((step) => step.database === name && step.version > from);
  for (const step of steps.toSorted((a, b) => a.version - b.version)) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(step.sql);
      db.exec(`PRAGMA user_version=${step.version}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
