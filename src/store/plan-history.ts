// Every version of every customer's plan, for ever: publishing adds, restoring adds again, nothing is changed.
// One statement both checks what a write was based on and numbers the version. Read `publish` first.
import { SqlThread } from './sql-thread.ts';
import type { Row } from './sql-thread.ts';
import { safeName } from './names.ts';
import { StoreError } from './store-error.ts';

export interface PlanDraft {
  readonly text: string;
  /** Of the canonical JSON; made by the caller. */
  readonly hash: string;
  /** `file`, `api`, a person's name … */
  readonly by: string;
  readonly reason: string;
  /** Hash that the writer had in front of them; null = the customer had no plan. */
  readonly basedOn: string | null;
}
export interface PlanVersionHead {
  readonly customer: string;
  readonly version: number;
  readonly hash: string;
  readonly by: string;
  readonly reason: string;
  readonly publishedAtMs: number;
}
export interface PlanVersion extends PlanVersionHead {
  readonly text: string;
}
export type PublishResult =
  | { readonly kind: 'published'; readonly version: number }
  /** The same plan is current already; no version was made. */
  | { readonly kind: 'unchanged'; readonly version: number }
  /** Somebody published in between (HTTP 412). `current` is what is there now. */
  | { readonly kind: 'conflict'; readonly current: PlanVersionHead | null };

/** INTERFACE: plan files have at most 32 MB. */
const MAX_TEXT_CHARACTERS = 32 * 1024 * 1024;
const MAX_NOTE_CHARACTERS = 1000;
const HEAD = 'customer, version, hash, published_by, reason, published_at_ms';
const CURRENT_HASH = 'SELECT hash FROM plan_versions WHERE customer = ? ORDER BY version DESC LIMIT 1';
const PUBLISH = `INSERT INTO plan_versions (customer, version, hash, text, published_by, reason, published_at_ms)
  SELECT ?, 1 + COALESCE((SELECT MAX(version) FROM plan_versions WHERE customer = ?), 0), ?, ?, ?, ?, ?
  WHERE (${CURRENT_HASH}) IS ? RETURNING version`;

export class PlanHistory {
  readonly #thread: SqlThread;
  readonly #nowMs: () => number;

  /** On the database `admin`, which data-folder.ts has brought to the newest version. */
  constructor(adminFile: string, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#thread = new SqlThread({
      file: adminFile,
      subject: `The plan history in ${adminFile}`,
      onOpen: ['PRAGMA synchronous=FULL'],
    });
  }

  /** Adds a version, durably, when `basedOn` is still current; all others get `conflict`. Rejects with StoreError. */
  async publish(customer: string, draft: PlanDraft): Promise<PublishResult> {
    safeName('customer', customer);
    if (draft.text.length > MAX_TEXT_CHARACTERS) {
      throw new StoreError(
        'refused',
        `The plan of ${customer} has ${draft.text.length} characters; at most ${MAX_TEXT_CHARACTERS} are kept.`,
      );
    }
    if (draft.hash === '') throw new StoreError('refused', `The plan of ${customer} came without its hash.`);
    const before = await this.#head(customer);
    if (before !== null && before.hash === draft.hash && draft.basedOn === draft.hash) {
      return { kind: 'unchanged', version: before.version };
    }
    const by = draft.by.slice(0, MAX_NOTE_CHARACTERS);
    const reason = draft.reason.slice(0, MAX_NOTE_CHARACTERS);
    const atMs = Math.round(this.#nowMs());
    const [row] = await this.#thread.all(
      PUBLISH,
      customer,
      customer,
      draft.hash,
      draft.text,
      by,
      reason,
      atMs,
      customer,
      draft.basedOn,
    );
    if (row !== undefined) return { kind: 'published', version: Number(row['version']) };
    return { kind: 'conflict', current: await this.#head(customer) };
  }

  /** The newest version, or null. */
  async current(customer: string): Promise<PlanVersion | null> {
    const row = await this.#thread.get(
      `SELECT ${HEAD}, text FROM plan_versions WHERE customer = ? ORDER BY version DESC LIMIT 1`,
      customer,
    );
    return row === null ? null : versionOfRow(row);
  }

  /** A version by its number or by its hash (the newest with that hash), or null. */
  async get(customer: string, versionOrHash: number | string): Promise<PlanVersion | null> {
    const column = typeof versionOrHash === 'number' ? 'version' : 'hash';
    const row = await this.#thread.get(
      `SELECT ${HEAD}, text FROM plan_versions WHERE customer = ? AND ${column} = ? ORDER BY version DESC LIMIT 1`,
      customer,
      versionOrHash,
    );
    return row === null ? null : versionOfRow(row);
  }

  /** `retentionDays` of a mailbox in the newest version that has it; `byDefault` where that names none, null when no version has it. */
  async retentionDaysOf(customer: string, mailbox: string, byDefault: number): Promise<number | null> {
    const row = await this.#thread.get(
      "SELECT text -> '$.mailboxes' -> ?2 AS box FROM plan_versions WHERE customer = ?1 AND json_valid(text) AND box IS NOT NULL ORDER BY version DESC LIMIT 1",
      customer,
      safeName('mailbox', mailbox),
    );
    if (row === null) return null;
    const { retentionDays } = JSON.parse(String(row['box'])) as { retentionDays?: unknown };
    return typeof retentionDays === 'number' ? retentionDays : byDefault;
  }

  /** Newest first, without the texts; `limit` at most 1000. */
  async list(customer: string, limit = 100): Promise<readonly PlanVersionHead[]> {
    const most = Math.max(1, Math.min(1000, Math.floor(limit)));
    const rows = await this.#thread.all(
      `SELECT ${HEAD} FROM plan_versions WHERE customer = ? ORDER BY version DESC LIMIT ?`,
      customer,
      most,
    );
    return rows.map(headOfRow);
  }

  /** Publishes an old version again, as a new one. Rejects with `unknown` when there is no such version. */
  async restore(customer: string, version: number, by: string, basedOn: string | null): Promise<PublishResult> {
    const old = await this.get(customer, version);
    if (old === null) throw new StoreError('unknown', `The plan of ${customer} has no version ${version}.`);
    return this.publish(customer, {
      text: old.text,
      hash: old.hash,
      by,
      reason: `restored version ${version}`,
      basedOn,
    });
  }

  /** Customers that have a plan, sorted. */
  async customers(): Promise<readonly string[]> {
    const rows = await this.#thread.all('SELECT DISTINCT customer FROM plan_versions ORDER BY customer');
    return rows.map(({ customer }) => String(customer));
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #head(customer: string): Promise<PlanVersionHead | null> {
    return (await this.list(customer, 1))[0] ?? null;
  }
}

function headOfRow(row: Row): PlanVersionHead {
  return {
    customer: String(row['customer']),
    version: Number(row['version']),
    hash: String(row['hash']),
    by: String(row['published_by']),
    reason: String(row['reason']),
    publishedAtMs: Number(row['published_at_ms']),
  };
}

function versionOfRow(row: Row): PlanVersion {
  return { ...headOfRow(row), text: String(row['text']) };
}
