// The thread that reads, hashes, compiles and tries plans, and looks through the plan folder, so that the main thread
// only ever receives results. It keeps nothing between jobs but parts that are still to be sent.
import { createHash, hash as hashText } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { canonical, compileUnfrozen, isCustomerId } from '../routing/compile.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';
import { parsePlanText } from '../routing/text.ts';
import { MAX_FILE_BYTES, PENDING_PREFIX } from './compile-protocol.ts';
import type { Answer, CompileJob, FromWorker, HashAnswer, Job, ScanAnswer, ScannedFile, ToWorker, WorkerSettings } from './compile-protocol.ts';
import { dryRun } from './dry-run.ts';
import { packPlan } from './plan-parcel.ts';
import type { Part } from './plan-parcel.ts';

/** Of 19; a nice value of its own for one thread is Linux's, elsewhere it would be the whole process's. */
const BEHIND = 5;
/** Most files looked at in one recordings folder. */
const MAX_MEDIA_FILES = 5_000;

const port = parentPort;
if (port === null) throw new Error('compile.worker.ts runs as a worker only');
const { isBehind } = workerData as WorkerSettings;
let { phrases } = workerData as WorkerSettings;
const waiting = new Map<number, Part[]>();

if (isBehind) stepBack();
port.on('message', (message: ToWorker) => {
  if ('stepBack' in message) return stepBack();
  if ('phrases' in message) {
    phrases = message.phrases;
    return;
  }
  const { id } = message;
  if ('next' in message) return sendPart(id);
  try {
    const { answer, first, later, transfer } = perform(message.job);
    if (later.length > 0) waiting.set(id, [...later]);
    const reply: FromWorker = { id, answer, parts: first, more: later.length };
    port.postMessage(reply, transfer);
  } catch (error) {
    const reply: FromWorker = { id, fault: error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : 'unknown' };
    port.postMessage(reply);
  }
});

function stepBack(): void {
  if (process.platform === 'linux') setPriority(BEHIND);
}

function sendPart(id: number): void {
  const parts = waiting.get(id) ?? [];
  const part = parts.shift();
  if (parts.length === 0) waiting.delete(id);
  if (part === undefined) return;
  const reply: FromWorker = { id, part };
  port?.postMessage(reply);
}

interface Performed {
  readonly answer: Answer;
  /** Parts of the plan that go with the answer, and those that go after it. */
  readonly first: readonly Part[];
  readonly later: readonly Part[];
  readonly transfer: ArrayBuffer[];
}

function perform(job: Job): Performed {
  switch (job.kind) {
    case 'compile':
      return performCompile(job);
    case 'hash':
      return only(hashFile(job.path));
    case 'scan':
      return only(scan(job.folder));
  }
}

function only(answer: Answer): Performed {
  return { answer, first: [], later: [], transfer: [] };
}

function performCompile(job: CompileJob): Performed {
  const bare = { kind: 'compiled' as const, hash: null, text: null, plan: null };
  const read = readInput(job);
  if (read === null) return only({ ...bare, outcome: 'missing', problems: [] });
  if ('problem' in read) return only({ ...bare, outcome: 'refused', problems: [read.problem] });
  const parsed = parsePlanText(read.text);
  if (!parsed.ok) return only({ ...bare, outcome: 'unreadable-json', problems: parsed.problems });
  const hash = hashOf(parsed.value);
  if (hash === job.skipHash) return only({ ...bare, outcome: 'same', hash, problems: [] });
  const isCurrent = hash === job.current?.hash;
  const version = job.version ?? (isCurrent ? (job.current?.version ?? 1) : (job.current?.version ?? 0) + 1);
  const { plan, problems } = compileAndTry(job, parsed.value, version, hash, isCurrent || job.version !== null);
  if (plan === null) return only({ ...bare, outcome: 'refused', hash, problems });
  const bytes = isCurrent || job.version !== null ? null : new TextEncoder().encode(read.text);
  const packed = packPlan(plan);
  return {
    answer: { kind: 'compiled', outcome: 'ready', hash, text: bytes, problems, plan: packed.plan },
    first: packed.first,
    later: packed.later,
    transfer: bytes === null ? [] : [bytes.buffer],
  };
}

