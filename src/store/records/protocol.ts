// What the main thread and the record writer's thread say to each other.
import type { SpoolPlace } from './spool-writer.ts';

export interface WriterData {
  readonly databaseFile: string;
  readonly spoolFolder: string;
  /** Marks the segments of this process; all others are finished. */
  readonly run: string;
  /** Wait for more records before writing, so that one sync serves many. */
  readonly gatherMs: number;
  readonly retryMs: number;
  /** Size of the space kept back for a full disk; 0 = none. */
  readonly reserveBytes: number;
}
export type ToWriter =
  /** There is more in the spool, up to `place`. Segments of earlier turns are finished. `isAwaited`: a search waits for it. */
  | { readonly kind: 'written'; readonly place: SpoolPlace; readonly isAwaited: boolean }
  /** Lines that the spool refused. */
  | { readonly kind: 'direct'; readonly lines: readonly string[] }
  /** Store what is there, delete what is stored, end. */
  | { readonly kind: 'stop'; readonly place: SpoolPlace };
export type FromWriter =
  /** Durably stored: everything before `place`. */
  | { readonly kind: 'stored'; readonly place: SpoolPlace; readonly duplicates: number; readonly damaged: number }
  | { readonly kind: 'direct-stored'; readonly lines: number; readonly duplicates: number; readonly damaged: number }
  | { readonly kind: 'direct-refused'; readonly text: string }
  /** A try to write failed; it is repeated. `text` says why and how to mend it. */
  | { readonly kind: 'failing'; readonly text: string }
  /** The segment that is being written was deleted by somebody: begin a new one. */
  | { readonly kind: 'gone'; readonly text: string }
  | { readonly kind: 'damaged'; readonly text: string };
