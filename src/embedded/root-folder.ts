// The private Debian folder that holds Asterisk, SIPp and Redis, built once with mmdebstrap and shared by all instances.
// It never touches the host beyond that folder (and the package mmdebstrap, when it is missing). Read `ensureRootFolder`.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, basename, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { isRunning, mountsBelow, pause, processIdentity } from './processes.ts';

const run = promisify(execFile);

const SUITE = 'forky';
const PACKAGES = [
  'asterisk', 'asterisk-core-sounds-en-wav', 'asterisk-moh-opsound-wav', 'sip-tester', 'procps', 'iproute2', 'sox', 'libsox-fmt-mp3',
  // For GENVOICE_STATE=redis in the tests: they need nothing on the host.
  'redis-server',
];
/** User and group number of Asterisk; far above those of packages and people, so that no host user shares it. */
const ASTERISK_ID = 47_380;
const STAMP = 'genvoice/stamp.json';
const BUILD_LIMIT_MS = 15 * 60_000;
const SAY_EVERY_MS = 3_000;

const HOOK = `set -eu
groupmod -g ${ASTERISK_ID} asterisk; usermod -u ${ASTERISK_ID} -g ${ASTERISK_ID} asterisk
chown -R asterisk:asterisk /var/lib/asterisk /var/spool/asterisk /var/log/asterisk
mkdir -p /genvoice/instance /genvoice/media /genvoice/work
: > /etc/resolv.conf; : > /etc/hosts`;

const DPKG_EXCLUDES = ['doc', 'man', 'locale', 'info', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);

/** Hash over everything that decides what the folder holds; another recipe means another build. */
const RECIPE = createHash('sha256').update(JSON.stringify([SUITE, PACKAGES, HOOK, DPKG_EXCLUDES])).digest('hex').slice(0, 16);

/** A folder that is ready to be used as `/` for Asterisk and SIPp. */
export interface RootFolder {
  readonly folder: string;
  /** `Asterisk 22.10.1…` as the program says it. */
  readonly asteriskVersion: string;
  readonly userId: number;
  readonly groupId: number;
  /** Folder of Asterisk's modules inside the root. */
  readonly modulesFolder: string;
  /** Whether this call built it. */
  readonly isNew: boolean;
}

export interface RootFolderOptions {
  readonly folder: string;
  /** Debian mirror; found in the host's apt sources when absent. */
  readonly mirror?: string;
  /** Told every few seconds what is being done, with the seconds so far. */
  readonly onProgress?: (line: string) => void;
}

/**
 * The ready root folder: in milliseconds when it is there, after about a minute when it must be built. Two starts at
 * once build it once. Throws Error with what to do when this machine cannot build it.
 */
export async function ensureRootFolder(options: RootFolderOptions): Promise<RootFolder> {
  const folder = resolve(options.folder);
  const ready = readStamp(folder);
  if (ready !== undefined) return { ...ready, isNew: false };
  if (process.getuid?.() !== 0) throw new Error(`Asterisk's folder ${folder} is not built yet, and building it needs root. Start once as root, or set ARI_URL to use an Asterisk that you have.`);
  const say = options.onProgress ?? (() => {});
  mkdirSync(dirname(folder), { recursive: true });
  const release = await takeLock(`${folder}.lock`, say);
  try {
    const meanwhile = readStamp(folder);
    if (meanwhile !== undefined) return { ...meanwhile, isNew: false };
    await build(folder, options.mirror ?? hostMirror(), say);
    const built = readStamp(folder);
    if (built === undefined) throw new Error(`Asterisk's folder ${folder} was built but its stamp cannot be read. Delete the folder and start again.`);
    return { ...built, isNew: true };
  } finally {
    release();
  }
}

/** The Debian mirror that this machine uses itself; null = none (Ubuntu, for one): mmdebstrap then takes Debian's public one. */
export function hostMirror(aptFolder = '/etc/apt'): string | null {
  const files = [join(aptFolder, 'sources.list')];
  const parts = join(aptFolder, 'sources.list.d');
  if (existsSync(parts)) files.push(...readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)).sort().map((name) => join(parts, name)));
  for (const file of files) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (/^\s*#/.test(line)) continue;
      const mirror = /https?:\/\/\S+\/debian(?=\/?(\s|$))/.exec(line)?.[0];
      if (mirror !== undefined && !mirror.includes('security')) return mirror;
    }
  }
  return null;
}

function readStamp(folder: string): Omit<RootFolder, 'isNew'> | undefined {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, STAMP), 'utf8')) as { recipe?: unknown; asteriskVersion?: unknown; modulesFolder?: unknown };
    if (stamp.recipe !== RECIPE || typeof stamp.asteriskVersion !== 'string' || typeof stamp.modulesFolder !== 'string') return undefined;
    return { folder, asteriskVersion: stamp.asteriskVersion, modulesFolder: stamp.modulesFolder, userId: ASTERISK_ID, groupId: ASTERISK_ID };
  } catch {
    return undefined;
  }
}

