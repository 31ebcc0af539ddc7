// What deciding needs to know of the world, handed in as plain values: no clock, no store, no Asterisk here.
import type { Caller } from '../numbering/caller.ts';
import type { Variables } from './plan.ts';

export interface Facts {
  /** Epoch milliseconds of the decision. */
  readonly nowMs: number;
  readonly caller: Caller;
  /** Switch name -> position; a name that is missing is in its first position. */
  readonly switches: ReadonlyMap<string, string>;
  readonly variables: Variables;
}
