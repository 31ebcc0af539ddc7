// What Linux knows of processes, ports and mounts, read from /proc. No state of its own.
// Read `processIdentity` first: a pid alone is never trusted, because pids are used again.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot at which it started (/proc/PID/stat, field 22). */
  readonly startTicks: number;
}

/** Identity of a running process; undefined when there is none or it is a zombie. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name in parentheses may itself hold blanks and parentheses, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(fields[19]);
  return fields[0] === 'Z' || fields[0] === 'X' || !Number.isInteger(startTicks) ? undefined : { pid, startTicks };
}

/** Whether this very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  return processIdentity(process.pid)?.startTicks === process.startTicks;
}

/** Sends a signal to this very process; does nothing when it has gone. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves true when the process has gone, false when `timeoutMs` ran out first. */
export async function waitUntilGone(target: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(target)) {
    if (performance.now() >= deadline) return false;
    await pause(20);
  }
  return true;
}

/** Ports of one protocol that some process of this network namespace has bound (UDP) or listens on (TCP). */
export function portsInUse(protocol: 'udp' | 'tcp'): Set<number> {
  const ports = new Set<number>();
  for (const file of [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16);
      // TCP state 0A is LISTEN; closed connections in TIME_WAIT do not hold a port back.
      if (Number.isInteger(port) && (protocol === 'udp' || fields[3] === '0A')) ports.add(port);
    }
  }
  return ports;
}

/** A TCP port that was free on `host` a moment ago. */
export async function freeTcpPort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error(`no TCP port could be taken on ${host}`);
  return address.port;
}

/** A UDP port that was free on `host` a moment ago, for UDP and TCP alike. */
export async function freeSipPort(host: string): Promise<number> {
  for (let tries = 0; tries < 20; tries += 1) {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    if (!portsInUse('tcp').has(port)) return port;
  }
  throw new Error(`no port could be found on ${host} that is free for UDP and TCP`);
}

/** Values of environment variable `name` of every process that has it; used to see other instances. */
export function environmentsWith(name: string): string[] {
  const values: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const found = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').find((pair) => pair.startsWith(`${name}=`));
      if (found !== undefined) values.push(found.slice(name.length + 1));
    } catch {
      // It ended while we looked, or is not ours to read.
    }
  }
  return values;
}

/** Mount points at or below `folder` in our own mount namespace. */
export function mountsBelow(folder: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => (line.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`));
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
