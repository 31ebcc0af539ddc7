// genvoice numbers evidence: adds and withdraws what shows that a customer may use a number. Nothing is ever changed or removed.
import type { Command } from 'commander';
import { EVIDENCE_TYPES } from '../compliance/attempt.ts';
import type { EvidenceWire } from '../http/wire-outbound.ts';
import { leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { phone, plain } from './format.ts';
import { momentOf } from './moment.ts';
import { holderOf, numberOf } from './number-holder.ts';

export function evidenceCommands(numbers: Command, run: Run): void {
  const evidence = noun(numbers, 'evidence', 'what shows that a number may be used', [
    'numbers evidence add 01632960018 --type allocation --reference "order 1234" --checked-by Priya', 'numbers evidence withdraw 01632960018 00000000000000a1 --by Priya --reason "given back"',
  ]);
  leaf(
    evidence,
    run,
    {
      name: 'add <number>',
      does: 'add a piece of evidence; it counts from the next call',
      examples: ['numbers evidence add 01632960018 --type allocation --reference "order 1234" --checked-by Priya', 'numbers evidence add 02079460018 --type port-in --reference "letter 7" --checked-by Tom --expires 2027-03-31'],
      options: [
        ['--type <type>', EVIDENCE_TYPES.join(', ')],
        ['--reference <text>', 'what a person finds it by'],
        ['--checked-by <name>', 'who looked at it'],
        ['--checked-on <time>', 'when (default now)'],
        ['--expires <date>', 'last day on which it counts: 2027-03-31'],
      ],
    },
    add,
  );
  leaf(
    evidence,
    run,
    {
      name: 'withdraw <number> <id>',
      does: 'withdraw a piece; it stays on record and counts no more from the next call',
      examples: ['numbers evidence withdraw 01632960018 00000000000000a1 --by Priya --reason "given back"', 'numbers show 01632960018'],
      options: [['--by <name>', 'who withdraws it'], ['--reason <text>', 'why']],
    },
    withdraw,
  );
}

async function add(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const number = numberOf(args[0] ?? '');
  const type = needed(options, 'type', '--type', `One of ${EVIDENCE_TYPES.join(', ')}.`);
  if (!EVIDENCE_TYPES.some((one) => one === type)) throw misuse(`--type: "${type.slice(0, 40)}" is no kind of evidence.`, `One of ${EVIDENCE_TYPES.join(', ')}.`, '--type');
  const reference = needed(options, 'reference', '--reference', 'Say what a person finds it by, for example --reference "order 1234".');
  const checkedBy = needed(options, 'checkedBy', '--checked-by', 'Name who looked at it, for example --checked-by Priya.');
  const checkedOn = momentOf(textOf(options, 'checkedOn'), '--checked-on') ?? new Date(cli.nowMs()).toISOString();
  const { customer } = await holderOf(cli, number);
  const piece = await cli.api().get<EvidenceWire>(pathOf(customer, number), { method: 'POST', body: { type, reference, checkedBy, checkedOn, expiresOn: textOf(options, 'expires') ?? null } });
  cli.say.json(piece);
  cli.say.line(`${cli.say.mark('yes')} Evidence ${plain(piece.id)} for ${phone(number)} counts from the next call${piece.expiresOn === null ? '' : `, until ${plain(piece.expiresOn)}`}.`);
  return EXIT.yes;
}

async function withdraw(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const number = numberOf(args[0] ?? '');
  const by = needed(options, 'by', '--by', 'Name who withdraws it, for example --by Priya.');
  const reason = needed(options, 'reason', '--reason', 'Say why, for example --reason "given back".');
  const { customer } = await holderOf(cli, number);
  const piece = await cli.api().get<EvidenceWire>(`${pathOf(customer, number)}/${encodeURIComponent(args[1] ?? '')}/withdrawal`, { method: 'POST', body: { by, reason } });
  cli.say.json(piece);
  cli.say.line(`${cli.say.mark('yes')} Evidence ${plain(piece.id)} for ${phone(number)} is withdrawn. It stays on record.`);
  return EXIT.yes;
}

/** `customer` as `holderOf` gives it: encoded. */
function pathOf(customer: string, number: string): string {
  return `/v1/customers/${customer}/numbers/${encodeURIComponent(number)}/evidence`;
}

function needed(options: Options, name: string, flag: string, hint: string): string {
  const value = textOf(options, name);
  if (value === undefined || value.trim() === '') throw misuse(`${flag} is missing.`, hint, flag);
  return value;
}
