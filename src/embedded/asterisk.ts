// Starts, finds again and stops the embedded Asterisk: its own mount namespace, its own user, a read-only root, and no
// file of the host's touched outside the instance's folder. It speaks no ARI beyond "are you there". Read `startEmbedded`.
import { execFile, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, rmSync, existsSync, statSync, truncateSync } from 'node:fs';
import { get } from 'node:http';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { cryptAriPassword, newAriPassword } from './ari-password.ts';
import { CEL_FILE, parseCelLine, rotateCel } from './cel-log.ts';
import type { CelEvent } from './cel-log.ts';
import { INSTANCE_MOUNT, MEDIA_MOUNT, renderConfig } from './config.ts';
import type { AsteriskConfig } from './config.ts';
import { FallbackFiles } from './fallback-files.ts';
import { prepareInstanceFolder, readInstanceRecord, writeConfigFile, writeInstanceRecord } from './instance-folder.ts';
import type { InstanceRecord } from './instance-folder.ts';
import { environmentsWith, freeSipPort, freeTcpPort, isRunning, pause, portsInUse, processIdentity, signalProcess, waitUntilGone } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import type { RootFolder } from './root-folder.ts';
import type { TrunkConfig } from './trunks.ts';

const run = promisify(execFile);

const READY_MS = 30_000;
const PORTS_MS = 3_000;
const MAX_OPEN_FILES = 65_536;
const RTP_BLOCK = 2_000;
const RTP_FIRST = 10_000;
const RTP_LAST = 30_000;
const CEL_READ_BYTES = 4 * 1024 * 1024;
const RTP_VARIABLE = 'GENVOICE_RTP';

/**
 * Runs inside the new mount namespace: $1 root, $2 instance, $3 prompts, $4 user:group, $5 open files. Every mount is
 * private to the namespace and vanishes with the process; pivot_root also lets go of the host's other mounts.
 */
const LAUNCH = `set -eu
root=$1 instance=$2 media=$3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/tmp"
mount --bind "$instance" "$root/genvoice/instance"
mount --bind "$media" "$root/genvoice/media"
mount -o remount,bind,ro "$root/genvoice/media"
mount --bind "$instance/etc/hosts" "$root/etc/hosts"
mount --bind "$instance/etc/resolv.conf" "$root/etc/resolv.conf"
mount -o remount,bind,ro "$root"
ulimit -n "$5"
cd "$root"
if pivot_root . . 2>/dev/null; then umount -l .; fi
exec chroot --userspec="$4" --groups= . /usr/sbin/asterisk -f -C ${INSTANCE_MOUNT}/etc/asterisk.conf
`;

/** How to start one instance. Ports that are absent are chosen free. */
export interface EmbeddedOptions {
  readonly root: RootFolder;
  /** Folder of this instance on the host; kept between starts. */
  readonly instanceFolder: string;
  /** Prompts on the host, readable by every user; appears inside as `/genvoice/media`. */
  readonly mediaFolder: string;
  /** The repository's dialplan/extensions.conf. */
  readonly dialplanFile: string;
  readonly appName: string;
  /** `host6`: an IPv6 address on which SIP over UDP is taken too. */
  readonly sip?: { readonly host?: string; readonly port?: number; readonly host6?: string };
  /** Certificate files are paths on the host; they are copied into the instance. */
  readonly transports?: AsteriskConfig['transports'];
  readonly externalAddress?: string;
  readonly localNets?: readonly string[];
  readonly rtp?: { readonly start: number; readonly end: number };
  readonly ari?: { readonly host?: string; readonly port?: number; readonly user?: string; readonly password?: string };
  readonly codecs?: readonly string[];
  readonly language?: string;
  /** Country of the ringing, busy and congestion tones; `uk` when absent. */
  readonly tones?: AsteriskConfig['countryTones'];
  readonly trunks?: readonly TrunkConfig[];
  readonly maxRtpSilenceMs?: number;
  readonly maxRtpHoldMs?: number;
  readonly readyTimeoutMs?: number;
}

