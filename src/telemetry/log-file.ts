// The log file: written in the background, rotated by size, bounded in memory. A disk that cannot take it costs lines,
// never a call and never the end of the process. Not pino's own destination: its flushSync tries for ever on a full
// disk (sonic-boom 4, seen with ENOSPC). Read `openLogFile` first.
import { mkdirSync, writeSync } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LogFileOptions {
  readonly file: string;
  /** Size at which a new file is begun; default 20 MB. */
  readonly maxBytes?: number;
  /** Old files kept beside the one being written, `.1` the newest; default 5. */
  readonly keep?: number;
  /** Told of a write or rotation that failed, and with null when writing works again. */
  readonly onFault?: (fault: string | null) => void;
}

const MAX_BYTES = 20 * 1024 * 1024;
const KEEP = 5;
/** Lines are gathered to about this size, and written at the latest after FLUSH_EVERY_MS. */
const BLOCK_CHARACTERS = 16 * 1024;
const FLUSH_EVERY_MS = 500;
const RETRY_MS = 1_000;
/** Lines that wait for the disk, in UTF-16 units. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Opens (and makes the folder of) the log file. Rejects when it cannot be opened. */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  mkdirSync(dirname(options.file), { recursive: true, mode: 0o750 });
  const handle = await open(options.file, 'a', 0o640);
  return new LogFile(options, handle, (await handle.stat()).size);
}

export class LogFile {
  readonly #options: LogFileOptions;
  #handle: FileHandle;
  #size: number;
  #waiting: string[] = [];
  #waitingSize = 0;
  /** Rest of a block that the disk has not taken yet. */
  #rest: Buffer | null = null;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #dropped = 0;
  #isFaulty = false;
  #isRotationFaulty = false;
  #isClosed = false;

  constructor(options: LogFileOptions, handle: FileHandle, size: number) {
    this.#options = options;
    this.#handle = handle;
    this.#size = size;
  }

  /** Lines lost because the disk did not take them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Never throws and never waits. */
  write(line: string): void {
    if (this.#isClosed || this.#waitingSize + line.length > MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingSize += line.length;
    if (this.#waitingSize >= BLOCK_CHARACTERS && !this.#isFaulty) this.#start();
    else this.#arm(this.#isFaulty ? RETRY_MS : FLUSH_EVERY_MS);
  }

  /** Resolves when everything written so far is with the operating system, or the disk refused. Never rejects. */
  async flush(): Promise<void> {
    this.#start();
    await this.#writing;
  }

  /** Gives what waits to the operating system at once, with one try, and ends. Call `flush` first where there is time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      // What is under way is the background's: it is not written a second time.
      if (this.#rest !== null && this.#writing === null) writeSync(this.#handle.fd, this.#rest);
      if (this.#waiting.length > 0) writeSync(this.#handle.fd, this.#waiting.join(''));
    } catch (error) {
      this.#dropped += this.#waiting.length;
      this.#fault(error);
    }
    this.#waiting = [];
    const handle = this.#handle;
    void (this.#writing ?? Promise.resolve()).then(() => handle.close()).catch(() => undefined);
  }

  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#start();
    }, delayMs).unref();
  }

  #start(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      while (!this.#isClosed && (this.#rest !== null || this.#waiting.length > 0)) {
        if (this.#size >= (this.#options.maxBytes ?? MAX_BYTES)) await this.#rotate();
        this.#rest ??= this.#takeBlock();
        const { bytesWritten } = await this.#handle.write(this.#rest);
        this.#size += bytesWritten;
        this.#rest = bytesWritten < this.#rest.length ? this.#rest.subarray(bytesWritten) : null;
        if (this.#isFaulty) {
          this.#isFaulty = false;
          this.#options.onFault?.(null);
        }
      }
    } catch (error) {
      this.#fault(error);
      this.#arm(RETRY_MS);
    }
  }

  /** Whole lines, so that a rotation between two blocks never cuts one. */
  #takeBlock(): Buffer {
    let size = 0;
    let count = 0;
    while (count < this.#waiting.length && size < BLOCK_CHARACTERS) {
      size += this.#waiting[count]?.length ?? 0;
      count += 1;
    }
    this.#waitingSize -= size;
    return Buffer.from(this.#waiting.splice(0, count).join(''));
  }

  /** One that fails is told, costs no line, and is tried again when as much more has been written. */
  async #rotate(): Promise<void> {
    // A part of a line that is written belongs to the file that has its beginning.
    if (this.#rest !== null) return;
    const { file, keep = KEEP, onFault } = this.#options;
    this.#size = 0;
    try {
      if (!(await shift(file, keep))) return;
      const next = await open(file, 'a', 0o640);
      await this.#handle.close();
      this.#handle = next;
      if (this.#isRotationFaulty) onFault?.(null);
      this.#isRotationFaulty = false;
    } catch (error) {
      this.#isRotationFaulty = true;
      onFault?.(messageOf(error));
    }
  }

  #fault(error: unknown): void {
    this.#isFaulty = true;
    this.#options.onFault?.(messageOf(error));
  }
}

/**
 * file -> file.1 -> … -> file.<keep>; the oldest goes. Only an ordinary file is ever renamed (false otherwise): the
 * path may name a device or a pipe, and as root a rename would take that away from the whole machine.
 */
async function shift(file: string, keep: number): Promise<boolean> {
  const found = await lstat(file).catch(missing);
  if (found !== null && !found.isFile()) return false;
  await rm(`${file}.${keep}`, { force: true });
  for (let at = keep; at >= 1; at -= 1) await rename(at === 1 ? file : `${file}.${at - 1}`, `${file}.${at}`).catch(missing);
  return true;
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'unknown';
}
