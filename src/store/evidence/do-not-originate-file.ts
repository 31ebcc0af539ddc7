// The operator's do-not-originate list: one E.164 number a line, `#` begins a comment, `# dated 2026-11-20` says of when
// it is. Read again when the file changes. Read `openDoNotOriginate` first.
import { readFile, stat } from 'node:fs/promises';
import { toE164OrNull } from '../../numbering/e164.ts';
import type { E164 } from '../../numbering/e164.ts';
import type { DoNotOriginate } from '../../ports/evidence.ts';
import { dayOf } from '../../routing/local-time.ts';
import { storeError } from '../store-error.ts';
import type { OnAlarm } from '../store-error.ts';

export interface DoNotOriginateOptions {
  /** null = the operator names no list: then no number is on it. */
  readonly file: string | null;
  readonly onAlarm: OnAlarm;
  readonly nowMs?: () => number;
  /** Between two looks whether the file has changed; default 60 s. */
  readonly checkEveryMs?: number;
}
export interface DoNotOriginateFile extends DoNotOriginate {
  /** Looks now; settles when the list is the file's. Never rejects. */
  look(): Promise<void>;
  close(): void;
}

const DEFAULT_CHECK_EVERY_MS = 60_000;
/** A million numbers; a longer file is not such a list. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Never rejects: while a named file was never read, `has` throws, so that nothing is shown on a guess. */
export async function openDoNotOriginate(options: DoNotOriginateOptions): Promise<DoNotOriginateFile> {
  const nowMs = options.nowMs ?? Date.now;
  const { file } = options;
  let numbers: ReadonlySet<E164> | null = file === null ? new Set() : null;
  let list: DoNotOriginate['list'] = null;
  let readStamp = '';
  const look = async (): Promise<void> => {
    if (file === null) return;
    try {
      const { mtimeMs, size } = await stat(file);
      const stamp = `${mtimeMs} ${size}`;
      if (stamp === readStamp) return;
      if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, and a list has at most ${MAX_BYTES}`);
      const read = parseList(await readFile(file, 'utf8'));
      numbers = read.numbers;
      list = { numbers: read.numbers.size, dated: read.dated, loadedAtMs: nowMs() };
      readStamp = stamp;
      if (read.unread.length > 0) options.onAlarm(`${file}: ${read.unread.length} lines hold no phone number, the first is line ${read.unread[0] ?? 0}. The others count.`);
    } catch (error) {
      const still = numbers === null ? 'No number can be shown on a call until then.' : 'The list that was read before goes on counting.';
      options.onAlarm(`${storeError(`The do-not-originate list ${file} could not be read`, error).message} ${still}`);
    }
  };
  await look();
  const timer = setInterval(() => void look(), options.checkEveryMs ?? DEFAULT_CHECK_EVERY_MS);
  timer.unref();
  return {
    has(number) {
      if (numbers === null) throw new Error('the do-not-originate list could not be read');
      return numbers.has(number);
    },
    get list() {
      return list;
    },
    look,
    close: () => clearInterval(timer),
  };
}

function parseList(text: string): { numbers: Set<E164>; dated: string | null; unread: number[] } {
  const numbers = new Set<E164>();
  const unread: number[] = [];
  let dated: string | null = null;
  text.split('\n').forEach((line, index) => {
    const [, date] = /^#\s*dated\s+(\d{4}-\d{2}-\d{2})\s*$/.exec(line) ?? [];
    if (date !== undefined && dayOf(date) !== null) dated = date;
    const value = line.replace(/#.*/, '').trim();
    if (value === '') return;
    const number = toE164OrNull(value, 'GB');
    if (number === null) unread.push(index + 1);
    else numbers.add(number);
  });
  return { numbers, dated, unread };
}