/** A running Asterisk of ours. */
export interface EmbeddedAsterisk {
  /** `http://127.0.0.1:PORT/ari`. */
  readonly ariUrl: string;
  readonly ariUser: string;
  readonly ariPassword: string;
  /** `host:port` of SIP over UDP. */
  readonly sipAddress: string;
  readonly rtp: { readonly start: number; readonly end: number };
  readonly pid: number;
  readonly instanceFolder: string;
  readonly configFolder: string;
  /** Where Asterisk records to, on the host. */
  readonly recordingFolder: string;
  /** Prefix of `sound:` paths for files of the media folder. */
  readonly soundsMount: string;
  /** The last known routes, as the dialplan reads them. */
  readonly fallback: FallbackFiles;
  /** Replaces pjsip_trunks.conf in one step; takes effect when res_pjsip.so is reloaded. */
  writeTrunks(text: string): Promise<void>;
  /** Events written after `offset` (start with 0) and the offset for the next call; at most 4 MB at a time. */
  readCel(offset: number): { readonly events: readonly CelEvent[]; readonly offset: number };
  /** Folder of Asterisk's logs on the host, its channel events (cel-log.ts) among them. */
  readonly logFolder: string;
  /** Empties logs that have grown beyond `maxBytes` (Asterisk goes on writing at their beginning); channel events are put aside once. */
  trimLogs(maxBytes: number): void;
  /** Output of a command on Asterisk's own command line. For diagnosis and tests. */
  cli(command: string): Promise<string>;
  /** Ends it: SIGTERM, after `graceMs` SIGKILL. Throws Error when the process or a port is still there afterwards. */
  stop(graceMs?: number): Promise<void>;
  /** Calls back once when the process ends for whatever reason. */
  onExit(callback: () => void): void;
}

/**
 * A started Asterisk whose ARI answers and whose SIP port is bound. It outlives our process. Throws Error naming what
 * failed, with the end of Asterisk's log; nothing is left running then.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedAsterisk> {
  if (process.getuid?.() !== 0) throw new Error('The embedded Asterisk needs root for its own mount namespace and user. Start as root, or set ARI_URL to use an Asterisk that you have.');
  const folder = resolve(options.instanceFolder);
  const earlier = readInstanceRecord(folder);
  if (earlier !== undefined && isRunning(earlier.process)) throw new Error(`An Asterisk (process ${earlier.process.pid}) already runs in ${folder}. Adopt it, stop it, or use another folder.`);
  const places = await choosePlaces(options);
  prepareInstanceFolder(folder, options.root);
  mkdirSync(options.mediaFolder, { recursive: true });
  writeConfiguration(folder, options, places);
  const child = launch(folder, options, places);
  try {
    await waitUntilReady(folder, child, places, options.readyTimeoutMs ?? READY_MS);
  } catch (error) {
    signalProcess(child, 'SIGKILL');
    await waitUntilGone(child, 5_000);
    throw error;
  }
  const record: InstanceRecord = { process: child, sip: places.sip, ari: places.ari, rtp: places.rtp, owner: { userId: options.root.userId, groupId: options.root.groupId } };
  writeInstanceRecord(folder, record);
  return handle(folder, record);
}

/** The Asterisk that an earlier process started in this folder and that still runs and answers, or undefined. */
export async function adoptEmbedded(instanceFolder: string): Promise<EmbeddedAsterisk | undefined> {
  const folder = resolve(instanceFolder);
  const record = readInstanceRecord(folder);
  if (record === undefined || !isRunning(record.process)) return undefined;
  for (let tries = 0; tries < 20; tries += 1) {
    if ((await ariStatus(record.ari)) === 200) return handle(folder, record);
    if (!isRunning(record.process)) return undefined;
    await pause(100);
  }
  throw new Error(`The Asterisk in ${folder} (process ${record.process.pid}) runs but its ARI at ${record.ari.host}:${record.ari.port} does not answer. End that process and start again.`);
}

