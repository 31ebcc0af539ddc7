// Messages as Asterisk can play them: a readable copy, made when somebody listens and gone soon after. The copies lie in
// a folder of their own below the prompts, which Asterisk's user reads or Asterisk fetches over HTTP.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import type { VoicemailMessage } from '../ports/records.ts';

export interface MessageCopiesOptions {
  readonly promptFolder: string;
  /** Where Asterisk sees `promptFolder`; null = it fetches below `httpBase`. */
  readonly soundRoot: string | null;
  readonly httpBase: string;
  readonly clock: Clock;
}
interface Copy {
  readonly key: string;
  readonly path: string;
  cancel: () => void;
}

/** Folder of the copies below the prompt folder. */
export const COPIES = 'messages';
/** How often one message is played to one listener at most (calls/mailbox.ts), and the questions in between. */
const MOST_ROUNDS = 10;
const BETWEEN_ROUNDS_MS = 30_000;

export class MessageCopies {
  readonly #options: MessageCopiesOptions;
  readonly #folder: string;
  /** By message id. */
  readonly #copies = new Map<string, Copy>();

  private constructor(options: MessageCopiesOptions) {
    this.#options = options;
    this.#folder = join(options.promptFolder, COPIES);
  }

  /** Begins without copies: those of an earlier process are removed. */
  static async open(options: MessageCopiesOptions): Promise<MessageCopies> {
    const copies = new MessageCopies(options);
    await rm(copies.#folder, { recursive: true, force: true });
    await mkdir(copies.#folder, { recursive: true, mode: 0o755 });
    return copies;
  }

  /** `sound:` address of the audio in `file`. Its name cannot be guessed; it holds while somebody may listen. */
  async mediaOf(file: string, message: Pick<VoicemailMessage, 'id' | 'durationMs'>): Promise<string> {
    const copy = this.#copies.get(message.id) ?? (await this.#make(file, message.id));
    copy.cancel();
    const keepMs = MOST_ROUNDS * (message.durationMs + BETWEEN_ROUNDS_MS);
    copy.cancel = this.#options.clock.after(keepMs, () => void this.drop(message.id));
    const { soundRoot, httpBase } = this.#options;
    return soundRoot === null ? `sound:${httpBase}/${copy.key}.wav` : `sound:${soundRoot}/${COPIES}/${copy.key}`;
  }

  /** Removes the copy of a message, if there is one. Never rejects. */
  async drop(id: string): Promise<void> {
    const copy = this.#copies.get(id);
    if (copy === undefined) return;
    this.#copies.delete(id);
    copy.cancel();
    await rm(copy.path, { force: true }).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([...this.#copies.keys()].map((id) => this.drop(id)));
  }

  async #make(file: string, id: string): Promise<Copy> {
    const key = randomBytes(32).toString('hex');
    const path = join(this.#folder, `${key}.wav`);
    await copyFile(file, path);
    // Asterisk runs as a user of its own; nobody else gets into the data folder around it.
    await chmod(path, 0o644);
    const copy: Copy = { key, path, cancel: () => {} };
    this.#copies.set(id, copy);
    return copy;
  }
}
