// The accepting end of the spool: an append to a file on the main thread, without a sync. What is in the page cache
// survives kill -9; writer.worker.ts carries it into the database within a quarter of a second and deletes the segment.
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** A segment that has reached this is followed by a new one, so that stored bytes leave the disk. */
const MAX_SEGMENT_BYTES = 1024 * 1024;
/** Space kept back for the moment when the disk is full: some thousand records more survive a kill. */
export const RESERVE_FILE = 'reserve';
/** Names of segments: time, run of the process, turn within it. Anything else in the folder is left alone. */
const SEGMENT_NAME = /^\d{13,}-([0-9a-f]{12})-(\d{6,})\.jsonl$/;

/** How far the spool has been written. `turn` counts the segments of this run; 0 = none yet. */
export interface SpoolPlace {
  readonly turn: number;
  readonly bytes: number;
}

/** A name for one run of a process, so that its segments differ from those that an earlier one left. */
export function newRun(): string {
  return randomBytes(6).toString('hex');
}

/** Run and turn of a segment's name; null when the file is none. */
export function parseSegment(name: string): { run: string; turn: number } | null {
  const [, run, turn] = SEGMENT_NAME.exec(name) ?? [];
  return run === undefined ? null : { run, turn: Number(turn) };
}

export class SpoolWriter {
  readonly #folder: string;
  readonly #run: string;
  readonly #nowMs: () => number;
  #fd: number | null = null;
  #turn = 0;
  #bytes = 0;

  constructor(folder: string, run: string, nowMs: () => number) {
    this.#folder = folder;
    this.#run = run;
    this.#nowMs = nowMs;
  }

  get place(): SpoolPlace {
    return { turn: this.#turn, bytes: this.#bytes };
  }

  /** Appends one line (without its end). Throws what the system throws; then nothing of the line is in the file. */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    try {
      this.#write(bytes);
    } catch (error) {
      if (!this.#giveReserve()) throw error;
      this.#write(bytes);
    }
  }

  /** The next line begins a new segment. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #write(bytes: Buffer): void {
    if (this.#fd !== null && this.#bytes >= MAX_SEGMENT_BYTES) this.close();
    const fd = (this.#fd ??= this.#startSegment());
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, this.#bytes + done);
      this.#bytes += done;
    } catch (error) {
      // Half a line must not stay. If even that fails, the next line goes into a new segment; the worker knows halves.
      try {
        if (done > 0) ftruncateSync(fd, this.#bytes);
      } catch {
        this.close();
      }
      throw error;
    }
  }

  #startSegment(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const turn = this.#turn + 1;
    const time = String(Math.round(this.#nowMs())).padStart(13, '0');
    const fd = openSync(join(this.#folder, `${time}-${this.#run}-${String(turn).padStart(6, '0')}.jsonl`), 'wx', 0o600);
    this.#turn = turn;
    this.#bytes = 0;
    return fd;
  }

  /** True when there was a reserve to give. */
  #giveReserve(): boolean {
    try {
      rmSync(join(this.#folder, RESERVE_FILE));
      return true;
    } catch {
      return false;
    }
  }
}
