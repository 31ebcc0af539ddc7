// Runs SQL for sql-thread.ts away from the main thread: a scan or an fsync here delays no call.
// Opens its database at the first request and again after a fault, so that a disk that comes back is found.
import { parentPort, workerData } from 'node:worker_threads';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { faultOf, openDatabase, storeError } from './store-error.ts';
import type { SqlAnswer, SqlRequest, SqlResult, SqlThreadOptions, Statement } from './sql-thread.ts';

const options = workerData as SqlThreadOptions;
/** Prepared statements kept; queries are built from few texts, so that this is never reached in practice. */
const MAX_PREPARED = 200;
let db: DatabaseSync | null = null;
const prepared = new Map<string, StatementSync>();

function database(): DatabaseSync {
  if (db !== null) return db;
  const opened = openDatabase(options.file, { readOnly: options.isReadOnly ?? false });
  try {
    for (const sql of options.onOpen ?? []) opened.exec(sql);
  } catch (error) {
    opened.close();
    throw error;
  }
  db = opened;
  return opened;
}

function release(): void {
  prepared.clear();
  db?.close();
  db = null;
}

function runOne(open: DatabaseSync, { sql, parameters }: Statement): SqlResult {
  let statement = prepared.get(sql);
  if (statement === undefined) {
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    statement = open.prepare(sql);
    prepared.set(sql, statement);
  }
  if (statement.columns().length > 0) return { rows: statement.all(...parameters), changes: 0 };
  return { rows: [], changes: Number(statement.run(...parameters).changes) };
}

function runAll(statements: readonly Statement[]): SqlResult[] {
  const open = database();
  const [only] = statements;
  if (statements.length === 1 && only !== undefined) return [runOne(open, only)];
  open.exec('BEGIN IMMEDIATE');
  try {
    const results = statements.map((statement) => runOne(open, statement));
    open.exec('COMMIT');
    return results;
  } catch (error) {
    if (open.isTransaction) open.exec('ROLLBACK');
    throw error;
  }
}

parentPort?.on('message', (request: SqlRequest) => {
  let answer: SqlAnswer;
  try {
    answer = { id: request.id, results: runAll(request.statements) };
  } catch (error) {
    const { fault, message } = storeError(options.subject, error);
    answer = { id: request.id, fault, message };
    if (faultOf(error) !== 'busy') release();
  }
  parentPort?.postMessage(answer);
  if (request.isLast === true) {
    release();
    parentPort?.close();
  }
});
