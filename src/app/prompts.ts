// Joins the prompt cache to the plans: recordings of plans are made ready on loading, the product's own phrases once.
import { randomBytes } from 'node:crypto';
import { rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PromptPreparer, PreparedMedia } from '../plans/media.ts';
import { PromptStore, type PreparedPrompt } from '../media/prompt-store.ts';
import { readManifest, type ManifestEntry } from '../media/manifest.ts';
import type { RunSox } from '../media/run-sox.ts';

export interface Prompts extends PromptPreparer {
  readonly store: PromptStore;
  readonly phraseIds: ReadonlySet<string>;
}

export interface PromptsOptions {
  readonly folder: string;
  readonly soundsFolder: string;
  /** Folders with a manifest.json of recordings that came with the product. */
  readonly ownFolders: readonly string[];
  /** Where Asterisk sees `folder`; null = it fetches over HTTP from `httpBase`. */
  readonly soundRoot: string | null;
  /** `http://host:port/media/<token>`: what is asked for below it is `<key>.wav` of `folder`. */
  readonly httpBase: string;
  readonly runSox: RunSox;
}

/** Rejects when the product's own phrases cannot be made ready: nothing could be said then. */
export async function openPrompts(options: PromptsOptions): Promise<Prompts> {
  const system = await readManifest(join(options.soundsFolder, 'manifest.json'));
  const levelled = new Set([...system.values()].map((entry) => entry.sha256));
  for (const folder of options.ownFolders) {
    const manifest = await readManifest(join(folder, 'manifest.json')).catch(() => new Map<string, ManifestEntry>());
    for (const entry of manifest.values()) levelled.add(entry.sha256);
  }
  const store = await PromptStore.open({ folder: options.folder, soundRoot: options.soundRoot ?? '/', httpBase: options.httpBase, runSox: options.runSox, levelled });
  const mediaOf = async ({ key, sound }: PreparedPrompt): Promise<string> => {
    if (options.soundRoot !== null) return `sound:${sound}`;
    await keepWav(store, options.folder, key);
    return `sound:${options.httpBase}/${key}.wav`;
  };
  const phrases = new Map<string, PreparedMedia>();
  await Promise.all(
    [...system.values()].map(async (entry) => {
      const ready = await store.prepare('system', entry.id, entry.path);
      phrases.set(entry.id, { media: await mediaOf(ready), durationMs: ready.durationMs });
    }),
  );
  return {
    store,
    phraseIds: new Set(phrases.keys()),
    phrase: (id) => phrases.get(id) ?? null,
    async prepare(customer, name, file) {
      const ready = await store.prepare(customer, name, file);
      return { media: await mediaOf(ready), durationMs: ready.durationMs };
    },
  };
}

/** The form in which it goes over HTTP, beside the others; whole or not at all. */
async function keepWav(store: PromptStore, folder: string, key: string): Promise<void> {
  const file = join(folder, `${key}.wav`);
  const wav = await store.readWav(key);
  if (wav === null) throw new Error(`The prompt ${key} has gone from ${folder}; start again to make it anew`);
  if ((await stat(file).then(({ size }) => size, () => -1)) === wav.length) return;
  // Two plans may hold the same recording: each writes a file of its own, and the last rename wins.
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  await writeFile(part, wav, { mode: 0o644 });
  await rename(part, file);
}

/** The plans' media folders. */
export function mediaFolders(plansFolder: string, customers: readonly string[]): readonly string[] {
  return customers.map((customer) => join(dirname(join(plansFolder, 'x')), 'media', customer));
}
