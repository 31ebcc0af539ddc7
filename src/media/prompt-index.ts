// What the cache knows without reading a master again: size and times of each master -> key, and each key's result.
// Losing this file costs time, never a prompt: everything in it can be worked out again.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Master = z.object({ stamp: z.string(), key: z.string() });
const Result = z.object({ durationMs: z.number(), gainDb: z.number(), warnings: z.array(z.string()), alawBytes: z.number(), sln16Bytes: z.number() });
const Index = z.object({ recipe: z.string(), masters: z.record(z.string(), Master), results: z.record(z.string(), Result) });

/** The report of one converted prompt, and the sizes that prove its files complete. */
export type CachedResult = z.infer<typeof Result>;

export class PromptIndex {
  readonly recipe: string;
  readonly masters = new Map<string, z.infer<typeof Master>>();
  readonly results = new Map<string, CachedResult>();

  constructor(recipe: string) {
    this.recipe = recipe;
  }

  /** The index in `file`; an empty one when it is missing, damaged or of another recipe. */
  static async load(file: string, recipe: string): Promise<PromptIndex> {
    const index = new PromptIndex(recipe);
    const parsed = Index.safeParse(await readJson(file));
    if (!parsed.success || parsed.data.recipe !== recipe) return index;
    for (const [path, master] of Object.entries(parsed.data.masters)) index.masters.set(path, master);
    for (const [key, result] of Object.entries(parsed.data.results)) index.results.set(key, result);
    return index;
  }

  toJson(): string {
    return JSON.stringify({ recipe: this.recipe, masters: Object.fromEntries(this.masters), results: Object.fromEntries(this.results) });
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}
