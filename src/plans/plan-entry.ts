// Words of the plan source: what loading and publishing come to, and what is known of one customer.
import type { Clock } from '../ports/clock.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';
import type { CompileAnswer } from './compile-protocol.ts';
import type { Compiler } from './compiler.ts';
import type { PlanMedia } from './media.ts';
import type { PlanHead, PlanHistory, PlanVersion } from './plan-history.ts';

/** What one loading, publishing or withdrawing came to. */
export interface ReloadResult {
  readonly customer: string;
  /** `live`: swapped · `unchanged`: as before · `refused`: the old plan stays · `withdrawn`: has no plan any more. */
  readonly kind: 'live' | 'unchanged' | 'refused' | 'withdrawn';
  /** Version that serves calls now. */
  readonly version: number | null;
  readonly problems: readonly Problem[];
  /** From noticing to the swap. */
  readonly tookMs: number;
}
export type Published =
  | { readonly kind: 'published'; readonly version: number; readonly hash: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'unchanged'; readonly version: number }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  /** Somebody published in between (`version`), or the file holds an edit that is not published (`file`). Nothing was changed. */
  | { readonly kind: 'conflict'; readonly with: 'version'; readonly current: PlanHead | null }
  | { readonly kind: 'conflict'; readonly with: 'file' };
/** Who publishes, why, and what they had in front of them: the hash of the current version, null = no plan. */
export interface Publisher {
  readonly by: string;
  readonly reason: string;
  readonly basedOn: string | null;
}
/** A fault of the folder as a whole. `null` text = over. */
export interface FolderFault {
  readonly code: 'plan-folder-unreadable' | 'plan-files-vanished' | 'plan-file-names' | 'plan-file-not-written';
  readonly text: string | null;
  readonly mend: string;
}
export interface PlanStoreOptions {
  readonly folder: string;
  readonly history: PlanHistory;
  readonly media: PlanMedia;
  readonly clock: Clock;
  /** Ids of the product's own phrases; null = not checked. */
  readonly phrases: ReadonlySet<string> | null;
  readonly allowLoopbackLookups: boolean;
  /** Warnings about a plan that is to be published, beyond what compile knows. */
  readonly review?: (plan: RoutingPlan) => Promise<readonly Problem[]>;
  /** Ids of the trunk file as it is now; left out = not checked. */
  readonly trunks?: () => ReadonlySet<string>;
  /** Compile threads while many plans load; default 2. */
  readonly threads?: number;
  /** Threads that are warm already; from now on the store's, which closes them. */
  readonly compiler?: Compiler;
  readonly onReload?: (result: ReloadResult) => void;
  readonly onFault?: (fault: FolderFault) => void;
  readonly timing?: Partial<PlanTiming>;
}
export interface PlanTiming {
  readonly debounceMs: number;
  readonly rescanMs: number;
  /** A file that is no JSON counts as being written until it has stood still for this time. */
  readonly settleMs: number;
  /** A file that is gone for this time is deleted: editors and copies take files away for a moment. */
  readonly withdrawAfterMs: number;
}

/** One customer as the plan source knows it; changed under the customer's lock only. */
export interface Entry {
  readonly customer: string;
  /** Newest version of the history, `WITHDRAWN_HASH` included. */
  current: { readonly hash: string; readonly version: number } | null;
  /** What the file hashed to when it was last published from or written to; null = there was none. */
  fileHash: string | null;
  stamp: string;
  mediaStamp: string;
  problems: readonly Problem[];
  isRefused: boolean;
  unreadable: { readonly stamp: string; readonly sinceMs: number } | null;
  missingSinceMs: number | null;
}
/** A compiled plan that may be served. */
export type Ready = CompileAnswer & { readonly plan: RoutingPlan; readonly hash: string };
/** Compiles a version of the past. */
export type CompilePast = (version: PlanVersion) => Promise<CompileAnswer>;
/** What the last checks before serving came to. */
export type Accepted = Extract<Published, { kind: 'published' | 'refused' }> | { readonly kind: 'conflict'; readonly with: 'version'; readonly current: PlanHead | null };

/** A customer of whom nothing is known yet. */
export function newEntry(customer: string): Entry {
  return { customer, current: null, fileHash: null, stamp: '', mediaStamp: '', problems: [], isRefused: false, unreadable: null, missingSinceMs: null };
}

/** True when there is a plan to serve. */
export function isReady(answer: CompileAnswer): answer is Ready {
  return answer.outcome === 'ready' && answer.plan !== null && answer.hash !== null;
}

/** Problems of compile, and of recordings where compile did not speak of the same place already. */
export function joinProblems(compiled: readonly Problem[], prompts: readonly Problem[]): readonly Problem[] {
  const places = new Set(compiled.map(({ path }) => path));
  return [...compiled, ...prompts.filter(({ path }) => !places.has(path))];
}

/** A problem of the file or publishing as a whole. */
export function fault(code: string, message: string, hint: string): Problem {
  return { path: '', code, severity: 'problem', message, hint };
}

/** An error's message, bounded. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
