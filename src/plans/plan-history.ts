// What the plan source needs of the version history, in its own words; src/store keeps it, composition joins the two.

export interface PlanHead {
  readonly customer: string;
  readonly version: number;
  /** Of the canonical JSON, or `WITHDRAWN_HASH`. */
  readonly hash: string;
  readonly by: string;
  readonly reason: string;
  readonly publishedAtMs: number;
}
export interface PlanVersion extends PlanHead {
  readonly text: string;
}
export type PublishResult =
  | { readonly kind: 'published'; readonly version: number }
  | { readonly kind: 'unchanged'; readonly version: number }
  /** Somebody published in between. */
  | { readonly kind: 'conflict'; readonly current: PlanHead | null };

/** Versions per customer, durable, never changed. Every method rejects when the store fails. */
export interface PlanHistory {
  publish(
    customer: string,
    draft: { readonly text: string; readonly hash: string; readonly by: string; readonly reason: string; readonly basedOn: string | null },
  ): Promise<PublishResult>;
  current(customer: string): Promise<PlanVersion | null>;
  get(customer: string, versionOrHash: number | string): Promise<PlanVersion | null>;
  /** Newest first. */
  list(customer: string, limit: number): Promise<readonly PlanHead[]>;
  customers(): Promise<readonly string[]>;
}

/** Hash of the version without text that says: this customer's plan was withdrawn. No SHA-256 looks like it. */
export const WITHDRAWN_HASH = 'withdrawn';
