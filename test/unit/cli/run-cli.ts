// Runs `genvoice` in this process as a person would: arguments in; streams and exit code out. With a fake server or none.
import { resolve } from 'node:path';
import { runCommand } from '../../../src/cli/program.ts';
import type { Sink } from '../../../src/cli/say.ts';
import { startServer } from '../../../src/http/server.ts';
import type { HttpDeps } from '../../../src/http/deps.ts';
import { KEY, NOW_MS } from '../http/fake-deps.ts';

export const PRODUCT = resolve(import.meta.dirname, '../../..');

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}
export interface RunOptions {
  /** Width of a terminal; left out = piped. */
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly interrupted?: AbortSignal;
  readonly workingFolder?: string;
  /** Told of each piece of stdout as it is written. */
  readonly onOut?: (text: string) => void;
}

/** Port 1 on loopback is nobody's: what runs without a server there must not need one. */
const NOBODY = { GENVOICE_HTTP_HOST: '127.0.0.1', GENVOICE_HTTP_PORT: '1' };

export async function genvoice(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const sink = (write: (text: string) => void): Sink => ({
    write,
    isTTY: options.columns !== undefined,
    columns: options.columns,
  });
  const exit = await runCommand(args, {
    stdout: sink((text) => {
      out += text;
      options.onOut?.(text);
    }),
    stderr: sink((text) => (err += text)),
    env: { LANG: 'en_GB.UTF-8', NO_COLOR: '1', GENVOICE_API_KEY: KEY, ...NOBODY, ...options.env },
    product: PRODUCT,
    workingFolder: options.workingFolder ?? PRODUCT,
    version: '0.1.0',
    interrupted: options.interrupted ?? new AbortController().signal,
    nowMs: () => NOW_MS + 60_000,
  });
  return { exit, out, err };
}

/** The same against a server over `deps`, which is closed before this settles. */
export async function genvoiceAt(deps: HttpDeps, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const server = await startServer(deps, { host: '127.0.0.1', port: 0 });
  try {
    return await genvoice(args, { ...options, env: { GENVOICE_HTTP_PORT: String(server.port), ...options.env } });
  } finally {
    await server.close();
  }
}
