// genvoice settings: the settings of the running server and where each comes from.
import type { Command } from 'commander';
import type { SettingRow } from '../http/wire.ts';
import { leaf } from './cli.ts';
import type { Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import { plain } from './format.ts';

export function settingsCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'settings',
      does: 'the settings in force and where each comes from',
      examples: ['settings', 'settings --json'],
    },
    async (cli) => {
      const answer = await cli.api().get<{ settings: SettingRow[] }>('/v1/settings');
      cli.say.json(answer);
      cli.say.rows(
        [
          { head: 'Setting' },
          { head: 'Value', mayCut: true },
          { head: 'From' },
          { head: 'What it does', mayCut: true },
        ],
        answer.settings.map((row) => [plain(row.name), plain(row.value), row.from, plain(row.meaning)]),
      );
      cli.say.hint('Change them in genvoice.env or the environment; they are read at the start.');
      return EXIT.yes;
    },
  );
}
