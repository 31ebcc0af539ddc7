// genvoice attach --print: what has to be added to an Asterisk that was there before. Needs no server, changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readSettings } from '../settings.ts';
import { attachText } from './attach-text.ts';
import { isSet, leaf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';

/** The application writes the fallback dialplan here whenever a plan changes. */
const FALLBACK_FILE = 'fallback.conf';

export function attachCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'attach',
      does: 'print what has to be added to an existing Asterisk',
      examples: ['attach --print', 'attach --print > genvoice-parts.conf'],
      options: [['--print', 'print it; nothing is ever written by this command']],
    },
    attach,
  );
}

async function attach(cli: Cli, options: Options): Promise<ExitCode> {
  if (!isSet(options, 'print'))
    throw misuse('attach only prints.', 'Run genvoice attach --print, and copy the parts by hand.', '--print');
  const { settings } = readSettings(cli.home, cli.env);
  const fallback = join(resolve(cli.home, settings?.dataFolder ?? '.genvoice/data'), FALLBACK_FILE);
  const text = attachText({
    ariUser: settings?.ariUser ?? 'genvoice',
    ariApp: settings?.ariApp ?? 'genvoice',
    dialplan: readFileSync(join(cli.product, 'dialplan', 'extensions.conf'), 'utf8'),
    fallback: existsSync(fallback) ? readFileSync(fallback, 'utf8') : null,
    mediaUrl: settings?.mediaUrl ?? null,
  });
  cli.say.json({ text });
  cli.say.line(text);
  return EXIT.yes;
}
