// Runs SIPp from the private root folder: one scenario, one temporary work folder, always with a time limit, and dead
// with our process. It judges nothing beyond SIPp's own counts. Read `runSipp`.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';

/** Inside the namespace: $1 root, $2 work folder, then SIPp's arguments. All mounts vanish with the process. */
const LAUNCH = `set -eu
root=$1 work=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
mount --bind "$work" "$root/genvoice/work"
mount --bind "$work/hosts" "$root/etc/hosts"
mount -o remount,bind,ro "$root"
cd "$root"
if pivot_root . . 2>/dev/null; then umount -l .; fi
exec chroot . sh -c 'cd /genvoice/work && exec sipp "$@"' sipp "$@"
`;

const OUTPUT_BYTES = 64 * 1024;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface SippOptions {
  /** The root folder of ensureRootFolder. */
  readonly rootFolder: string;
  /** Path of the scenario's XML on the host. */
  readonly scenarioXml: string;
  /** `host:port` to call; absent for a scenario that waits for calls. */
  readonly target?: string;
  /** CSV, pcap and audio files on the host; the scenario names them without a folder. */
  readonly files?: readonly string[];
  /** More SIPp arguments: -i, -p, -m, -r, -s, -inf … */
  readonly args?: readonly string[];
  readonly timeoutMs: number;
  /** Keep every SIP message in the result. */
  readonly traceMessages?: boolean;
  /** Aborting ends SIPp at once, as the time limit does. */
  readonly signal?: AbortSignal;
}

export interface SippResult {
  /** SIPp's exit code: 0 all calls succeeded, 1 at least one failed, 99 and above could not run. Null when it was killed. */
  readonly exitCode: number | null;
  readonly ended: 'by-itself' | 'time-limit' | 'aborted';
  readonly successful: number;
  readonly failed: number;
  /** SIPp's last statistics screens. */
  readonly screen: string;
  /** What SIPp reported as errors, and what it wrote on stderr. */
  readonly errors: string;
  /** SIP messages when traceMessages was set, else ''. */
  readonly messages: string;
}

/** What SIPp did. Rejects only when it could not be started at all; a failed call is a result. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  const work = mkdtempSync(join(tmpdir(), 'gv-sipp-'));
  try {
    copyFileSync(options.scenarioXml, join(work, 'scenario.xml'));
    for (const file of options.files ?? []) copyFileSync(file, join(work, basename(file)));
    // SIPp asks for the name of its own machine while it starts.
    writeFileSync(join(work, 'hosts'), `127.0.0.1 localhost ${hostname()}\n`);
    const end = await runProcess(options, work);
    const text = (name: string): string => readBounded(join(work, name));
    const [successful, failed] = readCounts(text('stat.csv'));
    return { ...end, successful, failed, screen: text('screen.log'), errors: `${text('errors.log')}${end.stderr}`.trim(), messages: text('messages.log') };
  } finally {
    // Its mounts live in SIPp's own namespace, so nothing of the host is below this folder.
    rmSync(work, { recursive: true, force: true });
  }
}

function runProcess(options: SippOptions, work: string): Promise<{ exitCode: number | null; ended: SippResult['ended']; stderr: string }> {
  const trace = ['-trace_err', '-error_file', 'errors.log', '-trace_screen', '-screen_file', 'screen.log', '-trace_stat', '-stf', 'stat.csv', '-fd', '1', ...(options.traceMessages === true ? ['-trace_msg', '-message_file', 'messages.log'] : [])];
  const sipp = ['-sf', 'scenario.xml', '-nostdin', ...trace, ...(options.args ?? []), ...(options.target === undefined ? [] : [options.target])];
  return new Promise((resolve, reject) => {
    let ended: SippResult['ended'] = 'by-itself';
    let stderr = '';
    // A group of its own, so that the time limit reaches every child; and SIGKILL should we die first.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', LAUNCH, 'sipp', options.rootFolder, work, ...sipp], { detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'dumb', LANG: 'C.UTF-8' } });
    const kill = (why: SippResult['ended']) => (): void => {
      ended = why;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended at this very moment.
      }
    };
    const limit = setTimeout(kill('time-limit'), options.timeoutMs);
    const abort = kill('aborted');
    if (options.signal?.aborted === true) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr = (stderr + part).slice(-OUTPUT_BYTES);
    });
    const finish = (): void => {
      clearTimeout(limit);
      options.signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      finish();
      reject(new Error(`SIPp could not be started: ${error.message}`, { cause: error }));
    });
    child.once('close', (exitCode) => {
      finish();
      resolve({ exitCode, ended, stderr });
    });
  });
}

/** The last line of SIPp's statistics: successful and failed calls since its start. */
function readCounts(csv: string): [number, number] {
  const rows = csv.trim().split('\n').map((line) => line.split(';'));
  const count = (name: string): number => Number(rows.at(-1)?.[rows[0]?.indexOf(name) ?? -1] ?? 0) || 0;
  return rows.length < 2 ? [0, 0] : [count('SuccessfulCall(C)'), count('FailedCall(C)')];
}

function readBounded(path: string): string {
  if (!existsSync(path)) return '';
  return readFileSync(path).subarray(-MAX_FILE_BYTES).toString('utf8');
}