interface Places {
  readonly sip: InstanceRecord['sip'];
  readonly ari: InstanceRecord['ari'];
  readonly rtp: InstanceRecord['rtp'];
}

async function choosePlaces(options: EmbeddedOptions): Promise<Places> {
  const sipHost = options.sip?.host ?? '127.0.0.1';
  const ariHost = options.ari?.host ?? '127.0.0.1';
  const sipPort = options.sip?.port ?? await freeSipPort(sipHost);
  if (portsInUse('udp').has(sipPort)) throw new Error(`UDP port ${sipPort} is taken by another program. Set GENVOICE_SIP_PORT to a free one.`);
  const ariPort = options.ari?.port ?? await freeTcpPort(ariHost);
  if (portsInUse('tcp').has(ariPort)) throw new Error(`TCP port ${ariPort}, meant for Asterisk's ARI, is taken by another program. Choose a free one.`);
  return {
    sip: { host: sipHost, port: sipPort },
    ari: { host: ariHost, port: ariPort, user: options.ari?.user ?? 'genvoice', password: options.ari?.password ?? newAriPassword() },
    rtp: options.rtp ?? freeRtpBlock(),
  };
}

/** A block of ports that no other instance has. An overlap would do no harm: Asterisk tries the next port. */
function freeRtpBlock(): InstanceRecord['rtp'] {
  const taken = environmentsWith(RTP_VARIABLE).map((text) => text.split('-').map(Number));
  for (let start = RTP_FIRST; start < RTP_LAST; start += RTP_BLOCK) {
    const end = start + RTP_BLOCK - 1;
    if (!taken.some(([from, to]) => from !== undefined && to !== undefined && from <= end && to >= start)) return { start, end };
  }
  throw new Error(`No block of ${RTP_BLOCK} RTP ports is free between ${RTP_FIRST} and ${RTP_LAST}: too many instances run on this machine. Stop one.`);
}

function writeConfiguration(folder: string, options: EmbeddedOptions, places: Places): void {
  const write = (name: string, text: string | Buffer): void => writeConfigFile(folder, name, text, options.root);
  const tls = options.transports?.tls;
  if (tls !== undefined) {
    write('tls/cert.pem', readFileSync(tls.certFile));
    write('tls/key.pem', readFileSync(tls.keyFile));
  }
  const mac = places.sip.port.toString(16).padStart(4, '0');
  const config: AsteriskConfig = {
    sipBind: places.sip,
    ...(options.sip?.host6 === undefined ? {} : { sipBind6: options.sip.host6 }),
    transports: { tcp: options.transports?.tcp ?? false, ...(tls === undefined ? {} : { tls: { port: tls.port, certFile: `${INSTANCE_MOUNT}/etc/tls/cert.pem`, keyFile: `${INSTANCE_MOUNT}/etc/tls/key.pem` } }) },
    ...(options.externalAddress === undefined ? {} : { externalAddress: options.externalAddress }),
    localNets: options.localNets ?? [],
    rtp: places.rtp,
    ari: { ...places.ari, password: cryptAriPassword(places.ari.password) },
    appName: options.appName,
    entityId: `02:00:00:00:${mac.slice(0, 2)}:${mac.slice(2)}`,
    codecs: options.codecs ?? ['alaw', 'ulaw'],
    countryTones: options.tones ?? 'uk',
    language: options.language ?? 'en-GB',
    trunks: options.trunks ?? [],
    maxRtpSilenceMs: options.maxRtpSilenceMs ?? 60_000,
    maxRtpHoldMs: options.maxRtpHoldMs ?? 3_600_000,
    maxOpenFiles: openFiles(),
    modulesFolder: options.root.modulesFolder,
    musicFolder: '/usr/share/asterisk/moh',
  };
  for (const [name, text] of renderConfig(config)) write(name, text);
  write('dialplan.conf', readFileSync(options.dialplanFile));
  write('hosts', `127.0.0.1 localhost ${hostname()}\n::1 localhost\n`);
  // Empty on purpose: with a resolver, each call waited for a look-up of our own name (Asterisk 22.10).
  write('resolv.conf', '');
}

