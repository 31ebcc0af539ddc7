// genvoice phones: which are online, and passwords that are shown once.
import type { Command } from 'commander';
import type { PhoneRow, PhoneSecret } from '../http/wire.ts';
import { isSet, leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { plain } from './format.ts';
import { theOne } from './owner.ts';
import { typedPin } from './typed-pin.ts';

export function phonesCommands(program: Command, run: Run): void {
  const phones = noun(program, 'phones', 'phones of the extensions', ['phones list', 'phones secret 201']);
  leaf(
    phones,
    run,
    { name: 'list', does: 'phones and whether they are online', examples: ['phones list', 'phones list --json'] },
    listPhones,
  );
  leaf(
    phones,
    run,
    {
      name: 'secret <extension>',
      does: 'make a new password for a phone and show it once',
      examples: ['phones secret 201', 'phones secret 201 --customer bramley-finch --yes'],
      options: [
        ['--customer <id>', 'whose extension it is'],
        ['--yes', 'replace a password that is in use'],
      ],
    },
    makeSecret,
  );
  leaf(
    phones,
    run,
    {
      name: 'remove <extension>',
      does: 'take the password of a phone away',
      examples: ['phones remove 201 --yes', 'phones remove 201 --customer bramley-finch --yes'],
      options: [
        ['--customer <id>', 'whose extension it is'],
        ['--yes', 'needed when the phone is online'],
      ],
    },
    removePhone,
  );
  leaf(
    phones,
    run,
    {
      name: 'pin <extension>',
      does: 'set the PIN for outside calls that need one; it is read from standard input',
      examples: ['phones pin 201', 'phones pin 201 --customer bramley-finch < pin.txt'],
      options: [['--customer <id>', 'whose extension it is']],
    },
    setCallsPin,
  );
}

async function listPhones(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api().get<{ phones: PhoneRow[] }>('/v1/phones');
  cli.say.json(answer);
  if (answer.phones.length === 0) cli.say.hint('No plan has an extension.');
  cli.say.rows(
    [
      { head: 'Customer' },
      { head: 'Ext.', align: 'right' },
      { head: 'Name', mayCut: true },
      { head: 'State' },
      { head: 'Endpoint' },
    ],
    answer.phones.map((row) => [
      plain(row.customer),
      plain(row.extension),
      plain(row.name),
      stateOf(row),
      plain(row.endpoint),
    ]),
  );
  return EXIT.yes;
}

function stateOf(row: PhoneRow): string {
  if (row.isOnline) return 'online';
  return row.isOurs && !row.hasSecret ? 'offline, no password yet' : 'offline';
}

/** The phone of an extension, of the only customer that has one or of the one named; throws when there is none. */
export async function findPhone(cli: Cli, extension: string, customer: string | undefined): Promise<PhoneRow> {
  const { phones } = await cli.api().get<{ phones: PhoneRow[] }>('/v1/phones');
  return theOne(
    phones.filter((row) => row.extension === extension),
    customer,
    `extension ${extension}`,
    'genvoice phones list',
  );
}

async function makeSecret(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const phone = await findPhone(cli, args[0] ?? '', textOf(options, 'customer'));
  // Every phone has a password from its first day, mostly one that nobody has seen: only one that is in use counts.
  if (phone.isOnline && !isSet(options, 'yes')) {
    throw misuse(
      `${plain(phone.name)} (${phone.extension}) is online; a new password logs it out.`,
      'Add --yes to replace it.',
      '--yes',
    );
  }
  const secret = await cli
    .api()
    .get<PhoneSecret>(
      `/v1/phones/${encodeURIComponent(phone.customer)}/${encodeURIComponent(phone.extension)}/secret`,
      { method: 'POST' },
    );
  cli.say.json(secret);
  cli.say.line(`User name  ${plain(secret.username)}`);
  cli.say.line(`Password   ${plain(secret.password)}`);
  cli.say.line(`Address    ${plain(secret.sipAddress)}`);
  cli.say.hint('The password is kept nowhere and not shown again; the one before no longer works. Put it into the phone now.');
  return EXIT.yes;
}

async function removePhone(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const phone = await findPhone(cli, args[0] ?? '', textOf(options, 'customer'));
  if (phone.isOnline && !isSet(options, 'yes'))
    throw misuse(
      `${plain(phone.name)} (${phone.extension}) is online and would be logged out.`,
      'Add --yes to take its password away.',
      '--yes',
    );
  const row = await cli
    .api()
    .get<PhoneRow>(`/v1/phones/${encodeURIComponent(phone.customer)}/${encodeURIComponent(phone.extension)}`, {
      method: 'DELETE',
    });
  cli.say.json(row);
  cli.say.line(
    `${cli.say.mark('yes')} ${plain(row.name)} (${plain(row.extension)}) has no password now. The extension stays in the plan.`,
  );
  return EXIT.yes;
}

async function setCallsPin(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const phone = await findPhone(cli, args[0] ?? '', textOf(options, 'customer'));
  const pin = await typedPin(cli, `for outside calls of ${plain(phone.name)} (${plain(phone.extension)})`);
  const row = await cli
    .api()
    .get<{ name: string }>(`/v1/customers/${encodeURIComponent(phone.customer)}/extensions/${encodeURIComponent(phone.extension)}/calls-pin`, { method: 'PUT', body: { pin } });
  cli.say.json(row);
  cli.say.line(`${cli.say.mark('yes')} The PIN for outside calls of ${plain(row.name)} is set.`);
  return EXIT.yes;
}
