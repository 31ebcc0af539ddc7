// genvoice attach --print: what has to be added to an Asterisk that was there before. Needs no server, changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RoutingPlan } from '../routing/plan.ts';
import { readSettings } from '../settings.ts';
import { attachText } from './attach-text.ts';
import { isSet, leaf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { plain } from './format.ts';

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
  const text = attachText({
    ariUser: settings?.ariUser ?? 'genvoice',
    ariApp: settings?.ariApp ?? 'genvoice',
    dialplan: readFileSync(join(cli.product, 'dialplan', 'extensions.conf'), 'utf8'),
    fallback: await fallbackOf(cli, resolve(cli.home, settings?.plansFolder ?? 'dialplan/plans')),
    mediaUrl: settings?.mediaUrl ?? null,
  });
  cli.say.json({ text });
  cli.say.line(text);
  return EXIT.yes;
}

/** The fallback dialplan of the plan files as they are now; without announcements, whose files that Asterisk lacks. */
async function fallbackOf(cli: Cli, plansFolder: string): Promise<string | null> {
  const { checkFile, planFiles } = await import('./plan-file.ts');
  const { crossCheck } = await import('../routing/check.ts');
  const { fallbackEntries } = await import('../plans/fallback-route.ts');
  const { endpointName } = await import('../plans/endpoint-name.ts');
  const { renderFallback } = await import('../embedded/fallback.ts');
  const plans: RoutingPlan[] = [];
  if (!existsSync(plansFolder)) return null;
  for (const file of planFiles(plansFolder)) {
    const { plan } = checkFile(file, cli.product).compiled;
    // A number of two plans would be a spelling claimed twice: the first plan keeps it, as on load.
    if (plan !== null && crossCheck([...plans, plan]).length === 0) plans.push(plan);
    else
      cli.say.hint(
        `${plain(basename(file))} has problems and is left out of the third part: genvoice check ${plansFolder}`,
      );
  }
  return plans.length === 0 ? null : renderFallback(plans.flatMap((plan) => fallbackEntries(plan, () => null, ({ customer }, extension) => endpointName(customer, extension, false))));
}
