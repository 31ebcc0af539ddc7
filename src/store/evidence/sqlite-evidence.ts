// Evidence and self-calls in the database `admin`: rows are only added, the database itself refuses anything else. What
// stands is kept in memory too, for calls. Read `openSqliteEvidence` first.
import { randomBytes } from 'node:crypto';
import { EVIDENCE_TYPES } from '../../compliance/attempt.ts';
import { isE164 } from '../../numbering/e164.ts';
import type { E164 } from '../../numbering/e164.ts';
import type { EvidenceDraft, EvidencePort, EvidenceRow, SelfCall } from '../../ports/evidence.ts';
import { dayOf } from '../../routing/local-time.ts';
import { safeName } from '../names.ts';
import { SqlThread } from '../sql-thread.ts';
import type { Row } from '../sql-thread.ts';
import { StoreError } from '../store-error.ts';

const MAX_TEXT = 200;
const ADD = 'INSERT INTO evidence (id, customer, number, kind, withdraws, recorded_at_ms, document) VALUES (?, ?, ?, ?, ?, ?, ?)';
/** The index on `withdraws` lets one withdrawal in; a second one changes nothing. */
const WITHDRAW = `INSERT OR IGNORE INTO evidence (id, customer, number, kind, withdraws, recorded_at_ms, document)
  SELECT ?, customer, number, 'withdrawal', id, ?, ? FROM evidence WHERE id = ? AND customer = ? AND number = ? AND kind = 'evidence'`;
const LIST = `SELECT e.document AS piece, w.document AS withdrawal FROM evidence e LEFT JOIN evidence w ON w.withdraws = e.id
  WHERE e.kind = 'evidence'`;
const NEWEST_FIRST = 'ORDER BY e.recorded_at_ms DESC, e.rowid DESC';
const LAST_SELF_CALLS = `SELECT customer, number, at_ms, result, detail FROM self_calls s
  WHERE id = (SELECT id FROM self_calls WHERE customer = s.customer AND number = s.number ORDER BY at_ms DESC, id DESC LIMIT 1)`;

