// genvoice dial: places a call for an extension, whose own phone rings first, and tells how it goes on. Going away leaves the
// call alone: it belongs to the people in it.
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { PlacedCallWire } from '../http/place-call.ts';
import type { CallEventWire } from '../http/wire.ts';
import { toE164OrNull } from '../numbering/e164.ts';
import type { ServerEvent } from './api.ts';
import { isSet, leaf, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { clockTime, phone, plain } from './format.ts';
import { findPhone } from './phones.ts';

type Ended = NonNullable<CallEventWire['end']>;
interface Followed {
  readonly progress: readonly unknown[];
  readonly isConnected: boolean;
  /** null = the stream was left before the call's end. */
  readonly end: Ended | null;
}

const HOME_ZONE = 'Europe/London';

export function dialCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'dial',
      does: "place a call for an extension: its own phone rings first, then the number; Ctrl+C leaves the call alone",
      examples: ['dial --as 201 --to 07700900123', 'dial --as 201 --to +447700900123 --cli 01632960018 --auto-answer'],
      options: [
        ['--as <extension>', 'whose phone rings first'],
        ['--to <number>', 'number to call, as that phone would dial it, or +44…'],
        ['--customer <id>', 'whose extension it is'],
        ['--cli <number>', 'number that they see'],
        ['--purpose <purpose>', 'service, marketing, claims or pensions'],
        ['--auto-answer', 'ask the phone to pick up by itself'],
      ],
    },
    dial,
  );
}

async function dial(cli: Cli, options: Options): Promise<ExitCode> {
  const as = needed(options, 'as', '--as', 'Name the extension whose phone rings first, for example --as 201.');
  const to = needed(options, 'to', '--to', 'Name the number, for example --to 07700900123.');
  const shown = cliOf(textOf(options, 'cli'));
  const purpose = textOf(options, 'purpose');
  const { customer } = await findPhone(cli, as, textOf(options, 'customer'));
  const body = {
    customer, as, to, autoAnswer: isSet(options, 'autoAnswer'),
    ...(shown === undefined ? {} : { cli: shown }), ...(purpose === undefined ? {} : { purpose }),
  };
  const { callId, events } = await place(cli, body);
  cli.say.hint(`Call ${plain(callId)} to ${phone(to)} is placed (Ctrl+C ends this, not the call) …`);
  const followed = await follow(cli, callId, events);
  if (followed.end === null) return left(cli, callId, as);
  cli.say.json({ callId, ...followed });
  return tellEnd(cli, callId, followed.end, followed.isConnected);
}

/** A try that got no answer is made again with the same key, which rings nobody twice. */
async function place(cli: Cli, body: unknown): Promise<PlacedCallWire> {
  const request = { method: 'POST', body, headers: { 'Idempotency-Key': randomUUID() } } as const;
  try {
    return await cli.api().get<PlacedCallWire>('/v1/calls', request);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'too-slow') throw error;
    return cli.api().get<PlacedCallWire>('/v1/calls', request);
  }
}

async function follow(cli: Cli, callId: string, events: string): Promise<Followed> {
  const progress: unknown[] = [];
  let isConnected = false;
  try {
    for await (const event of cli.api().events(events, cli.interrupted)) {
      const told = wireOf(event);
      if (told === null) continue;
      if (told.end !== undefined) return { progress, isConnected, end: told.end };
      progress.push(told);
      if (told.line === undefined) continue;
      isConnected ||= told.line.outcome === 'connected';
      cli.say.line(`${clockTime(told.at, HOME_ZONE)}  ${plain(told.line.text)}`);
    }
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== EXIT.unavailable) throw error;
    throw new CliError(EXIT.unavailable, error.code, error.message, { hint: `The call may go on. Look with: genvoice calls show ${plain(callId)}` });
  }
  return { progress, isConnected, end: null };
}

function wireOf({ event, data }: ServerEvent): CallEventWire | null {
  return event.startsWith('call-') ? (data as CallEventWire) : null;
}

function left(cli: Cli, callId: string, as: string): ExitCode {
  const hint = `It ends when the phone of ${plain(as)} or the other side hangs up. Look with: genvoice calls show ${plain(callId)}`;
  if (cli.interrupted.aborted) throw new CliError(EXIT.interrupted, 'interrupted', 'No longer following. The call was left alone.', { hint });
  throw new CliError(EXIT.unavailable, 'link-lost', 'The server ended the stream before the call was over.', { hint });
}

function tellEnd(cli: Cli, callId: string, end: Ended, isConnected: boolean): ExitCode {
  const { say } = cli;
  const trace = ` Trace: genvoice calls show ${plain(callId)}`;
  if (isConnected || end.code === 'feature-done') {
    say.line(`${say.mark('yes')} Answered, and ended by ${plain(end.by)}.${trace}`);
    return EXIT.yes;
  }
  const why = plain(end.detail ?? end.code.replaceAll('-', ' '));
  say.line(`${say.mark('no')} Not reached: ${why}${/[.?!]$/.test(why) ? '' : '.'}${trace}`);
  return end.fault === 'ours' ? EXIT.unavailable : EXIT.no;
}

function needed(options: Options, name: string, flag: string, hint: string): string {
  const value = textOf(options, name);
  if (value === undefined || value.trim() === '') throw misuse(`${flag} is missing.`, hint, flag);
  return value;
}

function cliOf(typed: string | undefined): string | undefined {
  if (typed === undefined) return undefined;
  const number = toE164OrNull(typed, 'GB');
  if (number === null) throw misuse(`--cli: "${typed.slice(0, 40)}" is no phone number.`, 'Write it with its area code, for example 01632 960018.', '--cli');
  return number;
}
