// Voicemail: the audio as files below the data folder, the messages and PINs in the database `admin`. A message exists
// when its row does; its file was synced before. No name from outside becomes a path unchecked. Read `addMessage` first.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinVerdict, VoicemailMessage, VoicemailPort } from '../../ports/records.ts';
import { UNFINISHED, writeFileAtomic } from '../atomic-file.ts';
import { safeName } from '../names.ts';
import { SqlThread } from '../sql-thread.ts';
import type { Row } from '../sql-thread.ts';
import { StoreError, storeError } from '../store-error.ts';
import { hashPin, isPin } from './pin.ts';

export interface VoicemailOptions {
  readonly adminFile: string;
  /** Holds `<customer>/<mailbox>/<id>.wav`. */
  readonly folder: string;
  /** What the switch plays for a message's file, absolute path given. */
  readonly mediaUriOf: (file: string, message: VoicemailMessage) => string | Promise<string>;
  readonly nowMs?: () => number;
  /** Default 64 MiB: an hour and more of 8 kHz audio. */
  readonly maxAudioBytes?: number;
}
/** `locked` until that epoch ms, because of wrong attempts; nothing was compared. */
export type PinCheck =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly attemptsLeft: number }
  | { readonly kind: 'locked'; readonly untilMs: number }
  | { readonly kind: 'not-set' };
export interface MailboxUsage {
  readonly messages: number;
  readonly newMessages: number;
  readonly bytes: number;
  readonly durationMs: number;
}

const MAX_WRONG = 5;
const LOCK_MS = 15 * 60_000;
const DEFAULT_MAX_AUDIO_BYTES = 64 * 1024 * 1024;
const PIN_FORM = /^\d{4,12}$/;
/** A WAV file without samples has this many bytes. */
const WAV_HEAD_BYTES = 44;
/** Counts the attempt before it is compared, so that attempts side by side cannot outrun the limit. */
const TAKE_ATTEMPT = `UPDATE pins SET wrong = CASE WHEN locked_until_ms > 0 AND locked_until_ms <= ?1 THEN 1 ELSE wrong + 1 END,
  locked_until_ms = CASE WHEN (CASE WHEN locked_until_ms > 0 AND locked_until_ms <= ?1 THEN 1 ELSE wrong + 1 END) >= ${MAX_WRONG}
    THEN ?1 + ${LOCK_MS} ELSE 0 END
  WHERE customer = ?2 AND mailbox = ?3 AND (locked_until_ms = 0 OR locked_until_ms <= ?1) RETURNING hash, wrong`;

/** Opens the store and removes audio that was never finished. Rejects with StoreError. */
export async function openVoicemail(options: VoicemailOptions): Promise<VoicemailStore> {
  try {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.folder, { recursive: true })) {
      if (name.endsWith(UNFINISHED)) await rm(join(options.folder, name), { force: true });
    }
  } catch (error) {
    throw storeError(`The voicemail folder ${options.folder} could not be opened`, error);
  }
  return new VoicemailStore(options);
}

export class VoicemailStore implements VoicemailPort {
  readonly #options: VoicemailOptions;
  readonly #thread: SqlThread;
  readonly #nowMs: () => number;