/** `wasLive`: a version that served calls before is not taken away because a recording is gone; its problems stay to be read. */
function compileAndTry(job: CompileJob, json: unknown, version: number, hash: string, wasLive: boolean): { plan: RoutingPlan | null; problems: readonly Problem[] } {
  const options = {
    customer: job.customer,
    version,
    hash,
    allowLoopbackLookups: job.allowLoopbackLookups,
    ...(phrases === null ? {} : { phrases }),
  };
  const strict = compileUnfrozen(json, { ...options, media: mediaFiles(job.mediaFolder) });
  const { plan } = strict.plan === null && wasLive ? compileUnfrozen(json, options) : strict;
  if (plan === null) return strict;
  const endless = dryRun(plan);
  return endless.length === 0 ? { plan, problems: strict.problems } : { plan: wasLive ? plan : null, problems: [...strict.problems, ...endless] };
}

type Read = { readonly text: string } | { readonly problem: Problem } | null;

function readInput(job: CompileJob): Read {
  if (job.input.kind === 'text') return { text: job.input.text };
  return readPlanFile(job.input.path);
}

function readPlanFile(path: string): Read {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a pipe that somebody put there would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    return { problem: fileProblem('file-not-read', `cannot be read (${code ?? 'unknown'})`, 'Make it readable for the user that runs GENVoice.') };
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return { problem: fileProblem('file-not-read', 'is no ordinary file', 'Put the plan there as a file.') };
    if (found.size > MAX_FILE_BYTES) return { problem: fileProblem('file-too-big', `has ${found.size} bytes; at most ${MAX_FILE_BYTES} are read`, 'Divide the plan between customers.') };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor)) };
  } catch (error) {
    if (error instanceof TypeError) return { problem: fileProblem('not-utf-8', 'is not UTF-8 text', 'Save it as UTF-8.') };
    return { problem: fileProblem('file-not-read', `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, 'Check the disk that it lies on.') };
  } finally {
    closeSync(descriptor);
  }
}

function fileProblem(code: string, message: string, hint: string): Problem {
  return { path: '', code, severity: 'problem', message, hint };
}

function hashOf(json: unknown): string {
  return hashText('sha256', canonical(json));
}

function hashFile(path: string): HashAnswer {
  const read = readPlanFile(path);
  if (read === null) return { kind: 'hashed', hash: null };
  const parsed = 'text' in read ? parsePlanText(read.text) : null;
  return { kind: 'hashed', hash: parsed?.ok === true ? hashOf(parsed.value) : 'unreadable' };
}

function mediaFiles(folder: string | null): ReadonlySet<string> {
  if (folder === null) return new Set();
  try {
    return new Set(readdirSync(folder).slice(0, MAX_MEDIA_FILES));
  } catch {
    return new Set();
  }
}

/** plan.schema.json and other names with a dot are not plans, nor is anything in a sub-folder. */
function scan(folder: string): ScanAnswer {
  const media = new Map<string, string>();
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return { kind: 'scanned', files: null, media, strange: [], pending: [] };
  }
  const files: ScannedFile[] = [];
  const strange: string[] = [];
  for (const file of names) {
    if (file.startsWith('.') || !file.endsWith('.json') || file === 'plan.schema.json') continue;
    const customer = file.slice(0, -'.json'.length);
    const found = statSync(join(folder, file), { bigint: true, throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) continue;
    if (!isCustomerId(customer)) strange.push(file.slice(0, 200));
    else files.push({ customer, file, stamp: `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`, modifiedAtMs: Number(found.mtimeMs) });
  }
  const withMedia = new Set(namesIn(join(folder, 'media')));
  for (const { customer } of files) {
    if (!withMedia.has(customer)) continue;
    const stamp = mediaStamp(join(folder, 'media', customer));
    if (stamp !== '') media.set(customer, stamp);
  }
  return { kind: 'scanned', files, media, strange, pending: names.filter((name) => name.startsWith(PENDING_PREFIX)) };
}

/** Empty when there is no such folder. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function mediaStamp(folder: string): string {
  try {
    const hash = createHash('sha256');
    for (const name of readdirSync(folder).slice(0, MAX_MEDIA_FILES)) {
      const found = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
      if (found !== undefined) hash.update(`${name}\0${found.ino}:${found.size}:${found.mtimeNs}\n`);
    }
    return hash.digest('base64');
  } catch {
    return '';
  }
}
