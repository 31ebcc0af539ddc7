// An Asterisk as its package installs it, with the packaged configuration and all its modules, for attaching to. It shares
// nothing with our own but the program. Read `startPlain`.
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity, signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import type { RootFolder } from '../../src/embedded/root-folder.ts';
import { until } from './until.ts';

/** Inside a mount namespace: $1 root, $2 world, $3 user:group. The packaged folders are covered by the world's. */
const LAUNCH = `set -eu
root=$1 world=$2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
mount --bind "$world/etc" "$root/etc/asterisk"
for name in lib spool log cache; do mount --bind "$world/$name" "$root/var/$name/asterisk"; done
mount -t tmpfs -o mode=1777,size=1m tmpfs "$root/run"
mkdir -m 1777 "$root/run/asterisk"
mount --bind "$world/hosts" "$root/etc/hosts"
mount -o remount,bind,ro "$root"
cd "$root"
if pivot_root . . 2>/dev/null; then umount -l .; fi
exec chroot --userspec="$3" --groups= . /usr/sbin/asterisk -f -C /etc/asterisk/asterisk.conf
`;
const READY_MS = 60_000;

export interface PlainAsterisk {
  readonly ariUrl: string;
  ari(path: string, method?: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Path of a configuration file, to be changed. */
  file(name: string): string;
  stop(): Promise<void>;
}
export interface PlainOptions {
  readonly root: RootFolder;
  /** Text to append to packaged files, by file name. */
  readonly parts: Readonly<Record<string, string>>;
  readonly ari: { readonly port: number; readonly user: string; readonly password: string };
}

/** Resolves when its ARI answers; the world's folders are removed by `stop`. */
export async function startPlain({ root, parts, ari }: PlainOptions): Promise<PlainAsterisk> {
  const world = mkdtempSync(join(tmpdir(), 'gv-plain-'));
  chmodSync(world, 0o755);
  cpSync(join(root.folder, 'etc/asterisk'), join(world, 'etc'), { recursive: true, verbatimSymlinks: true });
  chmodSync(join(world, 'etc'), 0o755);
  for (const name of ['lib', 'spool', 'log', 'cache', 'spool/recording', 'spool/tmp', 'lib/keys']) {
    mkdirSync(join(world, name), { recursive: true });
    chownSync(join(world, name), root.userId, root.groupId);
  }
  writeFileSync(join(world, 'hosts'), `127.0.0.1 localhost ${hostname()}\n`);
  for (const [name, text] of Object.entries(parts)) {
    appendFileSync(join(world, 'etc', name), `\n${text}\n`);
    chmodSync(join(world, 'etc', name), 0o644);
  }
  const log = openSync(join(world, 'console.log'), 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', LAUNCH, 'plain', root.folder, world, `${root.userId}:${root.groupId}`], {
    stdio: ['ignore', log, log], cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
  });
  closeSync(log);
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  const ask: PlainAsterisk['ari'] = async (path, method = 'GET') => {
    const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString('base64')}`;
    const response = await fetch(`http://127.0.0.1:${ari.port}/ari/${path}`, { method, headers: { authorization }, signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  const stop = async (): Promise<void> => {
    if (identity !== undefined) {
      signalProcess(identity, 'SIGTERM');
      if (!(await waitUntilGone(identity, 5_000))) signalProcess(identity, 'SIGKILL');
      if (!(await waitUntilGone(identity, 5_000))) throw new Error('the plain Asterisk could not be ended');
    }
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(world));
    if (mounts.length > 0) throw new Error(`mounts are left: ${mounts.join('\n')}`);
    rmSync(world, { recursive: true, force: true });
  };
  const tail = (): string => ['console.log', 'log/messages.log'].map((name) => (existsSync(join(world, name)) ? readFileSync(join(world, name), 'utf8').slice(-3_000) : '')).join('\n');
  try {
    await until('the ARI of the plain Asterisk answers', READY_MS, async () => {
      if (child.exitCode !== null) return 'ended';
      return (await ask('asterisk/info?only=system')).status === 200;
    }, tail);
    if (child.exitCode !== null) throw new Error(`the plain Asterisk ended with ${child.exitCode}:\n${tail()}`);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return { ariUrl: `http://127.0.0.1:${ari.port}`, ari: ask, file: (name) => join(world, 'etc', name), stop };
}
