// The application's HTTP interface as a test uses it: JSON in, JSON out, problems as errors. Read `Api`.

/** Answer of a request that may fail. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | null;
}

export class Api {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** Any answer, refusals included. */
  async send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.#url}${path}`, {
      method, signal: AbortSignal.timeout(15_000),
      headers: { authorization: `Bearer ${this.#key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as unknown) : text, etag: response.headers.get('etag') };
  }

  /** Rejects when the answer is no success. */
  async ok<T>(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<T> {
    const { status, body: answer } = await this.send(method, path, body, headers);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer as T;
  }

  get<T>(path: string): Promise<T> {
    return this.ok<T>('GET', path);
  }
  post<T>(path: string, body?: unknown): Promise<T> {
    return this.ok<T>('POST', path, body);
  }
  put<T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<T> {
    return this.ok<T>('PUT', path, body, headers);
  }
}
