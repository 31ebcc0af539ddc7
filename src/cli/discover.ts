// Where the server of this data folder is and what its key is. Reads only; never starts anything. Read `discover`.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSettings } from '../settings.ts';
import { CliError, EXIT } from './cli-error.ts';

export interface Found {
  readonly url: string;
  /** null = there is no key file yet: the server has never been started here. */
  readonly key: string | null;
  readonly dataFolder: string;
}

/**
 * The server's address: GENVOICE_HTTP_HOST / GENVOICE_HTTP_PORT of the environment, else what the running server wrote
 * to <data>/server.json, else the settings. The key: GENVOICE_API_KEY, else <data>/api-key. Throws when the key file
 * may not be read.
 */
export function discover(folder: string, env: Readonly<Record<string, string | undefined>>): Found {
  const { settings } = readSettings(folder, env);
  const dataFolder = resolve(folder, settings?.dataFolder ?? env['GENVOICE_DATA'] ?? '.genvoice/data');
  const isTold =
    Boolean(env['GENVOICE_HTTP_HOST']) || (Boolean(env['GENVOICE_HTTP_PORT']) && env['GENVOICE_HTTP_PORT'] !== '0');
  const written = isTold ? null : writtenUrl(join(dataFolder, 'server.json'));
  return {
    url: written ?? addressOf(settings?.httpHost ?? '127.0.0.1', settings?.httpPort ?? 8085),
    key: env['GENVOICE_API_KEY'] || keyIn(join(dataFolder, 'api-key')),
    dataFolder,
  };
}

/** The folder whose genvoice.env and data count: the working folder when it has any of them, else the product's own. */
export function homeFolder(workingFolder: string, productFolder: string): string {
  return existsSync(join(workingFolder, 'genvoice.env')) || existsSync(join(workingFolder, '.genvoice'))
    ? workingFolder
    : productFolder;
}

function addressOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function writtenUrl(file: string): string | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const url =
      typeof value === 'object' && value !== null && 'url' in value && typeof value.url === 'string' ? value.url : '';
    // The key goes to this address, so a file that somebody spoiled must not send it elsewhere.
    return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol) ? url.replace(/\/+$/, '') : null;
  } catch {
    return null;
  }
}

function keyIn(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new CliError(EXIT.notAllowed, 'key-not-readable', `The key in ${file} may not be read by this user.`, {
        path: file,
        hint: 'Run the command as the user that runs GENVoice, or set GENVOICE_API_KEY.',
      });
    }
    return null;
  }
}
