// The folder of one embedded Asterisk on the host: configuration, run, spool, log, and `instance.json`, from which a
// later process finds it again. It starts nothing. Read `prepareInstanceFolder`.
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, mountsBelow } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

/** Folders that Asterisk writes to. */
const OWN_FOLDERS = ['run', 'spool', 'spool/recording', 'spool/tmp', 'log', 'lib', 'lib/keys', 'cache'];

/** User and group of Asterisk. */
export interface Owner {
  readonly userId: number;
  readonly groupId: number;
}

/** What is known of a started instance; kept readable for root alone, because it holds the ARI password. */
export interface InstanceRecord {
  readonly process: ProcessIdentity;
  readonly sip: { readonly host: string; readonly port: number };
  readonly ari: { readonly host: string; readonly port: number; readonly user: string; readonly password: string };
  readonly rtp: { readonly start: number; readonly end: number };
  readonly owner: Owner;
}

/** Creates the folders with their owners; what an earlier run left in run/ is removed. */
export function prepareInstanceFolder(folder: string, owner: Owner): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  rmSync(join(folder, 'run'), { recursive: true, force: true });
  for (const name of OWN_FOLDERS) {
    mkdirSync(join(folder, name), { recursive: true });
    chownSync(join(folder, name), owner.userId, owner.groupId);
  }
  mkdirSync(join(folder, 'etc/tls'), { recursive: true });
  for (const name of ['etc', 'etc/tls']) {
    chownSync(join(folder, name), 0, owner.groupId);
    chmodSync(join(folder, name), 0o750);
  }
}

/** Writes one configuration file so that Asterisk sees the old or the new text, never a part. */
export function writeConfigFile(folder: string, name: string, text: string | Buffer, owner: Owner): void {
  const path = join(folder, 'etc', name);
  const part = `${path}.part`;
  writeFileSync(part, text, { mode: 0o640, flush: true });
  chownSync(part, 0, owner.groupId);
  renameSync(part, path);
}

/** Keeps the record beside the instance. */
export function writeInstanceRecord(folder: string, record: InstanceRecord): void {
  const part = join(folder, 'instance.json.part');
  writeFileSync(part, JSON.stringify(record), { mode: 0o600, flush: true });
  renameSync(part, join(folder, 'instance.json'));
}

/** The record, or undefined when there is none that can be read. */
export function readInstanceRecord(folder: string): InstanceRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8')) as InstanceRecord;
    return Number.isInteger(record.process.pid) && Number.isInteger(record.process.startTicks) && typeof record.ari.password === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Deletes an instance's folder. Throws Error, and deletes nothing, while its Asterisk runs or a mount is below it. */
export function removeInstanceFolder(folder: string): void {
  const record = readInstanceRecord(folder);
  if (record !== undefined && isRunning(record.process)) throw new Error(`${folder} belongs to the running Asterisk ${record.process.pid}; stop it before the folder is deleted.`);
  const mounts = mountsBelow(folder);
  if (mounts.length > 0) throw new Error(`${folder} was not deleted: ${mounts.join(', ')} is mounted below it. Unmount it first.`);
  if (existsSync(folder)) rmSync(folder, { recursive: true });
}
