// One run of the converter as a separate process: bytes in, bytes out, with a deadline and a limit on what comes back.
// The command comes from the settings (`sox`, or `chroot ROOT sox`): everything is piped, so no path is ever mapped.
import { spawn } from 'node:child_process';

export interface SoxLimits {
  readonly timeoutMs: number;
  /** Most bytes taken from its output; one more ends the run with `too-much`. */
  readonly maxBytes: number;
}

/** How a run ended: `done` with exit code 0; the others say why there is no usable output. */
export type SoxResult =
  | { readonly kind: 'done'; readonly stdout: Buffer; readonly stderr: string }
  /** Exit code other than 0, or a signal; `stderr` says why. */
  | { readonly kind: 'failed'; readonly stderr: string }
  | { readonly kind: 'too-much' }
  | { readonly kind: 'timeout' }
  /** The program could not be started at all. */
  | { readonly kind: 'missing'; readonly reason: string };

/** Runs the converter once over `input`; never rejects. */
export type RunSox = (args: readonly string[], input: Uint8Array, limits: SoxLimits) => Promise<SoxResult>;

/** Warnings of a broken file can be endless; the first ones say it all. */
const MAX_STDERR = 16 * 1024;

/** A RunSox for `command` (program and leading arguments). A run past its limits is killed with its children. */
export function soxRunner(command: readonly [string, ...string[]]): RunSox {
  const [program, ...leading] = command;
  return (args, input, limits) =>
    new Promise((resolve) => {
      const child = spawn(program, [...leading, ...args], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
      const out: Buffer[] = [];
      let size = 0;
      let stderr = '';
      let verdict: SoxResult | null = null;
      const stop = (result: SoxResult) => {
        if (verdict !== null) return;
        verdict = result;
        killGroup(child.pid);
      };
      const deadline = setTimeout(() => stop({ kind: 'timeout' }), limits.timeoutMs);
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limits.maxBytes) stop({ kind: 'too-much' });
        else out.push(chunk);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        if (stderr.length < MAX_STDERR) stderr += chunk.toString('utf8');
      });
      // The converter may stop reading early (garbage, or its own limit): the broken pipe is not the news, its exit is.
      child.stdin.on('error', () => undefined);
      child.on('error', (error) => {
        clearTimeout(deadline);
        resolve({ kind: 'missing', reason: error.message });
      });
      child.on('close', (code) => {
        clearTimeout(deadline);
        resolve(verdict ?? (code === 0 ? { kind: 'done', stdout: Buffer.concat(out), stderr } : { kind: 'failed', stderr }));
      });
      child.stdin.end(input);
    });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone: `close` follows by itself.
  }
}
