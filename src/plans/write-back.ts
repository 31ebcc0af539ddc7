// Writes a published plan back into its file, whole or not at all. The text is on disk before the version is in the
// history and gets its name after, so that a process that dies between leaves enough to finish the work at next start.
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PENDING_PREFIX } from './compile-protocol.ts';

/** Characters of the hash in the name of a pending file. */
const HASH_CHARACTERS = 16;

export interface Pending {
  /** Gives the text its name. */
  finish(): Promise<void>;
  /** Takes it away. */
  drop(): Promise<void>;
}

/** Puts `text` beside the plan file, synced to the disk. Rejects when the folder does not take it; nothing is left then. */
export async function writePending(folder: string, customer: string, hash: string, text: string): Promise<Pending> {
  const path = join(folder, `${PENDING_PREFIX}${customer}.${hash.slice(0, HASH_CHARACTERS)}`);
  try {
    const file = await open(path, 'w', 0o644);
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return {
    finish: () => rename(path, planFile(folder, customer)),
    drop: () => rm(path, { force: true }),
  };
}

/**
 * Finishes what a dead process left: a pending file whose version made it into the history gets its name, others go.
 * Gives the customers whose file still could not be written.
 */
export async function finishPending(folder: string, names: readonly string[], currentHash: (customer: string) => string | undefined): Promise<string[]> {
  const unfinished: string[] = [];
  for (const name of names) {
    const [, customer = '', hash = ''] = /^\.genvoice-([a-z][a-z0-9-]{0,39})\.([0-9a-f]{16})$/.exec(name) ?? [];
    const isPublished = hash !== '' && currentHash(customer)?.startsWith(hash) === true;
    try {
      if (isPublished) await rename(join(folder, name), planFile(folder, customer));
      else await rm(join(folder, name), { force: true });
    } catch {
      if (isPublished) unfinished.push(customer);
    }
  }
  return unfinished;
}

/** Where a customer's plan lies. */
export function planFile(folder: string, customer: string): string {
  return join(folder, `${customer}.json`);
}
