// Asterisk's log of channel events (CEL) as a stream: read on from a kept place, a little at a time, over rotations.
// It knows files and lines, not calls. Read `CelLog.read`.
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One line of Asterisk's channel event log: strings and numbers as cel_custom writes them. */
export type CelEvent = Readonly<Record<string, string | number>>;

/** Where reading goes on. A file that is rotated keeps its inode. */
export interface CelPlace {
  readonly inode: number;
  readonly offset: number;
}

export const CEL_FILE = 'cel.jsonl';
/** The file before it; there is never a third. */
const ROTATED_FILE = 'cel.1.jsonl';
/** About 150 events: a millisecond of work. */
const READ_BYTES = 64 * 1024;
/** A line longer than a read is damage: it is passed over. */
const MAX_LINE_BYTES = READ_BYTES;
/** Asterisk had the old file open when it was renamed and may write one more line to it. */
const SETTLED_MS = 2_000;

/** Makes room: what was written so far can be read once more under its other name. Asterisk opens the file anew for each event. */
export function rotateCel(folder: string): void {
  renameSync(join(folder, CEL_FILE), join(folder, ROTATED_FILE));
}

/** The end of what is written now. */
export function celEnd(folder: string): CelPlace {
  const path = join(folder, CEL_FILE);
  if (!existsSync(path)) return { inode: 0, offset: 0 };
  const { ino, size } = statSync(path);
  return { inode: ino, offset: size };
}

export class CelLog {
  readonly #folder: string;
  readonly #nowMs: () => number;
  #place: CelPlace;

  /** A place whose file is gone means the beginning of what is there. */
  constructor(folder: string, place: CelPlace, nowMs: () => number = Date.now) {
    this.#folder = folder;
    this.#place = place;
    this.#nowMs = nowMs;
  }

  /** Behind everything that was read. */
  get place(): CelPlace {
    return this.#place;
  }

  /** The next whole lines, each with the place where it begins; `hasMore` = another call will bring more at once. */
  read(): { readonly lines: readonly { readonly event: CelEvent; readonly place: CelPlace }[]; readonly hasMore: boolean } {
    const path = this.#path();
    if (path === null) return { lines: [], hasMore: false };
    const file = openSync(path, 'r');
    try {
      const { ino, size, mtimeMs } = fstatSync(file);
      // Another file than before, or one that was emptied: from its beginning.
      const from = ino === this.#place.inode && size >= this.#place.offset ? this.#place.offset : 0;
      const buffer = Buffer.alloc(Math.min(READ_BYTES, size - from));
      const length = readSync(file, buffer, 0, buffer.length, from);
      const lines: { event: CelEvent; place: CelPlace }[] = [];
      let start = 0;
      for (let end = buffer.indexOf(10); end >= 0 && end < length; end = buffer.indexOf(10, start)) {
        const place = { inode: ino, offset: from + start };
        for (const event of parseCelLine(buffer.toString('utf8', start, end))) lines.push({ event, place });
        start = end + 1;
      }
      if (start === 0 && length >= MAX_LINE_BYTES) start = length;
      this.#place = { inode: ino, offset: from + start };
      const isDone = from + start >= size || start === 0;
      const isOld = path.endsWith(ROTATED_FILE);
      if (isOld && isDone && this.#nowMs() - mtimeMs > SETTLED_MS) this.#place = { inode: 0, offset: 0 };
      return { lines, hasMore: isOld || !isDone };
    } finally {
      closeSync(file);
    }
  }

  /** The file of the place; when there is none, the one written now (a fresh start) or the older one (it was rotated twice). */
  #path(): string | null {
    const [old, now] = [join(this.#folder, ROTATED_FILE), join(this.#folder, CEL_FILE)];
    const { inode } = this.#place;
    if (existsSync(old) && inode !== 0 && (statSync(old).ino === inode || !existsSync(now) || statSync(now).ino !== inode)) return old;
    return existsSync(now) ? now : null;
  }
}

/** The event of one line; none for a line that is damaged. */
export function parseCelLine(line: string): CelEvent[] {
  if (line === '') return [];
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null ? [event as CelEvent] : [];
  } catch {
    // A line that a full disk cut short.
    return [];
  }
}
