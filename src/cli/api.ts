// Talks to the running server: one JSON answer, or a stream of events. Every failure becomes a CliError with its exit
// code; a server that does not run is one sentence and exit 3. Read `createApi` first.
import type { ProblemBody } from '../http/problem.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import type { Found } from './discover.ts';
import { plain } from './format.ts';

const ANSWER_MS = 15_000;
/** Three beats missed: the link is gone, even when the socket does not say so. */
const SILENCE_MS = 6000;
const MAX_EVENT_BYTES = 4 * 1024 * 1024;

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}
export interface Request {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: unknown;
  /** Body as it is, for plans. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Api {
  readonly url: string;
  /** The JSON answer; throws CliError for everything but a success. */
  get<T>(path: string, request?: Request): Promise<T>;
  /** Text and headers of an answer. */
  getText(path: string): Promise<{ readonly text: string; readonly headers: Headers }>;
  /** Status and body whatever they are; throws only when nobody answers. */
  raw(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Lines of an answer as they come, until its end or until the signal aborts (then it returns). */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string>;
  /** Events without beats, until the server ends the stream or the signal aborts (then it returns). */
  events(path: string, signal: AbortSignal, request?: Request): AsyncGenerator<ServerEvent>;
}

export function createApi(found: Found): Api {
  const ask = async (path: string, request: Request, signal: AbortSignal): Promise<Response> => {
    const body = request.text ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    try {
      return await fetch(`${found.url}${path}`, {
        method: request.method ?? 'GET',
        headers: {
          ...(found.key === null ? {} : { Authorization: `Bearer ${found.key}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body }),
        signal,
      });
    } catch (error) {
      throw unreachable(error, found.url);
    }
  };
  return {
    url: found.url,
    get: async <T>(path: string, request: Request = {}) => {
      const response = await ask(path, request, AbortSignal.timeout(ANSWER_MS));
      if (!response.ok) throw await refusal(response, found);
      return (await readJson(response, found.url)) as T;
    },
    getText: async (path) => {
      const response = await ask(path, {}, AbortSignal.timeout(ANSWER_MS));
      if (!response.ok) throw await refusal(response, found);
      return { text: await response.text(), headers: response.headers };
    },
    raw: async (path) => {
      const response = await ask(path, {}, AbortSignal.timeout(ANSWER_MS));
      return { status: response.status, body: await readJson(response, found.url) };
    },
    lines: (path, signal) => readLines(ask, found, path, signal),
    events: (path, signal, request = {}) => readEvents(ask, found, path, signal, request),
  };
}

async function* readLines(ask: (path: string, request: Request, signal: AbortSignal) => Promise<Response>, found: Found, path: string, signal: AbortSignal): AsyncGenerator<string> {
  try {
    const response = await ask(path, {}, signal);
    if (!response.ok || response.body === null) throw await refusal(response, found);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      yield* lines;
    }
    if (text !== '') throw new Error('the last line has no end');
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.unavailable, 'link-lost', `The link to the server at ${found.url} was lost: what was printed is not all.`, { hint: 'Look with genvoice status whether it still runs.' });
  }
}

async function* readEvents(
  ask: (path: string, request: Request, signal: AbortSignal) => Promise<Response>,
  found: Found,
  path: string,
  signal: AbortSignal,
  request: Request,
): AsyncGenerator<ServerEvent> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), ANSWER_MS);
  try {
    const response = await ask(
      path,
      { ...request, headers: { ...request.headers, Accept: 'text/event-stream' } },
      AbortSignal.any([signal, silent.signal]),
    );
    if (!response.ok || response.body === null) throw await refusal(response, found);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE_MS);
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_EVENT_BYTES)
        throw new CliError(EXIT.unavailable, 'wrong-answer', `${found.url} sends an event without end.`, {
          hint: 'Another program may be listening there.',
        });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== null && event.event !== 'beat') yield event;
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof CliError && !silent.signal.aborted) throw error;
    throw new CliError(EXIT.unavailable, 'link-lost', `The link to the server at ${found.url} was lost.`, {
      hint: 'Look with genvoice status whether it still runs.',
    });
  } finally {
    clearTimeout(timer);
  }
}

function parseEvent(block: string): ServerEvent | null {
  const fields = new Map(
    block
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()] as const),
  );
  try {
    return { event: fields.get('event') ?? 'message', data: JSON.parse(fields.get('data') ?? 'null') };
  } catch {
    return null;
  }
}

async function readJson(response: Response, url: string): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new CliError(EXIT.unavailable, 'wrong-answer', `What listens at ${url} does not answer like GENVoice.`, {
      hint: 'Another program has this port, or another version runs. Check GENVOICE_HTTP_PORT.',
    });
  }
}

async function refusal(response: Response, found: Found): Promise<CliError> {
  const body = await readJson(response, found.url);
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<ProblemBody>;
  const detail =
    typeof problem.detail === 'string' ? plain(problem.detail) : `The server answered with ${response.status}.`;
  const hint =
    response.status === 401 && found.key === null
      ? `There is no key in ${found.dataFolder}. Set GENVOICE_DATA to the data folder of that server, or GENVOICE_API_KEY.`
      : problem.hint;
  return new CliError(exitOf(response.status), problem.code ?? `http-${response.status}`, detail, {
    path: problem.path ?? null,
    hint: typeof hint === 'string' ? plain(hint) : null,
  });
}

function exitOf(status: number): ExitCode {
  if (status === 401 || status === 403 || status === 429) return EXIT.notAllowed;
  if (status === 400 || status === 413 || status === 415) return EXIT.usage;
  return status >= 500 ? EXIT.unavailable : EXIT.no;
}

/** The error of a problem that came as the last event of a stream. */
export function problemError(data: unknown): CliError {
  const problem = (typeof data === 'object' && data !== null ? data : {}) as Partial<ProblemBody>;
  return new CliError(
    exitOf(problem.status ?? 500),
    problem.code ?? 'server-fault',
    plain(problem.detail ?? 'The server met a fault.'),
    { path: problem.path ?? null, hint: problem.hint ?? null },
  );
}

function unreachable(error: unknown, url: string): CliError {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError')
    return new CliError(
      EXIT.unavailable,
      'too-slow',
      `The server at ${url} did not answer within ${ANSWER_MS / 1000} s.`,
      { hint: 'Look into its log; it may be starting or overloaded.' },
    );
  return new CliError(EXIT.unavailable, 'not-running', `GENVoice is not running at ${url}. Start it with: npm start`, {
    hint: null,
  });
}
