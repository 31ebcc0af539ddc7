// Reads the fixtures of test/plans and the sample plans, as every test of this folder needs them.
import { readFileSync, readdirSync } from 'node:fs';
import { compile } from '../../../src/routing/compile.ts';
import type { Compiled, CompileOptions } from '../../../src/routing/compile.ts';
import { parsePlanText } from '../../../src/routing/text.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';

const ROOT = new URL('../../../', import.meta.url);

export function readText(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, ROOT)).filter((file) => file.endsWith(ending)).sort();
}

/** Phrases of the product's own voice. */
export function phrases(): ReadonlySet<string> {
  const manifest = JSON.parse(readText('sounds/manifest.json')) as { prompts: { id: string }[] };
  return new Set(manifest.prompts.map(({ id }) => id));
}

export const FIXTURE_OPTIONS: CompileOptions = {
  customer: 'acme', version: 41, hash: 'test', phrases: phrases(), allowLoopbackLookups: true,
  media: new Set(['welcome.wav', 'menu.wav']),
};

/** Text to plan, as the server does it. */
export function compileText(text: string, options: CompileOptions = FIXTURE_OPTIONS): Compiled {
  const parsed = parsePlanText(text);
  return parsed.ok ? compile(parsed.value, options) : { plan: null, problems: parsed.problems };
}

/** The compiled plan of a file without problems and warnings; throws with them otherwise. */
export function compileFile(path: string, options: CompileOptions = FIXTURE_OPTIONS): RoutingPlan {
  const { plan, problems } = compileText(readText(path), options);
  if (plan === null || problems.length > 0) throw new Error(`${path}: ${JSON.stringify(problems)}`);
  return plan;
}
