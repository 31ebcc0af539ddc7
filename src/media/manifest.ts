// Reads the manifests that come with our own recordings: which text each file says, and which hash proves that it is
// the file that was levelled when it was made.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { z } from 'zod';

const Entry = z.object({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  text: z.string(),
  kind: z.enum(['word', 'phrase', 'tone', 'silence']),
  file: z.string(),
  voice: z.string(),
  voiceVersion: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  ms: z.int().positive(),
  lufs: z.number().nullable(),
});
const Manifest = z.object({ language: z.string(), prompts: z.array(Entry).max(10_000) });

/** One recording of ours; `path` is absolute, `ms` its length, `lufs` null when it is too short for that measure. */
export type ManifestEntry = z.infer<typeof Entry> & { readonly path: string };

/** The entries by id; throws, naming the manifest, when it is unreadable or names a file outside its folder. */
export async function readManifest(file: string): Promise<ReadonlyMap<string, ManifestEntry>> {
  const folder = resolve(dirname(file));
  const parsed = Manifest.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is no prompt manifest: ${z.prettifyError(parsed.error)}`);
  const out = new Map<string, ManifestEntry>();
  for (const entry of parsed.data.prompts) {
    const path = resolve(join(folder, entry.file));
    if (!path.startsWith(folder + sep)) throw new Error(`${file}: "${entry.id}" names a file outside the folder: ${entry.file}`);
    out.set(entry.id, { ...entry, path });
  }
  return out;
}
