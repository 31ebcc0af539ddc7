// The last known routes on disk, a few DDIs a file, which the dialplan reads with AST_CONFIG() when a call needs them:
// nothing is reloaded, however many DDIs there are (src/decisions/0007). Nothing of an entry reaches a file unchecked.
// Read `fallbackShards` for the form and `FallbackFiles` for the folder.
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkEntry, ringSeconds } from './fallback.ts';
import type { FallbackEntry } from './fallback.ts';

const FOLDER = 'etc/fallback';
const NAME = /^\d{1,3}\.conf$/;

/** File of a DDI: three digits of it, so that there are at most 1,000 files and a block of numbers lies in one or two. */
export function shardOf(digits: string): string {
  return `${digits.slice(-5, -2)}.conf`;
}

/**
 * For each file that holds routes of `entries` the lines that it must have, one section a DDI, named by the digits of
 * its E.164 form. Throws RangeError that names the DDI and the field when a value could be read as something else.
 */
export function fallbackShards(entries: readonly FallbackEntry[]): Map<string, string> {
  const sections = new Map<string, FallbackEntry>();
  for (const entry of entries) {
    checkEntry(entry);
    if (sections.has(digitsOf(entry.ddi))) throw new RangeError(`fallback for ${entry.ddi}: stands twice`);
    sections.set(digitsOf(entry.ddi), entry);
  }
  // The dialplan makes the usual spellings of a British number one; whatever another country's comes out as leads there too.
  for (const entry of entries) for (const other of entry.alternatives) if (!sections.has(digitsOf(other))) sections.set(digitsOf(other), entry);
  const shards = new Map<string, string>();
  for (const [digits, entry] of sections) shards.set(shardOf(digits), `${shards.get(shardOf(digits)) ?? ''}${section(digits, entry)}`);
  return shards;
}

/** As the dialplan does it (`gv-fallback` in dialplan/extensions.conf). */
function digitsOf(spelling: string): string {
  const digits = spelling.replace('+', '');
  if (spelling.startsWith('00')) return digits.slice(2);
  return spelling.startsWith('0') ? `44${digits.slice(1)}` : digits;
}

/** Every field always there: AST_CONFIG() logs an error for one that is missing. */
function section(digits: string, entry: FallbackEntry): string {
  const ring = entry.ring.map((name) => `PJSIP/${name}`).join('&');
  return `[${digits}]\nring=${ring}\nseconds=${ringSeconds(entry)}\nsay=${entry.announcement ?? ''}\n`;
}

/** The folder that the dialplan reads. One writing at a time is the caller's duty. */
export class FallbackFiles {
  readonly #folder: string;
  readonly #groupId: number | null;

  /** `groupId`: the group that Asterisk reads with; null = that of the folder already. */
  constructor(instanceFolder: string, groupId: number | null) {
    this.#folder = join(instanceFolder, FOLDER);
    this.#groupId = groupId;
  }

  /** Files there; makes the folder. Rejects when it cannot be made. */
  async names(): Promise<readonly string[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    if (this.#groupId !== null) await chown(this.#folder, 0, this.#groupId);
    return (await readdir(this.#folder)).filter((name) => NAME.test(name));
  }

  /** The file has `text` afterwards, whole or as before; null takes it away. In force with the next call. */
  async write(name: string, text: string | null): Promise<void> {
    const path = join(this.#folder, name);
    if (text === null) return rm(path, { force: true });
    if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
    // Not synced to the disk: after a loss of power the next start compares and writes again.
    await writeFile(`${path}.part`, text, { mode: 0o640 });
    if (this.#groupId !== null) await chown(`${path}.part`, 0, this.#groupId);
    await rename(`${path}.part`, path);
  }
}