/** As many open files as this machine lets us have, up to what Asterisk can use. */
function openFiles(): number {
  const hard = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Math.min(Number(hard ?? 4_096), MAX_OPEN_FILES);
}

function launch(folder: string, options: EmbeddedOptions, places: Places): ProcessIdentity {
  const log = openSync(join(folder, 'log/console.log'), 'a', 0o644);
  const user = `${options.root.userId}:${options.root.groupId}`;
  const child = spawn('unshare', ['--mount', '--propagation', 'private', '--', 'sh', '-c', LAUNCH, 'asterisk', options.root.folder, folder, resolve(options.mediaFolder), user, String(openFiles())], {
    detached: true, cwd: '/', stdio: ['ignore', log, log],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', GENVOICE_INSTANCE: folder, [RTP_VARIABLE]: `${places.rtp.start}-${places.rtp.end}` },
  });
  closeSync(log);
  child.on('error', () => {});
  child.unref();
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  if (identity === undefined) throw new Error('unshare could not be started; it belongs to the package util-linux.');
  return identity;
}

async function waitUntilReady(folder: string, child: ProcessIdentity, places: Places, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const fail = (what: string): never => {
    throw new Error(`${what} The end of its log:\n${logTail(folder)}`);
  };
  while ((await ariStatus(places.ari)) !== 200) {
    if (!isRunning(child)) fail('Asterisk ended while it started.');
    if (performance.now() > deadline) fail(`Asterisk's ARI did not answer within ${Math.round(timeoutMs / 1000)} s.`);
    await pause(25);
  }
  // A transport that cannot bind is only a line in the log; Asterisk itself goes on without it.
  if (!portsInUse('udp').has(places.sip.port)) fail(`Asterisk runs but could not open SIP on ${places.sip.host}:${places.sip.port}.`);
}

/** HTTP status of ARI, or undefined while nobody answers. Asterisk says 503 until it is fully up. */
async function ariStatus(ari: InstanceRecord['ari']): Promise<number | undefined> {
  const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString('base64')}`;
  // Not fetch(): loading it costs a fifth of a second of the start after a crash, while calls wait.
  return new Promise((settle) => {
    const request = get(`${ariUrl(ari)}/asterisk/info?only=system`, { headers: { authorization }, agent: false, signal: AbortSignal.timeout(2_000) }, (response) => {
      response.on('error', () => settle(undefined)).on('end', () => settle(response.statusCode)).resume();
    });
    request.on('error', () => settle(undefined));
  });
}

function ariUrl(ari: InstanceRecord['ari']): string {
  return `http://${ari.host.includes(':') ? `[${ari.host}]` : ari.host}:${ari.port}/ari`;
}

function logTail(folder: string): string {
  const texts = ['log/console.log', 'log/messages.log'].map((name) => {
    const path = join(folder, name);
    return existsSync(path) ? lastLines(readFileSync(path, 'utf8')) : '';
  });
  return texts.join('\n').slice(-4_000);
}

/**
 * The end of a log without what Asterisk 22.10 prints at every start, with an empty stasis.conf too: its own documentation
 * lacks an option. Whoever looks for the cause of a failed start would stop there.
 */
export function lastLines(log: string): string {
  return log.trim().split('\n').filter((line) => !line.startsWith("Could not find option 'minimum_size' with type 'threadpool'")).slice(-15).join('\n');
}

