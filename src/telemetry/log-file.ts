// The log file: written in the background, rotated by size, bounded in memory. A disk that cannot take it costs lines,
// never a call: lines beyond the bound are dropped and counted. Read `openLogFile` first.
import { rename, rm, stat } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';

export interface LogFileOptions {
  readonly file: string;
  /** Size at which a new file is begun; default 20 MB. */
  readonly maxBytes?: number;
  /** Old files kept beside the one being written, `.1` the newest; default 5. */
  readonly keep?: number;
  /** Told of a write or rotation that failed, and with null when writing works again. */
  readonly onFault?: (fault: string | null) => void;
}
export interface LogFile {
  write(line: string): void;
  /** Lines lost because the disk did not take them. */
  readonly dropped: number;
  /** Resolves when everything written so far is with the operating system, or cannot be. */
  flush(): Promise<void>;
  /** At the very end of the process: flushes without waiting for the event loop; never throws. */
  close(): void;
}

const MAX_BYTES = 20 * 1024 * 1024;
const KEEP = 5;
/** Lines are gathered to blocks of this size, and written at the latest after FLUSH_EVERY_MS. */
const BLOCK_BYTES = 8 * 1024;
const FLUSH_EVERY_MS = 500;
/** Memory for lines that wait for the disk. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Opens (and makes the folder of) the log file, and rotates it at once when it is full already. Throws when the folder cannot be made. */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  const { file, maxBytes = MAX_BYTES, keep = KEEP, onFault = () => undefined } = options;
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  let size = await sizeOf(file);
  if (size >= maxBytes) {
    await shift(file, keep);
    size = 0;
  }
  const stream = pino.destination({ dest: file, sync: false, minLength: BLOCK_BYTES, periodicFlush: FLUSH_EVERY_MS, maxLength: MAX_WAITING_BYTES, mkdir: false, mode: 0o640 });
  let dropped = 0;
  let isFaulty = false;
  let rotating: Promise<void> | null = null;
  stream.on('drop', () => void (dropped += 1));
  stream.on('error', (error: Error) => {
    isFaulty = true;
    onFault(error.message);
  });
  stream.on('drain', () => {
    if (isFaulty) onFault(null);
    isFaulty = false;
  });
  const rotate = async (): Promise<void> => {
    try {
      // The open file goes on taking lines under its new name until `reopen`, so that none is lost between.
      await shift(file, keep);
      stream.reopen();
    } catch (error) {
      onFault(error instanceof Error ? error.message : String(error));
    } finally {
      size = 0;
      rotating = null;
    }
  };
  return {
    write(line) {
      stream.write(line);
      size += line.length;
      if (size >= maxBytes) rotating ??= rotate();
    },
    get dropped() {
      return dropped;
    },
    async flush() {
      await rotating;
      await new Promise<void>((resolve) => stream.flush(() => resolve()));
    },
    close() {
      try {
        stream.flushSync();
        stream.end();
      } catch (error) {
        onFault(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** file -> file.1 -> … -> file.<keep>; the oldest goes. */
async function shift(file: string, keep: number): Promise<void> {
  await rm(`${file}.${keep}`, { force: true });
  for (let at = keep; at >= 1; at -= 1) {
    const from = at === 1 ? file : `${file}.${at - 1}`;
    await rename(from, `${file}.${at}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then((found) => found.size, () => 0);
}
