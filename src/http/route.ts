// One shape for every route: schemas in, reply out. The same object is served (server.ts) and described (openapi.ts),
// so neither can say what the other does not do. Read `route` first.
import type { z } from 'zod';

export type Method = 'get' | 'put' | 'post' | 'delete';

/** Largest body of an ordinary request; the largest legal one (a test call with 64 keys) has under 8 kB. */
export const SMALL_BODY_BYTES = 64 * 1024;
/** Issue's limit for a plan. */
export const PLAN_BODY_BYTES = 32 * 1024 * 1024;
/** Every answer but streams comes within this, or as 503. */
export const ANSWER_WITHIN_MS = 10_000;

/** One open stream of server-sent events. */
export interface EventStream {
  /** Aborts when the reader went away, fell behind, or the server closes. */
  readonly signal: AbortSignal;
  /** Sends one event, `json` as one line of JSON text; `id` only for events that a reader can resume after. */
  send(event: string, json: string, id?: string): void;
}

export type Reply =
  | {
      readonly kind: 'json';
      readonly status?: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'text';
      readonly contentType: string;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'file';
      readonly contentType: string;
      readonly file: string;
      readonly bytes: number;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** JSON lines, sent as fast as the reader takes them. */
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<string> }
  /** `run` sends until it settles; then the stream ends. */
  | { readonly kind: 'stream'; readonly run: (stream: EventStream) => Promise<void> };

export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly header: (name: string) => string | undefined;
  /** Address of the client. */
  readonly address: string;
  /** Aborts when the client goes away or the server closes. */
  readonly signal: AbortSignal;
}

interface Described {
  readonly method: Method;
  /** OpenAPI form: `/v1/calls/{id}`. */
  readonly path: string;
  /** operationId: verb and noun. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** `key` unless stated: `open` needs nothing, `path-token` carries its own. */
  readonly guard?: 'key' | 'open' | 'path-token';
  readonly status?: number;
  /** Answer as JSON; absent when it is a text, file or stream alone. */
  readonly answer?: z.ZodType;
  /** Other content types of a success, for the description. */
  readonly answerTypes?: readonly string[];
  /** Request headers a client may send, name -> description. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Those of `headers` that a client must send. */
  readonly requiredHeaders?: readonly string[];
  /** Statuses of problems besides 400, 401, 429, 500 and 503. */
  readonly problems?: readonly number[];
  /** false: may take as long as it does (streams, test calls). */
  readonly hasDeadline?: boolean;
}

export interface Route extends Described {
  readonly params: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  /** `plan`: the body stays text, up to 32 MB. */
  readonly body: z.ZodType | 'plan' | null;
  readonly handle: (input: Input<never, never, never>) => Promise<Reply>;
}

type Fields<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;
type BodyOf<S> = S extends 'plan' ? string : S extends z.ZodType ? z.output<S> : null;

/** A route with the types of its parts tied together: `handle` only ever sees what the schemas let through. */
export function route<
  P extends z.ZodObject | null = null,
  Q extends z.ZodObject | null = null,
  B extends z.ZodType | 'plan' | null = null,
>(
  spec: Described & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly handle: (input: Input<Fields<P>, Fields<Q>, BodyOf<B>>) => Promise<Reply>;
  },
): Route {
  const { params, query, body, handle, ...described } = spec;
  return {
    ...described,
    params: params ?? null,
    query: query ?? null,
    body: body ?? null,
    handle: handle as Route['handle'],
  };
}

export function json(body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { kind: 'json', body, headers };
}
