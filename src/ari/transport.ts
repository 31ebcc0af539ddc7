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

interface Template {
  /** Text before each of `names`, and behind the last. */
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

/** Templates are constants of the code: a few dozen, each taken apart once. */
const templates = new Map<string, Template>();
const MAX_TEMPLATES = 1_000;

function templateOf(path: string): Template {
  const known = templates.get(path);
  if (known !== undefined) return known;
  const parts = path.split(/\{(\w+)\}/);
  const made = { texts: parts.filter((_, at) => at % 2 === 0), names: parts.filter((_, at) => at % 2 === 1) };
  if (templates.size < MAX_TEMPLATES) templates.set(path, made);
  return made;
}

/** Path parameters percent-encoded into the template; the rest becomes the query. */
export function pathAndQuery(request: AriRequest): string {
  const { texts, names } = templateOf(request.path);
  let text = texts[0] ?? '';
  for (let at = 0; at < names.length; at += 1) text += encodeURIComponent(String(request.params[names[at] ?? ''])) + (texts[at + 1] ?? '');
  let sign = '?';
  for (const name of Object.keys(request.params)) {
    if (names.includes(name)) continue;
    text += `${sign}${name}=${encodeURIComponent(String(request.params[name]))}`;
    sign = '&';
  }
  return text;
}
