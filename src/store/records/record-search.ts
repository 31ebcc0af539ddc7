// Looking call records and decisions up: on a thread and a read-only connection of its own, so that a long search delays neither a
// call nor the storing of records. Read `RecordSearch` first.
import type { DecisionFilter, DecisionRecord } from '../../ports/decisions.ts';
import type { CallRecord, RecordFilter } from '../../ports/records.ts';
import { SqlThread } from '../sql-thread.ts';
import type { Row } from '../sql-thread.ts';
import { StoreError } from '../store-error.ts';
import * as sql from './queries.ts';
import type { Place } from './queries.ts';

/** A look-up by id or by its beginning. */
export type RecordFound =
  | { readonly kind: 'found'; readonly record: CallRecord }
  | { readonly kind: 'unknown' }
  /** Shorter than 4 characters, and no whole id. */
  | { readonly kind: 'too-short' }
  /** Several ids begin so; `ids` names two or three of them. */
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] };

const MIN_PREFIX = 4;
const MAX_PAGE = 1000;
/** Behind every id that begins so; ids hold no such character. */
const LAST_CHARACTER = '\u{10FFFF}';

/** All rejects are StoreErrors. Nothing is started before the first question. */
export class RecordSearch {
  readonly #thread: SqlThread;

  constructor(file: string) {
    this.#thread = new SqlThread({ file, subject: `The call records in ${file}`, isReadOnly: true });
  }

  async find(idOrPrefix: string): Promise<RecordFound> {
    const exact = await this.#thread.get(sql.GET_RECORD, idOrPrefix);
    if (exact !== null) return foundIn(exact);
    if (idOrPrefix.length < MIN_PREFIX) return { kind: 'too-short' };
    const rows = await this.#thread.all(sql.FIND_BY_PREFIX, idOrPrefix, idOrPrefix + LAST_CHARACTER);
    const [first] = rows;
    if (first === undefined) return { kind: 'unknown' };
    return rows.length === 1 ? foundIn(first) : { kind: 'ambiguous', ids: rows.map(({ id }) => String(id)) };
  }

  async list(filter: RecordFilter): Promise<readonly CallRecord[]> {
    checkLimit(filter.limit);
    const { sql: text, parameters } = sql.listQuery(filter, await this.#placeOf(filter.after, sql.GET_PLACE), filter.limit);
    const rows = await this.#thread.all(text, ...parameters);
    return rows.map((row) => parseDocument<CallRecord>(row)).filter((record) => record !== null);
  }

  async decisions(filter: DecisionFilter): Promise<readonly DecisionRecord[]> {
    checkLimit(filter.limit);
    const { sql: text, parameters } = sql.decisionsQuery(filter, await this.#placeOf(filter.after, sql.GET_DECISION_PLACE));
    const rows = await this.#thread.all(text, ...parameters);
    return rows.map((row) => parseDocument<DecisionRecord>(row)).filter((decision) => decision !== null);
  }

  async count(): Promise<number> {
    return Number((await this.#thread.get(sql.COUNT_RECORDS))?.['records'] ?? 0);
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #placeOf(after: string | undefined, query: string): Promise<Place | null> {
    if (after === undefined) return null;
    const row = await this.#thread.get(query, after);
    if (row !== null) return { startedAtMs: Number(row['started_at_ms']), id: after };
    throw new StoreError(
      'unknown',
      `after names ${JSON.stringify(after.slice(0, 64))}, which has no record. Begin again without it.`,
    );
  }
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new StoreError('refused', `limit must be a whole number from 1 to ${MAX_PAGE}, and is ${limit}.`);
  }
}

function foundIn(row: Row): RecordFound {
  const record = parseDocument<CallRecord>(row);
  return record === null ? { kind: 'unknown' } : { kind: 'found', record };
}

function parseDocument<T>(row: Row): T | null {
  try {
    return JSON.parse(String(row['document'])) as T;
  } catch {
    return null;
  }
}
