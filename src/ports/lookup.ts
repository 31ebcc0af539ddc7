// Asking another system about a caller. The adapter holds the limits: hosts, addresses, time, size.

export interface LookupRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}
/** A failure is an answer here, not an exception; `reason` is a sentence part without secrets. */
export type LookupResult =
  | { readonly kind: 'found'; readonly json: unknown }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface LookupPort {
  /** Never rejects except with the signal's own reason. */
  ask(request: LookupRequest, signal: AbortSignal): Promise<LookupResult>;
}
