// genvoice mailboxes: voicemail boxes, their messages and PINs. A PIN is read from stdin, so that no history keeps it.
import type { Command } from 'commander';
import type { MailboxRow, MessageRow } from '../http/wire.ts';
import { leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { callerText, dateTime, duration, plain } from './format.ts';
import { theOne } from './owner.ts';
import { typedPin } from './typed-pin.ts';

export function mailboxesCommands(program: Command, run: Run): void {
  const mailboxes = noun(program, 'mailboxes', 'voicemail boxes', ['mailboxes list', 'mailboxes messages office']);
  leaf(
    mailboxes,
    run,
    {
      name: 'list',
      does: 'voicemail boxes and what lies in them',
      examples: ['mailboxes list', 'mailboxes list --json'],
    },
    listMailboxes,
  );
  leaf(
    mailboxes,
    run,
    {
      name: 'messages <mailbox>',
      does: 'messages of a box, newest first',
      examples: ['mailboxes messages office', 'mailboxes messages office --customer bramley-finch'],
      options: [['--customer <id>', 'whose box it is']],
    },
    listMessages,
  );
  leaf(
    mailboxes,
    run,
    {
      name: 'pin <mailbox>',
      does: 'set the PIN of a box; it is read from standard input',
      examples: ['mailboxes pin office', 'mailboxes pin office --customer bramley-finch < pin.txt'],
      options: [['--customer <id>', 'whose box it is']],
    },
    setPin,
  );
}

async function listMailboxes(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api().get<{ mailboxes: MailboxRow[] }>('/v1/mailboxes');
  cli.say.json(answer);
  if (answer.mailboxes.length === 0) cli.say.hint('No plan has a mailbox.');
  cli.say.rows(
    [
      { head: 'Customer' },
      { head: 'Mailbox' },
      { head: 'Name', mayCut: true },
      { head: 'New', align: 'right' },
      { head: 'Old', align: 'right' },
      { head: 'PIN' },
    ],
    answer.mailboxes.map((row) => [
      plain(row.customer),
      plain(row.id),
      plain(row.name),
      `${row.newMessages}`,
      `${row.oldMessages}`,
      row.hasPin ? 'set' : 'not set',
    ]),
  );
  return EXIT.yes;
}

async function find(cli: Cli, id: string, customer: string | undefined): Promise<MailboxRow> {
  const { mailboxes } = await cli.api().get<{ mailboxes: MailboxRow[] }>('/v1/mailboxes');
  return theOne(
    mailboxes.filter((row) => row.id === id),
    customer,
    `mailbox "${id}"`,
    'genvoice mailboxes list',
  );
}

async function listMessages(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const box = await find(cli, args[0] ?? '', textOf(options, 'customer'));
  const answer = await cli
    .api()
    .get<{ messages: MessageRow[] }>(
      `/v1/mailboxes/${encodeURIComponent(box.customer)}/${encodeURIComponent(box.id)}/messages`,
    );
  cli.say.json(answer);
  if (answer.messages.length === 0) cli.say.hint(`No messages in ${plain(box.name)}.`);
  cli.say.rows(
    [{ head: 'Received' }, { head: 'From' }, { head: 'Length', align: 'right' }, { head: '' }, { head: 'Call' }],
    answer.messages.map((row) => [
      dateTime(row.receivedAt, box.timeZone),
      callerText(row.caller),
      duration(row.durationMs),
      row.isNew ? 'new' : '',
      plain(row.callId),
    ]),
  );
  return EXIT.yes;
}

async function setPin(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const box = await find(cli, args[0] ?? '', textOf(options, 'customer'));
  const pin = await typedPin(cli, `of ${plain(box.name)}`);
  const row = await cli
    .api()
    .get<MailboxRow>(`/v1/mailboxes/${encodeURIComponent(box.customer)}/${encodeURIComponent(box.id)}/pin`, {
      method: 'PUT',
      body: { pin },
    });
  cli.say.json(row);
  cli.say.line(`${cli.say.mark('yes')} The PIN of ${plain(row.name)} is set.`);
  return EXIT.yes;
}