  /** Use `openVoicemail`. */
  constructor(options: VoicemailOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#thread = new SqlThread({
      file: options.adminFile,
      subject: `The voicemail messages in ${options.adminFile}`,
      onOpen: ['PRAGMA synchronous=FULL'],
    });
  }

  /** Durable when it resolves. Rejects with `refused` for a name or audio that is none, and when the disk does. */
  async addMessage(message: Omit<VoicemailMessage, 'file'>, audio: Uint8Array): Promise<VoicemailMessage> {
    const max = this.#options.maxAudioBytes ?? DEFAULT_MAX_AUDIO_BYTES;
    if (!isWav(audio))
      throw new StoreError('refused', `The audio of message ${message.id.slice(0, 64)} is no WAV file.`);
    if (audio.byteLength > max)
      throw new StoreError(
        'refused',
        `The audio of message ${message.id.slice(0, 64)} has ${audio.byteLength} bytes; at most ${max} are kept.`,
      );
    const kept: VoicemailMessage = {
      ...message,
      file: `${safeName('mailbox', message.mailbox)}/${safeName('message id', message.id)}.wav`,
    };
    const file = this.#pathOf(kept);
    const old = await this.#thread.get('SELECT id FROM messages WHERE id = ?', kept.id);
    if (old !== null) throw new StoreError('refused', `There is a voicemail message ${kept.id} already.`);
    try {
      await mkdir(join(this.#options.folder, kept.customer, kept.mailbox), { recursive: true, mode: 0o700 });
      await writeFileAtomic(file, audio);
    } catch (error) {
      throw storeError(`The voicemail message ${file} could not be written`, error);
    }
    try {
      await this.#insert(kept, audio.byteLength);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return kept;
  }

  /** Oldest first. */
  async listMessages(customer: string, mailbox: string): Promise<readonly VoicemailMessage[]> {
    const rows = await this.#thread.all(
      'SELECT document, is_new FROM messages WHERE customer = ? AND mailbox = ? ORDER BY received_at_ms, id',
      customer,
      mailbox,
    );
    return rows.map(messageOfRow);
  }

  /** Mailboxes that hold messages, whether any plan has them or not. */
  async mailboxes(): Promise<readonly { readonly customer: string; readonly mailbox: string }[]> {
    const rows = await this.#thread.all('SELECT DISTINCT customer, mailbox FROM messages ORDER BY customer, mailbox');
    return rows.map((row) => ({ customer: String(row['customer']), mailbox: String(row['mailbox']) }));
  }

  async markHeard(id: string): Promise<void> {
    await this.#thread.run('UPDATE messages SET is_new = 0 WHERE id = ?', id);
  }

  /** The row first: a message whose audio is gone would be worse than audio without a message. */
  async deleteMessage(id: string): Promise<void> {
    const row = await this.#thread.get('SELECT document, is_new FROM messages WHERE id = ?', id);
    if (row === null) return;
    await this.#thread.run('DELETE FROM messages WHERE id = ?', id);
    await rm(this.#pathOf(messageOfRow(row)), { force: true });
  }

  async mediaOf(message: VoicemailMessage): Promise<string> {
    return this.#options.mediaUriOf(this.#pathOf(message), message);
  }

  /** `olderThanMs` is an age. */
  async purge(customer: string, mailbox: string, olderThanMs: number): Promise<number> {
    const beforeMs = Math.round(this.#nowMs() - olderThanMs);
    const rows = await this.#thread.all(
      'DELETE FROM messages WHERE customer = ? AND mailbox = ? AND received_at_ms < ? RETURNING document, is_new',
      customer,
      mailbox,
      beforeMs,
    );
    for (const row of rows) await rm(this.#pathOf(messageOfRow(row)), { force: true });
    return rows.length;
  }

  /** What a mailbox holds, for quotas and the message-waiting light. */
  async usage(customer: string, mailbox: string): Promise<MailboxUsage> {
    const row = await this.#thread.get(
      'SELECT count(*) AS messages, total(is_new) AS fresh, total(bytes) AS bytes, total(duration_ms) AS duration FROM messages WHERE customer = ? AND mailbox = ?',
      customer,
      mailbox,
    );
    return {
      messages: Number(row?.['messages'] ?? 0),
      newMessages: Number(row?.['fresh'] ?? 0),
      bytes: Number(row?.['bytes'] ?? 0),
      durationMs: Number(row?.['duration'] ?? 0),
    };
  }

  /** True when one more message would be over `maxMessages`. */
  async isFull(customer: string, mailbox: string, maxMessages: number): Promise<boolean> {
    return (await this.usage(customer, mailbox)).messages >= maxMessages;
  }

  async checkPin(customer: string, mailbox: string, pin: string): Promise<PinVerdict> {
    return (await this.tryPin(customer, mailbox, pin)).kind;
  }

  /** `checkPin` that says why not: 5 wrong attempts in a row lock the mailbox for 15 minutes, across restarts. */
  async tryPin(customer: string, mailbox: string, pin: string): Promise<PinCheck> {
    const nowMs = Math.round(this.#nowMs());
    const taken = await this.#thread.get(TAKE_ATTEMPT, nowMs, customer, mailbox);
    if (taken === null) {
      const row = await this.#thread.get(
        'SELECT locked_until_ms FROM pins WHERE customer = ? AND mailbox = ?',
        customer,
        mailbox,
      );
      return row === null ? { kind: 'not-set' } : { kind: 'locked', untilMs: Number(row['locked_until_ms']) };
    }
    const isRight = await isPin(String(taken['hash']), pin.slice(0, 64));
    const wrong = Number(taken['wrong']);
    if (!isRight)
      return wrong >= MAX_WRONG
        ? { kind: 'locked', untilMs: nowMs + LOCK_MS }
        : { kind: 'wrong', attemptsLeft: MAX_WRONG - wrong };
    await this.#thread.run(
      'UPDATE pins SET wrong = 0, locked_until_ms = 0 WHERE customer = ? AND mailbox = ?',
      customer,
      mailbox,
    );
    return { kind: 'right' };
  }

  /** Whether a PIN has been set; counts as no attempt. */
  async hasPin(customer: string, mailbox: string): Promise<boolean> {
    return (await this.#thread.get('SELECT 1 AS one FROM pins WHERE customer = ? AND mailbox = ?', customer, mailbox)) !== null;
  }

  /** Also ends a lock. Rejects with `refused` unless `pin` has 4 to 12 digits. */
  async setPin(customer: string, mailbox: string, pin: string): Promise<void> {
    safeName('customer', customer);
    safeName('mailbox', mailbox);
    if (!PIN_FORM.test(pin)) throw new StoreError('refused', 'pin must have 4 to 12 digits.');
    const hash = await hashPin(pin);
    await this.#thread.run(
      'INSERT OR REPLACE INTO pins (customer, mailbox, hash, wrong, locked_until_ms) VALUES (?, ?, ?, 0, 0)',
      customer,
      mailbox,
      hash,
    );
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #insert(kept: VoicemailMessage, bytes: number): Promise<void> {
    await this.#thread.run(
      'INSERT INTO messages (id, customer, mailbox, received_at_ms, is_new, bytes, duration_ms, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      kept.id,
      kept.customer,
      kept.mailbox,
      Math.round(kept.receivedAtMs),
      kept.isNew ? 1 : 0,
      bytes,
      Math.round(kept.durationMs),
      JSON.stringify(kept),
    );
  }

  /** Built from checked names, never from `message.file`. */
  #pathOf(message: VoicemailMessage): string {
    const customer = safeName('customer', message.customer);
    return join(
      this.#options.folder,
      customer,
      safeName('mailbox', message.mailbox),
      `${safeName('message id', message.id)}.wav`,
    );
  }
}

function isWav(audio: Uint8Array): boolean {
  const text = (from: number): string => String.fromCharCode(...audio.subarray(from, from + 4));
  return audio.byteLength >= WAV_HEAD_BYTES && text(0) === 'RIFF' && text(8) === 'WAVE';
}

function messageOfRow(row: Row): VoicemailMessage {
  const message = JSON.parse(String(row['document'])) as VoicemailMessage;
  return { ...message, isNew: row['is_new'] === 1 };
}
