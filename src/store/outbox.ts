// What still has to be sent when the process ends: one small file each in a folder of the data folder, whole or not there.
// It knows nothing of what is in them. Read `Outbox`.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UNFINISHED, writeFileAtomic } from './atomic-file.ts';
import { safeName } from './names.ts';
import { storeError } from './store-error.ts';

const ENDING = '.json';
/** A longer file is none of ours. */
const MAX_CHARACTERS = 64 * 1024;

export class Outbox {
  readonly #folder: string;

  /** Use `openOutbox`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Durable when it resolves. Rejects with StoreError for an id that is no safe name, and when the disk does. */
  async put(id: string, value: unknown): Promise<void> {
    const file = this.#fileOf(id);
    try {
      await writeFileAtomic(file, Buffer.from(JSON.stringify(value)));
    } catch (error) {
      throw storeError(`What has to be sent could not be kept in ${file}`, error);
    }
  }

  /** Gone when it resolves; one that is not there is no fault. */
  async remove(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true });
  }

  /** At most `limit`, in the order of their ids. A file that cannot be read as JSON is removed: it would come back for ever. */
  async all(limit: number): Promise<readonly { readonly id: string; readonly value: unknown }[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING)).toSorted();
    const found: { id: string; value: unknown }[] = [];
    for (const name of names) {
      if (found.length >= limit) break;
      const value = await readJson(join(this.#folder, name));
      if (value === undefined) await rm(join(this.#folder, name), { force: true });
      else found.push({ id: name.slice(0, -ENDING.length), value });
    }
    return found;
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${safeName('outbox id', id)}${ENDING}`);
  }
}

/** Makes the folder when missing, mode 0700, and removes what was never finished. Rejects with StoreError. */
export async function openOutbox(folder: string): Promise<Outbox> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { force: true });
  } catch (error) {
    throw storeError(`The folder ${folder} could not be opened`, error);
  }
  return new Outbox(folder);
}

async function readJson(file: string): Promise<unknown> {
  try {
    const text = await readFile(file, 'utf8');
    return text.length > MAX_CHARACTERS ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
