// Joins the prompt cache to the plans: recordings of plans are made ready on loading, the product's own phrases once.
import { dirname, join } from 'node:path';
import type { PromptPreparer, PreparedMedia } from '../plans/media.ts';
import { PromptStore } from '../media/prompt-store.ts';
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
  readonly httpBase: string | null;
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
  const media = (key: string, sound: string): string => (options.soundRoot === null ? store.urlFor(key) : `sound:${sound}`);
  const phrases = new Map<string, PreparedMedia>();
  await Promise.all(
    [...system.values()].map(async (entry) => {
      const ready = await store.prepare('system', entry.id, entry.path);
      phrases.set(entry.id, { media: media(ready.key, ready.sound), durationMs: ready.durationMs });
    }),
  );
  return {
    store,
    phraseIds: new Set(phrases.keys()),
    phrase: (id) => phrases.get(id) ?? null,
    async prepare(customer, name, file) {
      const ready = await store.prepare(customer, name, file);
      return { media: media(ready.key, ready.sound), durationMs: ready.durationMs };
    },
  };
}

/** The plans' media folders. */
export function mediaFolders(plansFolder: string, customers: readonly string[]): readonly string[] {
  return customers.map((customer) => join(dirname(join(plansFolder, 'x')), 'media', customer));
}
