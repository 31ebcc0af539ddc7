// The real command as a child process: exit codes, the bin entry behind a symlink, closed pipes, Ctrl+C.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startServer } from '../../../src/http/server.ts';
import { fakeDeps, KEY } from '../http/fake-deps.ts';
import { PRODUCT } from './run-cli.ts';

const MAIN = join(PRODUCT, 'src/cli/main.ts');
const ENV = {
  PATH: process.env['PATH'] ?? '',
  LANG: 'en_GB.UTF-8',
  GENVOICE_API_KEY: KEY,
  GENVOICE_HTTP_HOST: '127.0.0.1',
};

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = { GENVOICE_HTTP_PORT: '1' },
  cwd = PRODUCT,
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

describe('the command as people run it', () => {
  test.each([
    [['check', 'dialplan/plans/bramley-finch.json'], 0],
    [['explain', '--plan', 'dialplan/plans/bramley-finch.json', '--to', '01632960018', '--keys', '1,3'], 0],
    [['explain', '--plan', 'dialplan/plans/bramley-finch.json', '--to', '01632960099'], 1],
    [['check', 'package.json'], 1],
    [['explian'], 2],
    [['numbers', 'list'], 3],
  ])('%j exits %i', async (args, code) => {
    const ended = await run(process.execPath, [MAIN, ...args]);
    expect(ended.code).toBe(code);
    expect(`${ended.out}${ended.err}`).not.toMatch(/\bat .*\.ts:\d+|Warning:/);
  });

  // On a product of its own: the real boot.mjs may install packages, which no unit test should set off.
  test('the bin entry behind a symlink boots quietly, then passes on arguments, output and exit code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'genvoice-bin-'));
    const product = join(folder, 'product');
    try {
      await mkdir(join(product, 'src/cli'), { recursive: true });
      await copyFile(join(PRODUCT, 'src/cli/genvoice.mjs'), join(product, 'src/cli/genvoice.mjs'));
      await writeFile(
        join(product, 'src/boot.mjs'),
        "import process from 'node:process';\nprocess.stderr.write(`booted ${process.argv.slice(2).join(' ')}\\n`);\n",
      );
      await writeFile(
        join(product, 'src/cli/main.ts'),
        'const args: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify(args), process.cwd());\nprocess.exitCode = 4;\n',
      );
      await symlink('product/src/cli/genvoice.mjs', join(folder, 'genvoice'));
      const ended = await run(
        join(folder, 'genvoice'),
        ['call', '+441632960018', '--message', 'two words'],
        {},
        tmpdir(),
      );
      expect(ended).toEqual({
        code: 4,
        out: `["call","+441632960018","--message","two words"] ${await realpath(tmpdir())}\n`,
        err: 'booted --quiet\n',
      });
      await writeFile(join(product, 'src/boot.mjs'), "import process from 'node:process';\nprocess.exit(3);\n");
      expect((await run(join(folder, 'genvoice'), ['status'], {}, tmpdir())).code).toBe(3);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a closed pipe ends it quietly', async () => {
    const child = spawn(process.execPath, [MAIN, '--help'], {
      cwd: PRODUCT,
      env: ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, err]).toEqual([0, '']);
  });

  test('Ctrl+C in a call hangs up and exits 130', async () => {
    const hungUp = Promise.withResolvers<undefined>();
    const world = fakeDeps({
      testCall: (_body, emit, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            hungUp.resolve(undefined);
            reject(new Error('hung up'));
          });
          emit({ kind: 'calling', atMs: 0, callId: null, to: '+441632960018', from: 'none' });
        }),
    });
    const server = await startServer(world, { host: '127.0.0.1', port: 0 });
    try {
      const child = spawn(process.execPath, [MAIN, 'call', '01632960018'], {
        cwd: PRODUCT,
        env: { ...ENV, GENVOICE_HTTP_PORT: String(server.port) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let err = '';
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      child.stdout.once('data', () => child.kill('SIGINT'));
      const [code] = (await once(child, 'close')) as [number | null];
      await hungUp.promise;
      expect([code, err]).toEqual([130, 'Interrupted. The call was hung up.\n']);
    } finally {
      await server.close();
    }
  });
});
