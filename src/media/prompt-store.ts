// The cache of converted prompts in the data folder, by content: the same master is converted once, whoever uses it.
// Files appear whole (written beside, then renamed) or not at all. Read `prepare` first.
import { createHash, randomBytes } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { wavFromAlaw } from './alaw.ts';
import { convertPrompt, MAX_MASTER_BYTES, RECIPE, tooBig, type PromptAudio, type PromptReport } from './convert.ts';
import { convertLevelled } from './levelled.ts';
import { errnoOf, PromptError, writeError } from './prompt-error.ts';
import { PromptIndex, type CachedResult } from './prompt-index.ts';
import type { RunSox } from './run-sox.ts';

/** A prompt that Asterisk can play now. */
export interface PreparedPrompt extends PromptReport {
  /** SHA-256 of recipe and master, hexadecimal. */
  readonly key: string;
  /** Path as Asterisk sees it, without extension: it takes `.alaw` or `.sln16` by the call's codec. */
  readonly sound: string;
}

export interface PromptStoreOptions {
  /** Folder of the cache; made when missing. */
  readonly folder: string;
  /** The same folder as Asterisk sees it, such as `/genvoice/media`. */
  readonly soundRoot: string;
  /** Where an Asterisk elsewhere fetches prompts, such as `http://10.0.0.5:8088`; null when there is none. */
  readonly httpBase: string | null;
  readonly runSox: RunSox;
  /** SHA-256 of masters that were levelled when they were made (sounds/manifest.json): no converter is run for them. */
  readonly levelled: ReadonlySet<string>;
  /** Stands in for the conversion in tests. */
  readonly convert?: (master: Buffer, file: string) => Promise<PromptAudio>;
}

const KEY = /^[0-9a-f]{64}$/;
/** Conversions at once: the machine's other cores belong to calls. */
const CONCURRENCY = 2;
const READ_CHUNK = 1024 * 1024;

export class PromptStore {
  readonly #options: PromptStoreOptions;
  readonly #index: PromptIndex;
  readonly #making = new Map<string, Promise<CachedResult>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #dirty = false;
  #saving: Promise<void> | null = null;
  #saveFault: PromptError | null = null;

  private constructor(options: PromptStoreOptions, index: PromptIndex) {
    this.#options = options;
    this.#index = index;
  }

  /** Opens the cache, clearing what a killed process left half written; throws PromptError when it cannot be used. */
  static async open(options: PromptStoreOptions): Promise<PromptStore> {
    try {
      await mkdir(options.folder, { recursive: true });
      const names = await readdir(options.folder);
      await Promise.all(names.filter((n) => n.endsWith('.part')).map((n) => rm(join(options.folder, n), { force: true })));
    } catch (cause) {
      throw writeError(options.folder, cause);
    }
    return new PromptStore(options, await PromptIndex.load(join(options.folder, 'index.json'), RECIPE));
  }

