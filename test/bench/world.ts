// The three columns side by side: plain Asterisk and the bare Stasis application on one instance, our application on its
// own, with the same modules, settings and prompt bytes. Read `startWorld`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startEmbedded, type EmbeddedAsterisk } from '../../src/embedded/asterisk.ts';
import { removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import { Application, held } from './application.ts';
import { runLoad, type LoadResult } from './load.ts';
import { DDI, writePlans } from './plans.ts';
import { callers, menuCaller } from './scenarios.ts';
import { keysPcap } from './sounds.ts';
import { processorMs } from './statistics.ts';

export const PROJECT = new URL('../..', import.meta.url).pathname;
export const COLUMNS = ['native', 'bare', 'ours'] as const;
export type Column = (typeof COLUMNS)[number];

/** From the 200 OK to the key, in the middle of the menu's prompt. */
const KEY_AFTER_MS = 300;
const CALL_GRACE_MS = 6_000;

/** A load, and the processor time of Asterisk and application that it cost. */
export interface ColumnLoad extends LoadResult {
  readonly asteriskMs: number;
  readonly nodeMs: number;
}

export interface World {
  readonly rootFolder: string;
  readonly folder: string;
  readonly application: Application;
  /** Calls through hours -> menu -> key -> prompt -> end in one column. */
  load(column: Column, callsPerSecond: number, calls: number): Promise<ColumnLoad>;
  /** `host:port` of the column's SIP. */
  target(column: Column): string;
  /** Channels that the column's Asterisk holds now. */
  channels(column: Column): Promise<number>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly lookupUrl: string;
  readonly others?: { readonly customers: number; readonly numbers: number };
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const root = await ensureRootFolder({ folder: join(PROJECT, '.genvoice/root'), onProgress: options.say });
  const folder = mkdtempSync(join(tmpdir(), 'gv-bench-'));
  const media = join(folder, 'media');
  mkdirSync(media, { mode: 0o755 });
  const started: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const own = join(folder, 'ours');
    writePlans(join(own, 'plans'), options.lookupUrl, options.others ?? { customers: 0, numbers: 0 });
    const application = await Application.start({ folder: own, nodeArgs: options.nodeArgs ?? [], env: options.env ?? {} });
    started.push(async () => {
      await application.stop();
      removeInstanceFolder(join(own, 'data/asterisk'));
    });
    for (const name of ['menu', 'next']) copyFileSync(preparedPrompt(own, name), join(media, `${name}.alaw`));
    const reference = await startEmbedded({
      root, instanceFolder: join(folder, 'reference'), mediaFolder: media, dialplanFile: join(PROJECT, 'test/bench/native.conf'), appName: 'bench-bare',
      codecs: ['alaw', 'ulaw', 'g722'], trunks: [{ id: 'bench', match: ['127.0.0.1'], dtmf: 'rfc4733', ddiFrom: 'request-uri' }],
    });
    started.push(async () => {
      await reference.stop();
      removeInstanceFolder(reference.instanceFolder);
    });
    const bare = await startBare(reference);
    started.push(async () => {
      const gone = once(bare, 'exit');
      bare.kill('SIGTERM');
      await gone;
    });
    const load = async (column: Column, callsPerSecond: number, calls: number): Promise<ColumnLoad> => {
      const asterisk = column === 'ours' ? application.asterisk : reference;
      const node = column === 'ours' ? application.pid : column === 'bare' ? (bare.pid ?? 0) : 0;
      const dialled = column === 'bare' ? DDI.bare : DDI.route;
      const before = { asterisk: processorMs(asterisk.pid), node: processorMs(node) };
      const result = await runLoad({
        rootFolder: root.folder, target: asterisk.sipAddress, callsPerSecond, calls, graceMs: CALL_GRACE_MS, scenario: menuCaller(KEY_AFTER_MS),
        files: { 'key-1.pcap': keysPcap('1'), 'callers.csv': callers([dialled], 1_000) }, args: ['-inf', 'callers.csv'],
      });
      return { ...result, asteriskMs: processorMs(asterisk.pid) - before.asterisk, nodeMs: processorMs(node) - before.node };
    };
    const channels = async (column: Column): Promise<number> => (await held(column === 'ours' ? application.asterisk : reference)).channels;
    const target = (column: Column): string => (column === 'ours' ? application.asterisk : reference).sipAddress;
    return { rootFolder: root.folder, folder, application, load, target, channels, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The A-law bytes that our application made of a recording: the others play the very same. */
function preparedPrompt(own: string, name: string): string {
  const folder = join(own, 'data/prompts');
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { masters: Record<string, { key: string }> };
  const master = Object.entries(index.masters).find(([path]) => path.endsWith(`/bench/${name}.wav`))?.[1];
  if (master === undefined) throw new Error(`the application has not prepared the prompt ${name}`);
  return join(folder, `${master.key}.alaw`);
}

async function startBare(reference: EmbeddedAsterisk): Promise<ChildProcess> {
  const media = (name: string): string => `sound:${reference.soundsMount}/${name}`;
  const child = spawn(process.execPath, [join(PROJECT, 'test/bench/bare-stasis.ts'), reference.ariUrl, reference.ariUser, 'bench-bare', media('menu'), media('next')], {
    env: { ...process.env, ARI_PASSWORD: reference.ariPassword }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the bare Stasis application ended with ${code}`)));
  });
  await ready;
  return child;
}
