// Calls made by SIPp of the private root, pinned to the last processor, with every response time kept. It differs from
// src/embedded/sipp.ts in what it brings back. Read `runLoad`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { freeSipPort } from '../../src/embedded/processes.ts';

const LAUNCH = `set -eu
root=$1 work=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
mount --bind "$work" "$root/genvoice/work"
mount --bind "$work/hosts" "$root/etc/hosts"
cd "$root"
exec chroot . sh -c 'cd /genvoice/work && exec sipp "$@"' sipp "$@"
`;

export interface LoadOptions {
  readonly rootFolder: string;
  readonly scenario: string;
  /** Files that the scenario names: pcaps, CSVs. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly target: string;
  readonly callsPerSecond: number;
  readonly calls: number;
  /** Beyond the time that the calls need at their rate. */
  readonly graceMs: number;
  readonly args?: readonly string[];
}
export interface LoadResult {
  readonly successful: number;
  readonly failed: number;
  /** Messages that SIPp had to send again: the other side was late. */
  readonly retransmissions: number;
  readonly tookMs: number;
  /** INVITE to 200 OK of each call, ms. */
  readonly answerMs: readonly number[];
  readonly errors: string;
  readonly command: string;
}

/** Processor of the load generator; the rest belongs to Asterisk and the application. */
export const LOAD_CPU = Math.max(0, cpus().length - 1);

/** Makes the calls and says what became of them. Rejects when SIPp could not run at all. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const work = mkdtempSync(join(tmpdir(), 'gv-bench-sipp-'));
  try {
    writeFileSync(join(work, 'scenario.xml'), options.scenario);
    writeFileSync(join(work, 'hosts'), `127.0.0.1 localhost ${hostname()}\n`);
    for (const [name, content] of Object.entries(options.files ?? {})) writeFileSync(join(work, name), content);
    const port = await freeSipPort('127.0.0.1');
    const sipp = [
      '-sf', 'scenario.xml', '-nostdin', '-i', '127.0.0.1', '-p', String(port), '-mp', String(await speechSink()), '-r', String(options.callsPerSecond), '-m', String(options.calls), '-l', '5000',
      '-trace_rtt', '-rtt_freq', '1', '-trace_stat', '-stf', 'stat.csv', '-fd', '1', '-trace_err', '-error_file', 'errors.log', '-rtp_buffsize', '65536',
      ...(options.args ?? []), options.target,
    ];
    const startedMs = performance.now();
    const limitMs = (options.calls / options.callsPerSecond) * 1_000 + options.graceMs;
    const exitCode = await launch(options.rootFolder, work, sipp, limitMs);
    const tookMs = performance.now() - startedMs;
    const read = (name: string): string => (readdirSync(work).includes(name) ? readFileSync(join(work, name), 'utf8') : '');
    const counts = readStatistics(read('stat.csv'));
    const rtt = readdirSync(work).find((name) => name.endsWith('_rtt.csv'));
    if (exitCode !== null && exitCode >= 99 && counts.successful + counts.failed === 0) throw new Error(`SIPp could not run (exit code ${exitCode}): ${read('errors.log').slice(0, 500)}`);
    // A call that was still going on when the time was up is no successful one.
    const failed = Math.max(counts.failed, options.calls - counts.successful);
    return { ...counts, failed, tookMs, answerMs: rtt === undefined ? [] : readTimes(read(rtt)), errors: read('errors.log').slice(0, 2_000), command: `taskset -c ${LOAD_CPU} sipp ${sipp.join(' ')}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function launch(root: string, work: string, sipp: readonly string[], limitMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const args = ['-c', String(LOAD_CPU), 'setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', LAUNCH, 'sipp', root, work, ...sipp];
    const child = spawn('taskset', args, { detached: true, stdio: 'ignore', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'dumb', LANG: 'C.UTF-8' } });
    const limit = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, limitMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(new Error(`SIPp could not be started: ${error.message}`, { cause: error }));
    });
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve(code);
    });
  });
}

/** Holds two ports open and, being stopped, never reads them. */
const SINK = `const dgram = require('node:dgram');
const open = (port, then) => { const s = dgram.createSocket('udp4'); s.bind(port, '127.0.0.1', () => then(s.address().port, s)); s.on('error', () => then(0, s)); };
const attempt = () => open(0, (port, s) => (port % 2 === 0 ? open(port + 1, (next) => (next === 0 ? attempt() : process.stdout.write(port + '\\n'))) : (s.close(), attempt())));
attempt();`;
let sink: { readonly port: number; readonly child: ChildProcess } | null = null;

/**
 * Port to which Asterisk may send the callers' speech. SIPp opens none, and the kernel's refusal of every packet would
 * cost more than the call. The kernel drops what nobody reads.
 */
async function speechSink(): Promise<number> {
  if (sink !== null) return sink.port;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '-e', SINK], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  child.unref();
  sink = { port: Number(said.toString('utf8')), child };
  return sink.port;
}

/** Ends what `runLoad` left for the next load. */
export function closeLoad(): void {
  sink?.child.kill('SIGKILL');
  sink = null;
}

function readStatistics(csv: string): { successful: number; failed: number; retransmissions: number } {
  const rows = csv.trim().split('\n').map((line) => line.split(';'));
  const last = (name: string): number => Number(rows.at(-1)?.[rows[0]?.indexOf(name) ?? -1] ?? 0) || 0;
  if (rows.length < 2) return { successful: 0, failed: 0, retransmissions: 0 };
  return { successful: last('SuccessfulCall(C)'), failed: last('FailedCall(C)'), retransmissions: last('Retransmissions(C)') };
}

/** `Date_ms;response_time_ms;rtd_no` */
function readTimes(csv: string): number[] {
  return csv.trim().split('\n').slice(1).flatMap((line) => {
    const ms = Number(line.split(';')[1]);
    return Number.isFinite(ms) ? [ms] : [];
  });
}
