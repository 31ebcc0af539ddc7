// A real Redis server for tests: from the private root folder of the embedded Asterisk, or else from PATH. Loopback, a free
// port, a temporary folder, nothing kept on disk. Read `startRedis` first.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** Ends the server at once, as a crash would; the port stays reserved for `restart`. */
  kill(): Promise<void>;
  /** The same port, without what was stored. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

const PRIVATE_ROOT = new URL('../../.genvoice/root', import.meta.url).pathname;

/** Starts a server; rejects, saying how to get one, when there is none on this machine. */
export async function startRedis(options: { readonly password?: string } = {}): Promise<TestRedis> {
  const program = findRedis();
  const folder = mkdtempSync(join(tmpdir(), 'genvoice-redis-'));
  const port = await freePort();
  let server = await launch(program, folder, port, options.password);
  return {
    port,
    url: `redis://${options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`}127.0.0.1:${port}`,
    kill: () => end(server),
    restart: async () => {
      server = await launch(program, folder, port, options.password);
    },
    stop: async () => {
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findRedis(): string[] {
  if (existsSync(join(PRIVATE_ROOT, 'usr/bin/redis-server'))) return ['chroot', PRIVATE_ROOT, '/usr/bin/redis-server'];
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'redis-server');
    if (folder !== '' && existsSync(file)) return [file];
  }
  throw new Error(
    'There is no redis-server on this machine. Run npm test, which sets it up, or install it (apt-get install redis-server).',
  );
}

async function launch(
  program: readonly string[],
  folder: string,
  port: number,
  password?: string,
): Promise<ChildProcess> {
  const [command = '', ...before] = program;
  // In the private root the temporary folder does not exist; nothing is written there anyway.
  const folderArgument = command === 'chroot' ? '/tmp' : folder;
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folderArgument,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  if (password !== undefined) args.push('--requirepass', password);
  const server = spawn(command, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${said.slice(-2000)}`)));
  });
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
