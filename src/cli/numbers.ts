// genvoice numbers: the DDIs of the live plans and what each does.
import type { Command } from 'commander';
import type { NumberRow } from '../http/wire.ts';
import { leaf, noun } from './cli.ts';
import type { Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import { phone, plain } from './format.ts';

export function numbersCommands(program: Command, run: Run): void {
  const numbers = noun(program, 'numbers', 'phone numbers that callers dial', ['numbers list', 'numbers list --json']);
  leaf(
    numbers,
    run,
    {
      name: 'list',
      does: 'the DDIs of the live plans and what each does',
      examples: ['numbers list', 'numbers list --customer bramley-finch --json'],
      options: [['--customer <id>', 'of this customer alone']],
    },
    async (cli, options) => {
      const customer =
        typeof options['customer'] === 'string' ? `?customer=${encodeURIComponent(options['customer'])}` : '';
      const answer = await cli.api().get<{ numbers: NumberRow[] }>(`/v1/numbers${customer}`);
      cli.say.json(answer);
      if (answer.numbers.length === 0)
        cli.say.hint('No numbers. Put a plan into the plans folder; genvoice settings shows where it is.');
      cli.say.rows(
        [
          { head: 'Number' },
          { head: 'Customer' },
          { head: 'Label', mayCut: true },
          { head: 'What callers meet', mayCut: true },
        ],
        answer.numbers.map((row) => [phone(row.ddi), plain(row.customer), plain(row.label), plain(row.does)]),
      );
      return EXIT.yes;
    },
  );
}
