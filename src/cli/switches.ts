// genvoice switches: night and closed switches, and setting one.
import type { Command } from 'commander';
import type { SwitchRow } from '../http/wire.ts';
import { leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { dateTime, plain } from './format.ts';
import { theOne } from './owner.ts';

export function switchesCommands(program: Command, run: Run): void {
  const switches = noun(program, 'switches', 'night and other switches', ['switches list', 'switches set night on']);
  leaf(
    switches,
    run,
    { name: 'list', does: 'switches and their positions', examples: ['switches list', 'switches list --json'] },
    listSwitches,
  );
  leaf(
    switches,
    run,
    {
      name: 'set <name> <position>',
      does: 'set a switch; holds from the next call',
      examples: ['switches set night on', 'switches set night off --customer bramley-finch'],
      options: [['--customer <id>', 'whose switch it is']],
    },
    setSwitch,
  );
}

async function listSwitches(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api().get<{ switches: SwitchRow[] }>('/v1/switches');
  cli.say.json(answer);
  if (answer.switches.length === 0) cli.say.hint('No plan has a switch.');
  cli.say.rows(
    [
      { head: 'Customer' },
      { head: 'Switch' },
      { head: 'Position' },
      { head: 'Since' },
      { head: 'Set by' },
      { head: 'Code' },
      { head: 'Label', mayCut: true },
    ],
    answer.switches.map((row) => [
      plain(row.customer),
      plain(row.name),
      plain(row.position),
      row.setAt === null ? 'never set' : dateTime(row.setAt, 'Europe/London'),
      plain(row.setBy ?? ''),
      plain(row.featureCode ?? ''),
      plain(row.label),
    ]),
  );
  return EXIT.yes;
}

async function setSwitch(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const [name = '', position = ''] = args;
  const api = cli.api();
  const { switches } = await api.get<{ switches: SwitchRow[] }>('/v1/switches');
  const before = theOne(
    switches.filter((row) => row.name === name),
    textOf(options, 'customer'),
    `switch "${name}"`,
    'genvoice switches list',
  );
  const after = await api.get<SwitchRow>(
    `/v1/switches/${encodeURIComponent(before.customer)}/${encodeURIComponent(name)}`,
    { method: 'PUT', body: { position } },
  );
  cli.say.json(after);
  cli.say.line(
    `${cli.say.mark('yes')} ${plain(after.label)} of ${plain(after.customer)} is ${plain(after.position)} from the next call.`,
  );
  if (before.position !== after.position)
    cli.say.hint(
      `Undo: genvoice switches set ${plain(name)} ${plain(before.position)} --customer ${plain(after.customer)}`,
    );
  return EXIT.yes;
}
