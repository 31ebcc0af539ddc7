// What tests leave behind: processes, mounts, files. Every process below ours is remembered while it can still be seen as
// ours, so that one that was let go of is found at the end. A port lives with its process. Read `Leftovers.find`.
import { readFileSync, readdirSync } from 'node:fs';
import { isRunning, processIdentity, signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import type { ProcessIdentity } from '../../src/embedded/processes.ts';

const LOOK_EVERY_MS = 500;
/** How long the last processes get to vanish. */
const GRACE_MS = 5_000;

interface Seen {
  readonly identity: ProcessIdentity;
  readonly command: string;
}

export class Leftovers {
  readonly #self: number;
  readonly #world: string;
  readonly #seen = new Map<string, Seen>();
  readonly #mountsBefore = mountPoints();
  readonly #timer: NodeJS.Timeout;

  /** `world` is the folder below which everything of the tests has to lie. */
  constructor(self: number, world: string) {
    this.#self = self;
    this.#world = world;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** One line for each thing that is still there; processes are ended then, so that the next run begins clean. */
  async find(): Promise<string[]> {
    this.#look();
    const left: string[] = [];
    const untilMs = performance.now() + GRACE_MS;
    for (const { identity, command } of this.#seen.values()) {
      await waitUntilGone(identity, Math.max(0, untilMs - performance.now()));
      if (!isRunning(identity)) continue;
      left.push(`process ${identity.pid}: ${command}`);
      signalProcess(identity, 'SIGKILL');
    }
    for (const point of mountPoints()) if (!this.#mountsBefore.has(point) && (point.includes(this.#world) || point.includes('/.genvoice'))) left.push(`mount ${point}`);
    for (const name of readdirSync(this.#world)) left.push(`file or folder ${this.#world}/${name}`);
    return left;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Remembers all processes below ours. */
  #look(): void {
    const children = new Map<number, number[]>();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const parent = parentOf(entry);
      if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    }
    const open = [this.#self, ...[...this.#seen.values()].map((seen) => seen.identity.pid)];
    for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
      for (const child of children.get(pid) ?? []) {
        const identity = processIdentity(child);
        const key = `${child} ${identity?.startTicks ?? 0}`;
        if (identity === undefined || this.#seen.has(key)) continue;
        this.#seen.set(key, { identity, command: commandOf(child) });
        open.push(child);
      }
    }
    for (const [key, seen] of this.#seen) if (!isRunning(seen.identity)) this.#seen.delete(key);
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return '(ended)';
  }
}

/** Mount points of our own namespace. */
function mountPoints(): ReadonlySet<string> {
  return new Set(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '').filter((point) => point !== ''));
}
