// The recordings of plans, made ready before a plan may serve calls and found at once by those that it serves.
// It converts nothing itself. Read `PlanMedia` first.
import { join } from 'node:path';
import type { MediaSource } from '../ports/plan-source.ts';
import type { MediaUri } from '../ports/telephony.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import { pointer } from '../routing/problem.ts';
import type { Problem } from '../routing/problem.ts';

export interface PreparedMedia {
  readonly media: MediaUri;
  readonly durationMs: number;
}
/** Makes a recording ready to be played; composition joins it to src/media. */
export interface PromptPreparer {
  /** Rejects with an error whose message says what is wrong with the file; `hint`, if there, how to mend it. */
  prepare(customer: string, name: string, file: string): Promise<PreparedMedia>;
  /** A phrase of the product's own voice; null = there is none of that id. */
  phrase(id: string): PreparedMedia | null;
}

/** Prompts of one plan that are prepared at once. */
const AT_ONCE = 4;

export class PlanMedia implements MediaSource {
  readonly #preparer: PromptPreparer;
  readonly #folder: string;
  /** By plan object: when the last call that was pinned to a plan ends, its entry goes with it. */
  readonly #ready = new WeakMap<RoutingPlan, ReadonlyMap<string, PreparedMedia>>();

  /** `folder` is that of the plans; recordings lie in `media/<customer>` below it. */
  constructor(folder: string, preparer: PromptPreparer) {
    this.#folder = folder;
    this.#preparer = preparer;
  }

  folderOf(customer: string): string {
    return join(this.#folder, 'media', customer);
  }

  /** Makes every recording of `plan` ready; gives a problem for each that is not. Never rejects. */
  async prepare(plan: RoutingPlan): Promise<Problem[]> {
    const ready = new Map<string, PreparedMedia>();
    const problems: Problem[] = [];
    const open = [...plan.prompts.values()].values();
    const work = async (): Promise<void> => {
      for (const { name, file } of open) {
        try {
          ready.set(name, await this.#preparer.prepare(plan.customer, name, join(this.folderOf(plan.customer), file)));
        } catch (error) {
          problems.push(problemOf(name, error));
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, plan.prompts.size) }, work));
    this.#ready.set(plan, ready);
    return problems;
  }

  prompt(plan: RoutingPlan, name: string): PreparedMedia | null {
    return this.#ready.get(plan)?.get(name) ?? null;
  }

  phrase(id: string): PreparedMedia | null {
    return this.#preparer.phrase(id);
  }
}

function problemOf(name: string, error: unknown): Problem {
  const { message, hint } = error as { message?: unknown; hint?: unknown };
  return {
    path: pointer('prompts', name, 'file'),
    code: 'prompt-not-ready',
    severity: 'problem',
    message: typeof message === 'string' ? message.slice(0, 300) : 'could not be made ready',
    hint: typeof hint === 'string' ? hint.slice(0, 300) : 'Replace the recording, or name another file.',
  };
}
