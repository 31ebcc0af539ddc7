// What main thread and compile worker tell each other. Everything here crosses by structured clone, in pieces small
// enough that no piece holds the main thread for long.
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';
import type { Part } from './plan-parcel.ts';

/** What a version is compiled as: the file's content, or a text. */
export type PlanInput = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'text'; readonly text: string };

export interface CompileJob {
  readonly kind: 'compile';
  readonly customer: string;
  readonly input: PlanInput;
  /** Folder with the customer's recordings; null, or not there = has none. */
  readonly mediaFolder: string | null;
  /** Newest version of the history; a plan with another hash is compiled as the next one. */
  readonly current: { readonly hash: string; readonly version: number } | null;
  /** A plan with this hash is not compiled again. */
  readonly skipHash: string | null;
  /** This version number whatever `current` says; for versions of the past. */
  readonly version: number | null;
  readonly allowLoopbackLookups: boolean;
}
export interface HashJob {
  readonly kind: 'hash';
  readonly path: string;
}
export interface ScanJob {
  readonly kind: 'scan';
  readonly folder: string;
}
export type Job = CompileJob | HashJob | ScanJob;

export interface CompileAnswer {
  readonly kind: 'compiled';
  /**
   * `ready`: there is a plan (perhaps with problems that a version which was live before is forgiven) · `refused`: there
   * are problems · `unreadable-json`: so far it is no JSON, which a file that is being written may be · `same`: as
   * `skipHash` · `missing`: no file.
   */
  readonly outcome: 'ready' | 'refused' | 'unreadable-json' | 'same' | 'missing';
  readonly hash: string | null;
  /** The text, UTF-8, where it differs from the current version. */
  readonly text: Uint8Array | null;
  readonly problems: readonly Problem[];
  /** On the way as plan-parcel.ts packs it. */
  readonly plan: RoutingPlan | null;
}
/** `null`: no file; otherwise what it hashes to, `unreadable` when it is no JSON. */
export interface HashAnswer {
  readonly kind: 'hashed';
  readonly hash: string | null;
}
export interface ScannedFile {
  readonly customer: string;
  readonly file: string;
  /** Changes whenever the file may have. */
  readonly stamp: string;
  readonly modifiedAtMs: number;
}
export interface ScanAnswer {
  readonly kind: 'scanned';
  /** null: the folder cannot be read. */
  readonly files: readonly ScannedFile[] | null;
  /** Customer -> stamp of the recordings in media/<customer>. */
  readonly media: ReadonlyMap<string, string>;
  /** Files that end in .json and whose names are no customer ids. */
  readonly strange: readonly string[];
  /** Names of half-finished writes of ours. */
  readonly pending: readonly string[];
}
export type Answer = CompileAnswer | HashAnswer | ScanAnswer;

/**
 * `stepBack`: from now on the main thread, Asterisk and whatever else serves calls get the processors first · `phrases`: as
 * in `WorkerSettings`, for the jobs that follow.
 */
export type ToWorker = { readonly stepBack: true } | { readonly phrases: ReadonlySet<string> | null } | { readonly id: number; readonly job: Job } | { readonly id: number; readonly next: true };
export type FromWorker =
  /** `parts` and as many more, each on request, belong to the plan of the answer. */
  | { readonly id: number; readonly answer: Answer; readonly parts: readonly Part[]; readonly more: number }
  | { readonly id: number; readonly part: Part }
  | { readonly id: number; readonly fault: string };

/** What a compile thread is told when it begins. */
export interface WorkerSettings {
  /** Ids of the product's own phrases; null = not checked. */
  readonly phrases: ReadonlySet<string> | null;
  /** Whether calls go first already. */
  readonly isBehind: boolean;
}

/** Plan files have at most 32 MB. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** Beginning of the name of a file that is being written back; the rest is customer and hash. */
export const PENDING_PREFIX = '.genvoice-';
