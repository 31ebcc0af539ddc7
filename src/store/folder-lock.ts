// One process per data folder. The lock itself is a kernel lock (an open transaction of SQLite on `lock.db`): it ends
// with its process, however that ends, and holds across containers. The file `lock` beside it says who has it.
// Read `lockFolder` first.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomicSync } from './atomic-file.ts';
import { StoreError, faultOf, openDatabase, storeError } from './store-error.ts';

/** Who holds a folder. A pid alone could have been given to another process; its start time could not. */
export interface LockHolder {
  readonly pid: number;
  /** Clock ticks from the machine's boot to the start of the process; null where /proc is missing. */
  readonly startTicks: string | null;
  readonly bootId: string | null;
  readonly sinceMs: number;
}
export interface FolderLock {
  /** Left behind by a process that ended without releasing: crash, kill -9, power cut. */
  readonly tookOverFrom: LockHolder | null;
  release(): void;
}

/** Takes the lock, also from a dead process. Throws `in-use` that names the pid and the folder of a live one. */
export function lockFolder(folder: string, nowMs: number): FolderLock {
  const holderFile = join(folder, 'lock');
  const db = openDatabase(join(folder, 'lock.db'), { timeoutMs: 0 });
  const left = readHolder(holderFile);
  try {
    // Where the file system knows no locks this never fails, hence the look at the process as well.
    if (left !== null && left.pid !== process.pid && isAlive(left)) throw inUse(folder, left);
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (faultOf(error) === 'busy') throw inUse(folder, readHolder(holderFile));
    throw storeError(`The lock of the data folder ${folder} could not be taken`, error);
  }
  writeHolder(holderFile, { ...identityOf(process.pid), pid: process.pid, sinceMs: nowMs });
  let isHeld = true;
  return {
    tookOverFrom: left === null || left.pid === 0 ? null : left,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      // Not deleted: a process that starts now may have written its own already.
      writeHolder(holderFile, { pid: 0, startTicks: null, bootId: null, sinceMs: nowMs });
      db.exec('ROLLBACK');
      db.close();
    },
  };
}

function inUse(folder: string, holder: LockHolder | null): StoreError {
  const who = holder === null || holder.pid === 0 ? 'Another process' : `The process with pid ${holder.pid}`;
  return new StoreError(
    'in-use',
    `${who} uses the data folder ${folder}. Stop it first, or name another folder in GENVOICE_DATA to run a second instance.`,
  );
}

/** A full disk must not keep us from starting: the file only says who, it does not lock. */
function writeHolder(file: string, holder: LockHolder): void {
  try {
    writeFileAtomicSync(file, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    if (faultOf(error) !== 'disk-full') throw storeError(`The lock file ${file} could not be written`, error);
  }
}

function readHolder(file: string): LockHolder | null {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read !== 'object' || read === null || !('pid' in read) || typeof read.pid !== 'number') return null;
    const { startTicks, bootId, sinceMs } = read as Partial<LockHolder>;
    return { pid: read.pid, startTicks: startTicks ?? null, bootId: bootId ?? null, sinceMs: Number(sinceMs ?? 0) };
  } catch {
    return null;
  }
}

function isAlive(holder: LockHolder): boolean {
  if (holder.startTicks === null || holder.bootId === null) return false;
  const now = identityOf(holder.pid);
  return now.startTicks === holder.startTicks && now.bootId === holder.bootId;
}

function identityOf(pid: number): { startTicks: string | null; bootId: string | null } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets and may hold spaces; the start time is field 22 (proc(5)).
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
    return { startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() };
  } catch {
    return { startTicks: null, bootId: null };
  }
}