  /**
   * The converted form of a master, made now if it is not in the cache. At most two conversions run at once; the same
   * content is converted once however often it is asked for. Throws PromptError naming customer, prompt and file.
   */
  async prepare(customer: string, name: string, masterFile: string): Promise<PreparedPrompt> {
    const path = resolve(masterFile);
    const label = `Prompt "${name}" of ${customer} (${masterFile})`;
    const stamp = await stampOf(path, label);
    const known = this.#index.masters.get(path);
    if (known?.stamp === stamp) {
      const result = this.#index.results.get(known.key);
      if (result !== undefined && (await this.#isWhole(known.key, result))) return this.#prepared(known.key, result);
    }
    const { bytes, stamp: readStamp } = await readMaster(path, label);
    const { key, sha256 } = await hashes(bytes);
    const result = await this.#resultFor(key, bytes, sha256, label);
    this.#index.masters.set(path, { stamp: readStamp, key });
    this.#save();
    return this.#prepared(key, result);
  }

  /** `sound:` address for an Asterisk that fetches over HTTP; throws when the store has no `httpBase`. */
  urlFor(key: string): string {
    if (this.#options.httpBase === null) throw new Error('this store has no HTTP address: its Asterisk reads the folder');
    return `sound:${this.#options.httpBase.replace(/\/+$/, '')}/media/${key}.wav`;
  }

  /** The prompt as an 8 kHz WAV for `GET /media/<key>.wav`; null when the key is malformed or not in the cache. */
  async readWav(key: string): Promise<Buffer | null> {
    if (!KEY.test(key)) return null;
    try {
      return wavFromAlaw(await readFile(join(this.#options.folder, `${key}.alaw`)));
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return null;
      throw cause;
    }
  }

  /** Waits until the index is on disk; throws PromptError when it could not be written. */
  async close(): Promise<void> {
    while (this.#saving !== null) await this.#saving;
    if (this.#saveFault !== null) throw this.#saveFault;
  }

  #prepared(key: string, result: CachedResult): PreparedPrompt {
    const { durationMs, gainDb, warnings } = result;
    return { key, sound: `${this.#options.soundRoot}/${key}`, durationMs, gainDb, warnings };
  }

  async #resultFor(key: string, master: Buffer, sha256: string, label: string): Promise<CachedResult> {
    const cached = this.#index.results.get(key);
    if (cached !== undefined && (await this.#isWhole(key, cached))) return cached;
    const running = this.#making.get(key);
    if (running !== undefined) return running;
    const making = this.#inTurn(() => this.#make(key, master, sha256, label)).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  async #make(key: string, master: Buffer, sha256: string, label: string): Promise<CachedResult> {
    const audio = await this.#convert(master, sha256, label);
    await this.#write(`${key}.alaw`, audio.alaw);
    await this.#write(`${key}.sln16`, audio.sln16);
    const result: CachedResult = {
      durationMs: audio.report.durationMs,
      gainDb: audio.report.gainDb,
      warnings: [...audio.report.warnings],
      alawBytes: audio.alaw.length,
      sln16Bytes: audio.sln16.length,
    };
    this.#index.results.set(key, result);
    return result;
  }

  #convert(master: Buffer, sha256: string, label: string): Promise<PromptAudio> {
    if (this.#options.levelled.has(sha256)) return convertLevelled(master, label);
    if (this.#options.convert !== undefined) return this.#options.convert(master, label);
    return convertPrompt(this.#options.runSox, master, label);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= CONCURRENCY) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over rather than freed, so that nobody can slip in between.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #isWhole(key: string, result: CachedResult): Promise<boolean> {
    const sizes = await Promise.all(['alaw', 'sln16'].map((ext) => sizeOf(join(this.#options.folder, `${key}.${ext}`))));
    return sizes[0] === result.alawBytes && sizes[1] === result.sln16Bytes;
  }

  async #write(name: string, bytes: Buffer | string): Promise<void> {
    const path = join(this.#options.folder, name);
    const part = `${path}.${randomBytes(6).toString('hex')}.part`;
    try {
      const file = await open(part, 'wx', 0o644);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    } catch (cause) {
      await rm(part, { force: true }).catch(() => undefined);
      throw writeError(path, cause);
    }
  }

  /** One save at a time; changes that arrive meanwhile are saved together by the next one. */
  #save(): void {
    this.#dirty = true;
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = null;
    });
  }

  async #saveAll(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.#write('index.json', this.#index.toJson());
        this.#saveFault = null;
      } catch (cause) {
        this.#saveFault = cause instanceof PromptError ? cause : writeError('index.json', cause);
      }
    }
  }
}

/** Changes whenever the file may have: inode, size, and both times in nanoseconds. */
const stamped = (s: BigIntStats) => `${s.ino}:${s.size}:${s.mtimeNs}:${s.ctimeNs}`;

async function stampOf(path: string, label: string): Promise<string> {
  try {
    return stamped(await stat(path, { bigint: true }));
  } catch (cause) {
    throw readError(label, cause);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return -1;
  }
}

async function readMaster(path: string, label: string): Promise<{ bytes: Buffer; stamp: string }> {
  // Without O_NONBLOCK the opening of a pipe that somebody put there would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw readError(label, cause);
  });
  try {
    const s = await file.stat({ bigint: true });
    if (!s.isFile()) throw new PromptError('not-a-file', label, 'this is no file', 'Name a WAV or MP3 file');
    if (s.size > BigInt(MAX_MASTER_BYTES)) throw tooBig(label, Number(s.size));
    const bytes = Buffer.alloc(Number(s.size));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return { bytes: bytes.subarray(0, read), stamp: stamped(s) };
  } catch (cause) {
    throw cause instanceof PromptError ? cause : readError(label, cause);
  } finally {
    await file.close();
  }
}

function readError(label: string, cause: unknown): PromptError {
  const errno = errnoOf(cause);
  return errno === 'ENOENT' || errno === 'ENOTDIR'
    ? new PromptError('not-found', label, 'the file does not exist', 'Put the recording there, or name another file', cause)
    : new PromptError('not-a-file', label, `the file cannot be read (${errno})`, 'Check its owner and rights', cause);
}

/** Hashed in pieces, with a turn for other work between them. */
async function hashes(bytes: Buffer): Promise<{ key: string; sha256: string }> {
  const plain = createHash('sha256');
  const keyed = createHash('sha256').update(`${RECIPE}\n`);
  for (let at = 0; at < bytes.length; at += READ_CHUNK) {
    const chunk = bytes.subarray(at, at + READ_CHUNK);
    plain.update(chunk);
    keyed.update(chunk);
    if (bytes.length > READ_CHUNK) await new Promise(setImmediate);
  }
  return { key: keyed.digest('hex'), sha256: plain.digest('hex') };
}