function handle(folder: string, record: InstanceRecord): EmbeddedAsterisk {
  const target = record.process;
  return {
    ariUrl: ariUrl(record.ari), ariUser: record.ari.user, ariPassword: record.ari.password,
    sipAddress: `${record.sip.host.includes(':') ? `[${record.sip.host}]` : record.sip.host}:${record.sip.port}`,
    rtp: record.rtp, pid: target.pid, instanceFolder: folder, configFolder: join(folder, 'etc'), recordingFolder: join(folder, 'spool/recording'), soundsMount: MEDIA_MOUNT,
    fallback: new FallbackFiles(folder, record.owner.groupId),
    async writeTrunks(text) {
      writeConfigFile(folder, 'pjsip_trunks.conf', text, record.owner);
    },
    logFolder: join(folder, 'log'),
    readCel: (offset) => readCel(join(folder, 'log', CEL_FILE), offset),
    trimLogs: (maxBytes) => trimLogs(join(folder, 'log'), maxBytes),
    cli: (command) => cli(target, command),
    stop: (graceMs = 5_000) => stop(folder, record, graceMs),
    onExit: (callback) => watchExit(target, callback),
  };
}

async function cli(target: ProcessIdentity, command: string): Promise<string> {
  if (!isRunning(target)) throw new Error('Asterisk no longer runs.');
  const { stdout } = await run('nsenter', ['--target', String(target.pid), '--mount', '--root', '--wd', '--', '/usr/sbin/asterisk', '-C', `${INSTANCE_MOUNT}/etc/asterisk.conf`, '-rx', command], { timeout: 10_000 });
  return stdout;
}

async function stop(folder: string, record: InstanceRecord, graceMs: number): Promise<void> {
  signalProcess(record.process, 'SIGTERM');
  if (!(await waitUntilGone(record.process, graceMs))) {
    signalProcess(record.process, 'SIGKILL');
    if (!(await waitUntilGone(record.process, 5_000))) throw new Error(`Asterisk (process ${record.process.pid}) could not be ended. End it by hand.`);
  }
  rmSync(join(folder, 'instance.json'), { force: true });
  // The main thread is gone a moment before the last thread lets go of the sockets.
  const deadline = performance.now() + PORTS_MS;
  for (const [protocol, port] of [['udp', record.sip.port], ['tcp', record.ari.port]] as const) {
    while (portsInUse(protocol).has(port)) {
      if (performance.now() > deadline) throw new Error(`Asterisk has ended but ${protocol.toUpperCase()} port ${port} is still in use by another program.`);
      await pause(10);
    }
  }
}

function watchExit(target: ProcessIdentity, callback: () => void): void {
  const timer = setInterval(() => {
    if (isRunning(target)) return;
    clearInterval(timer);
    callback();
  }, 200);
  timer.unref();
}

/** Events of the log at `path` after `offset`, whole lines only, at most 4 MB, and the offset for the next call. */
export function readCel(path: string, offset: number): { events: CelEvent[]; offset: number } {
  if (!existsSync(path)) return { events: [], offset: 0 };
  const file = openSync(path, 'r');
  try {
    // A file shorter than the offset was rotated: begin again.
    const from = fstatSync(file).size < offset ? 0 : offset;
    const buffer = Buffer.alloc(Math.min(CEL_READ_BYTES, fstatSync(file).size - from));
    const length = readSync(file, buffer, 0, buffer.length, from);
    const end = buffer.subarray(0, length).lastIndexOf(10) + 1;
    return { events: buffer.subarray(0, end).toString('utf8').split('\n').flatMap(parseCelLine), offset: from + end };
  } finally {
    closeSync(file);
  }
}

function trimLogs(folder: string, maxBytes: number): void {
  for (const name of [CEL_FILE, 'messages.log', 'console.log']) {
    const path = join(folder, name);
    if (!existsSync(path) || statSync(path).size <= maxBytes) continue;
    // What nobody has read yet of the calls that ended must not be lost.
    if (name === CEL_FILE) rotateCel(folder);
    else truncateSync(path, 0);
  }
}
