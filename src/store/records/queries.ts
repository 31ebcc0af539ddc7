// Every SQL text over call records and decisions, in one place. Plain SQL that PostgreSQL takes too but for `INSERT OR IGNORE`.
// Newest first = by start, then by id; a page goes on after the last record of the page before.
import type { SQLInputValue } from 'node:sqlite';
import type { DecisionFilter } from '../../ports/decisions.ts';
import type { RecordFilter } from '../../ports/records.ts';

export const INSERT_RECORD =
  'INSERT OR IGNORE INTO calls (id, customer, caller, called, started_at_ms, end_code, document) VALUES (?, ?, ?, ?, ?, ?, ?)';
export const INSERT_DECISION = 'INSERT OR IGNORE INTO decisions (id, call_id, customer, at_ms, document) VALUES (?, ?, ?, ?, ?)';
export const SET_POSITION =
  'INSERT INTO spool_position (segment, bytes) VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET bytes = excluded.bytes';
export const GET_POSITION = 'SELECT bytes FROM spool_position WHERE segment = ?';
export const LIST_POSITIONS = 'SELECT segment FROM spool_position';
export const FORGET_POSITION = 'DELETE FROM spool_position WHERE segment = ?';
export const COUNT_RECORDS = 'SELECT count(*) AS records FROM calls';
export const GET_RECORD = 'SELECT id, document FROM calls WHERE id = ?';
/** Three rows are enough to know that a prefix is ambiguous and to name examples. */
export const FIND_BY_PREFIX = 'SELECT id, document FROM calls WHERE id >= ? AND id < ? ORDER BY id LIMIT 3';
export const GET_PLACE = 'SELECT started_at_ms FROM calls WHERE id = ?';

export const GET_DECISION_PLACE = 'SELECT at_ms AS started_at_ms FROM decisions WHERE id = ?';

/** Where the next page begins. */
export interface Place {
  readonly startedAtMs: number;
  readonly id: string;
}
export interface Query {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}

/** The page that `filter` asks for, `limit` rows at most. */
export function listQuery(filter: RecordFilter, after: Place | null, limit: number): Query {
  const { number } = filter;
  if (number === undefined) return oneList(filter, after, limit, null);
  // Two walks along an index, each `limit` rows at most, instead of an OR that would sort all calls of a busy number.
  const asCaller = oneList(filter, after, limit, ['caller', number]);
  const asCalled = oneList(filter, after, limit, ['called', number]);
  return {
    sql: `SELECT id, document, started_at_ms FROM (${asCaller.sql}) UNION SELECT id, document, started_at_ms FROM (${asCalled.sql}) ORDER BY started_at_ms DESC, id DESC LIMIT ?`,
    parameters: [...asCaller.parameters, ...asCalled.parameters, limit],
  };
}

function oneList(filter: RecordFilter, after: Place | null, limit: number, side: [string, string] | null): Query {
  const conditions: string[] = [];
  const parameters: SQLInputValue[] = [];
  const need = (condition: string, ...values: SQLInputValue[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  if (side !== null) need(`${side[0]} = ?`, side[1]);
  if (filter.customer !== undefined) need('customer = ?', filter.customer);
  if (filter.endCode !== undefined) need('end_code = ?', filter.endCode);
  if (filter.sinceMs !== undefined) need('started_at_ms >= ?', filter.sinceMs);
  if (filter.untilMs !== undefined) need('started_at_ms < ?', filter.untilMs);
  if (after !== null) need('(started_at_ms, id) < (?, ?)', after.startedAtMs, after.id);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
  return {
    sql: `SELECT id, document, started_at_ms FROM calls ${where}ORDER BY started_at_ms DESC, id DESC LIMIT ?`,
    parameters: [...parameters, limit],
  };
}

/** The page of decisions that `filter` asks for, newest first. */
export function decisionsQuery(filter: DecisionFilter, after: Place | null): Query {
  const conditions: string[] = [];
  const parameters: SQLInputValue[] = [];
  const need = (condition: string, ...values: SQLInputValue[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  if (filter.customer !== undefined) need('customer = ?', filter.customer);
  if (filter.callId !== undefined) need('call_id = ?', filter.callId);
  if (filter.sinceMs !== undefined) need('at_ms >= ?', filter.sinceMs);
  if (filter.untilMs !== undefined) need('at_ms < ?', filter.untilMs);
  if (after !== null) need('(at_ms, id) < (?, ?)', after.startedAtMs, after.id);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
  return { sql: `SELECT document FROM decisions ${where}ORDER BY at_ms DESC, id DESC LIMIT ?`, parameters: [...parameters, filter.limit] };
}