/** On the database `admin`, which data-folder.ts has brought to the newest version. Rejects with StoreError. */
export async function openSqliteEvidence(options: { readonly adminFile: string; readonly nowMs?: () => number }): Promise<SqliteEvidence> {
  const thread = new SqlThread({ file: options.adminFile, subject: `The evidence for numbers in ${options.adminFile}`, onOpen: ['PRAGMA synchronous=FULL'] });
  try {
    const pieces = (await thread.all(`${LIST} ${NEWEST_FIRST}`)).map(pieceOfRow);
    const calls = (await thread.all(LAST_SELF_CALLS)).map(selfCallOfRow);
    return new SqliteEvidence(thread, options.nowMs ?? Date.now, pieces, calls);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

export class SqliteEvidence implements EvidencePort {
  readonly #thread: SqlThread;
  readonly #nowMs: () => number;
  readonly #standing = new Map<string, readonly EvidenceRow[]>();
  readonly #selfCalls = new Map<string, SelfCall>();

  /** Use `openSqliteEvidence`. */
  constructor(thread: SqlThread, nowMs: () => number, pieces: readonly EvidenceRow[], calls: readonly SelfCall[]) {
    this.#thread = thread;
    this.#nowMs = nowMs;
    for (const piece of pieces.toReversed()) if (piece.withdrawn === null) this.#keep(piece);
    for (const call of calls) this.#selfCalls.set(keyOf(call.customer, call.number), call);
  }

  async addEvidence(draft: EvidenceDraft): Promise<EvidenceRow> {
    check(draft);
    const { customer, number, type, reference, checkedBy, checkedOnMs, expiresOn, recordedBy } = draft;
    const piece: EvidenceRow = {
      id: newId(), customer, number, type, reference, checkedBy, checkedOnMs: Math.round(checkedOnMs), expiresOn, recordedBy, recordedAtMs: Math.round(this.#nowMs()), withdrawn: null,
    };
    await this.#thread.run(ADD, piece.id, customer, number, 'evidence', null, piece.recordedAtMs, JSON.stringify(piece));
    this.#keep(piece);
    return piece;
  }

  async withdrawEvidence({ customer, number, id, by, reason }: { customer: string; number: E164; id: string; by: string; reason: string }): Promise<EvidenceRow | null> {
    needText('reason', reason);
    needText('by', by);
    const atMs = Math.round(this.#nowMs());
    await this.#thread.run(WITHDRAW, newId(), atMs, JSON.stringify({ atMs, by, reason }), id, customer, number);
    const row = await this.#thread.get(`${LIST} AND e.id = ? AND e.customer = ? AND e.number = ?`, id, customer, number);
    if (row === null) return null;
    const key = keyOf(customer, number);
    this.#standing.set(key, (this.#standing.get(key) ?? []).filter((piece) => piece.id !== id));
    return pieceOfRow(row);
  }

  async listEvidence(customer: string, number: E164): Promise<readonly EvidenceRow[]> {
    return (await this.#thread.all(`${LIST} AND e.customer = ? AND e.number = ? ${NEWEST_FIRST}`, customer, number)).map(pieceOfRow);
  }

  standing(customer: string, number: E164): readonly EvidenceRow[] {
    return this.#standing.get(keyOf(customer, number)) ?? [];
  }

  async putSelfCall({ customer, number, atMs, result, detail }: SelfCall): Promise<void> {
    safeName('customer', customer);
    await this.#thread.run('INSERT INTO self_calls (customer, number, at_ms, result, detail) VALUES (?, ?, ?, ?, ?)', customer, number, Math.round(atMs), result, detail.slice(0, MAX_TEXT));
    const key = keyOf(customer, number);
    const before = this.#selfCalls.get(key);
    if (before === undefined || before.atMs <= atMs) this.#selfCalls.set(key, { customer, number, atMs: Math.round(atMs), result, detail: detail.slice(0, MAX_TEXT) });
  }

  lastSelfCall(customer: string, number: E164): SelfCall | null {
    return this.#selfCalls.get(keyOf(customer, number)) ?? null;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  /** Newest first. */
  #keep(piece: EvidenceRow): void {
    const key = keyOf(piece.customer, piece.number);
    this.#standing.set(key, [piece, ...(this.#standing.get(key) ?? [])]);
  }
}

/** No customer's id has a space. */
function keyOf(customer: string, number: E164): string {
  return `${customer} ${number}`;
}

function newId(): string {
  return randomBytes(8).toString('hex');
}

function check({ customer, number, type, reference, checkedBy, checkedOnMs, expiresOn, recordedBy }: EvidenceDraft): void {
  safeName('customer', customer);
  if (!isE164(number)) throw new StoreError('refused', 'number must be E.164, for example +441632960018.');
  if (!EVIDENCE_TYPES.includes(type)) throw new StoreError('refused', `type must be one of ${EVIDENCE_TYPES.join(', ')}.`);
  needText('reference', reference);
  needText('checkedBy', checkedBy);
  needText('recordedBy', recordedBy);
  if (!Number.isFinite(checkedOnMs)) throw new StoreError('refused', 'checkedOnMs must be a time.');
  if (expiresOn !== null && dayOf(expiresOn) === null) throw new StoreError('refused', 'expiresOn must be a date like 2027-03-31, or null.');
}

function needText(field: string, text: string): void {
  if (text.trim() === '' || text.length > MAX_TEXT) throw new StoreError('refused', `${field} must have 1 to ${MAX_TEXT} characters.`);
}

function pieceOfRow(row: Row): EvidenceRow {
  const withdrawal = row['withdrawal'];
  return { ...(JSON.parse(String(row['piece'])) as EvidenceRow), withdrawn: withdrawal === null || withdrawal === undefined ? null : (JSON.parse(String(withdrawal)) as EvidenceRow['withdrawn']) };
}

function selfCallOfRow(row: Row): SelfCall {
  return { customer: String(row['customer']), number: String(row['number']) as E164, atMs: Number(row['at_ms']), result: row['result'] === 'reached' ? 'reached' : 'not-reached', detail: String(row['detail']) };
}