async function build(folder: string, mirror: string | null, say: (line: string) => void): Promise<void> {
  await ensureMmdebstrap(say);
  removeLeftovers(folder);
  const target = `${folder}.building-${process.pid}`;
  say(`Building Asterisk's own folder from Debian ${SUITE} (about a minute, 400 MB, once) …`);
  // The suite's Release file can be past its date; without the option apt refuses it.
  const args = ['--variant=minbase', '--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "3"', ...(await proxyOptions()), ...DPKG_EXCLUDES,
    `--include=${PACKAGES.join(',')}`, `--customize-hook=chroot "$1" sh -c '${HOOK}'`, SUITE, target, ...(mirror === null ? [] : [mirror])];
  // Dies with us: a build whose starter was killed must not go on beside the next one.
  await runLong('setpriv', ['--pdeathsig', 'TERM', 'mmdebstrap', ...args], say);
  const { stdout } = await run('chroot', [target, 'asterisk', '-V']);
  const library = readdirSync(join(target, 'usr/lib')).find((name) => existsSync(join(target, 'usr/lib', name, 'asterisk/modules')));
  if (library === undefined) throw new Error(`The packages from ${mirror ?? 'the public mirror'} hold no Asterisk modules. Delete ${target} and start again.`);
  writeFileSync(join(target, STAMP), JSON.stringify({ recipe: RECIPE, asteriskVersion: stdout.trim(), modulesFolder: `/usr/lib/${library}/asterisk/modules`, packages: PACKAGES }, null, 1));
  // An older recipe's folder may still serve a running Asterisk: move it aside, so that its mounts go on.
  if (existsSync(folder)) renameSync(folder, `${folder}.old-${process.pid}`);
  renameSync(target, folder);
  say(`Built ${stdout.trim()} in ${folder}.`);
}

/** Half-built folders of starts that were killed, and folders of older recipes. Only under the lock. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(dirname(folder))) {
    if (!name.startsWith(`${basename(folder)}.building-`) && !name.startsWith(`${basename(folder)}.old-`)) continue;
    const path = join(dirname(folder), name);
    const mounts = mountsBelow(path);
    if (mounts.length > 0) throw new Error(`${path} is a leftover but ${mounts[0] ?? ''} is mounted in it. Unmount it and start again.`);
    rmSync(path, { recursive: true, force: true });
  }
}

async function ensureMmdebstrap(say: (line: string) => void): Promise<void> {
  const has = (program: string): boolean => (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':').some((part) => existsSync(join(part, program)));
  if (has('mmdebstrap') && existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')) return;
  if (!has('apt-get')) throw new Error('The embedded Asterisk is built with mmdebstrap, which only Debian and Ubuntu have. Use Docker (docker/compose.yaml), or set ARI_URL to use an Asterisk that you have.');
  say('Installing mmdebstrap with apt-get …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], { env, timeout: 120_000 });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'mmdebstrap', 'debian-archive-keyring'], { env, timeout: 300_000 });
  } catch (error) {
    throw new Error(`apt-get could not install mmdebstrap: ${String((error as { stderr?: unknown }).stderr ?? error).trim().slice(-400)}. Install it by hand and start again.`, { cause: error });
  }
}

/** The host's own apt proxies: mmdebstrap does not read /etc/apt/apt.conf.d. */
async function proxyOptions(): Promise<string[]> {
  const { stdout } = await run('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire::http::Proxy', 'Acquire::https::Proxy']).catch(() => ({ stdout: '' }));
  return stdout.split('\n').filter((line) => /^Acquire::https?::Proxy "[^"]+";$/.test(line)).map((line) => `--aptopt=${line.slice(0, -1)}`);
}

function runLong(program: string, args: readonly string[], say: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  let doing = 'starting';
  let tail = '';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    const beat = setInterval(() => say(`  ${doing} (${Math.round((performance.now() - startedMs) / 1000)} s)`), SAY_EVERY_MS);
    const limit = setTimeout(() => child.kill('SIGTERM'), BUILD_LIMIT_MS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-2000);
      doing = /(?:^|\n)I: ([^\n]{3,80}?)\.*\n/.exec(text)?.[1] ?? doing;
    });
    const done = (end: () => void): void => {
      clearInterval(beat);
      clearTimeout(limit);
      end();
    };
    child.once('error', (error) => done(() => reject(new Error(`${program} could not be started: ${error.message}`, { cause: error }))));
    child.once('close', (code, signal) => done(() => {
      if (code === 0) resolve();
      else reject(new Error(`Asterisk's folder could not be built (${code === null ? `ended by ${signal ?? 'a signal'}` : `code ${code}`}). Is the Debian mirror reachable, and are 1 GB free? The last lines were:\n${tail.trim().split('\n').slice(-6).join('\n')}`));
    }));
  });
}

/** Takes the lock file or waits for its owner; a lock whose owner died is taken over. Returns the release. */
async function takeLock(path: string, say: (line: string) => void): Promise<() => void> {
  const me = processIdentity(process.pid);
  let saidMs = -Infinity;
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeFileSync(file, JSON.stringify(me));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(path)) {
      // Of several that see the dead owner, the rename lets exactly one remove its lock.
      const aside = `${path}.dead-${process.pid}`;
      try {
        renameSync(path, aside);
        unlinkSync(aside);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      continue;
    }
    if (performance.now() - saidMs > SAY_EVERY_MS) {
      say('  another start is building Asterisk\'s folder; waiting for it');
      saidMs = performance.now();
    }
    await pause(200);
  }
}

function isAbandoned(path: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; startTicks: number };
    return !isRunning(owner);
  } catch (error) {
    // Just released (look again), or being written at this moment.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT' && !(error instanceof SyntaxError);
  }
}
