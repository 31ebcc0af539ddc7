// What the adapter needs of a connection to Asterisk; two implementations (own-transport.ts, ari-client-transport.ts)
// pass the same contract tests.

/** One ARI operation: `resource` and `operation` as Asterisk's API names them, `path` with its parameters filled in. */
export interface AriRequest {
  readonly resource: 'applications' | 'asterisk' | 'bridges' | 'channels' | 'events' | 'mailboxes' | 'playbacks' | 'recordings' | 'endpoints';
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path template below /ari, `{name}` for path parameters. */
  readonly path: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
}

export interface AriTransport {
  /** Resolves with the parsed answer (null when empty), or rejects with a TelephonyError within the deadline. */
  request(request: AriRequest): Promise<unknown>;
  /** The bytes of a stored recording. */
  download(path: string): Promise<Uint8Array>;
  onEvent(listener: (event: unknown) => void): void;
  /** `open`: the event socket stands. `closed`: it does not; the transport goes on trying for ever. */
  onSocket(listener: (state: 'open' | 'closed', reason: string) => void): void;
  start(): void;
  stop(): Promise<void>;
}

export interface AriAddress {
  /** `http://127.0.0.1:8088`, with or without /ari. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly app: string;
  /** Limit of one request, ms. */
  readonly requestLimitMs: number;
}

/** `http://host:port/ari`, whatever the setting's form; no user or password in it. */
export function ariBase(url: string): URL {
  const base = new URL(url);
  base.username = '';
  base.password = '';
  base.search = '';
  base.pathname = base.pathname.replace(/\/+$/, '').replace(/\/ari$/, '') + '/ari';
  return base;
}

export function authorization(address: Pick<AriAddress, 'user' | 'password'>): string {
  return `Basic ${Buffer.from(`${address.user}:${address.password}`).toString('base64')}`;
}

/** Path parameters percent-encoded into the template; the rest becomes the query. */
export function pathAndQuery(request: AriRequest): string {
  let query = '';
  const path = request.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(request.params[name])));
  for (const [name, value] of Object.entries(request.params)) {
    if (request.path.includes(`{${name}}`)) continue;
    query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(String(value))}`;
  }
  return path + query;
}
