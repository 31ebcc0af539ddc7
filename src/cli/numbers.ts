// genvoice numbers: the DDIs of the live plans and what each does; one number with what it may be used for and why.
import type { Command } from 'commander';
import type { NumberRow } from '../http/wire.ts';
import type { EvidenceWire, HeldNumber } from '../http/wire-outbound.ts';
import { leaf, noun } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { dateTime, phone, plain } from './format.ts';
import { evidenceCommands } from './number-evidence.ts';
import { holderOf, numberOf } from './number-holder.ts';

export function numbersCommands(program: Command, run: Run): void {
  const numbers = noun(program, 'numbers', 'phone numbers that callers dial', ['numbers list', 'numbers show 01632960018']);
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
          { head: 'Returnable' },
          { head: 'What callers meet', mayCut: true },
        ],
        answer.numbers.map((row) => [phone(row.ddi), plain(row.customer), plain(row.label), plain(returnable(row)), plain(row.does)]),
      );
      for (const { ddi, isProven, proof } of answer.numbers)
        if (isProven === false) cli.say.hint(`${phone(ddi)} is not proven returnable: ${plain(proof ?? '')}`);
      return EXIT.yes;
    },
  );
  leaf(
    numbers,
    run,
    { name: 'show <number>', does: 'one number: may it be shown on calls, why, and its evidence', examples: ['numbers show 01632960018', 'numbers show +441632960018 --json'] },
    showNumber,
  );
  evidenceCommands(numbers, run);
}

async function showNumber(cli: Cli, _options: Options, args: readonly string[]): Promise<ExitCode> {
  const number = numberOf(args[0] ?? '');
  const { customer, held } = await holderOf(cli, number);
  const { evidence } = await cli.api().get<{ evidence: EvidenceWire[] }>(`/v1/customers/${customer}/numbers/${encodeURIComponent(number)}/evidence`);
  cli.say.json({ customer, ...held, evidenceRows: evidence });
  for (const line of heldText(customer, held)) cli.say.line(line);
  cli.say.line(`  ${stateMark(cli, held)}`);
  for (const { outcome, rule, version, text } of held.reasons) if (outcome !== 'allow') cli.say.line(`    ${plain(rule)} (${plain(version)}): ${plain(text)}`);
  if (evidence.length === 0) cli.say.line('  evidence: none');
  for (const piece of evidence) cli.say.line(`  evidence: ${pieceText(piece)}`);
  cli.say.line(held.lastSelfCall === null ? '  self-call: none yet' : `  self-call: ${held.lastSelfCall.result.replaceAll('-', ' ')}, ${plain(held.lastSelfCall.detail)}, ${dateTime(held.lastSelfCall.at, HOME_ZONE)}`);
  return held.isUsable ? EXIT.yes : EXIT.no;
}

const HOME_ZONE = 'Europe/London';

function heldText(customer: string, { number, label, capability, returnTo, heldSince, purposes, site, provider }: HeldNumber): string[] {
  const facts = [
    capability.replaceAll('-', ' '), ...(returnTo === null ? [] : [`calls back to ${phone(returnTo)}`]), heldSince === null ? 'held since nobody says when' : `held since ${plain(heldSince)}`, `for ${purposes.map(plain).join(', ')}`,
    ...(site === null ? [] : [`site ${plain(site)}`]), ...(provider === null ? [] : [`provider ${plain(provider)}`]),
  ];
  return [`${phone(number)}  ${plain(label)}  ${plain(customer)}`, `  ${facts.join(', ')}`];
}

function stateMark(cli: Cli, { isUsable, stoppedBy }: HeldNumber): string {
  return isUsable ? `${cli.say.mark('yes')} may be shown` : `${cli.say.mark('no')} may not be shown: ${plain(stoppedBy ?? 'no rule allows it')}`;
}

function pieceText({ type, reference, checkedBy, checkedOn, expiresOn, withdrawn, id }: EvidenceWire): string {
  const end = withdrawn !== null ? `withdrawn by ${plain(withdrawn.by)}: ${plain(withdrawn.reason)}` : expiresOn === null ? 'does not run out' : `until ${plain(expiresOn)}`;
  return `${type} ${plain(reference)}, checked by ${plain(checkedBy)} ${dateTime(checkedOn, HOME_ZONE)}, ${end} (${plain(id)})`;
}

function returnable({ isProven }: NumberRow): string {
  if (isProven === null) return 'being worked out';
  return isProven ? 'proven' : 'not proven';
}
