// genvoice call: a real SIP call through the live plan, told as it happens.
import { ANSWER_NAMES } from './answers.ts';
import type { Command } from 'commander';
import type { TestCallProgress, TestCallResult } from '../http/wire.ts';
import { problemError } from './api.ts';
import { keyList, leaf, pairs, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { duration, latency, parseDuration, phone, plain } from './format.ts';

/** A caller who presses nothing hears every menu three times, rings everybody and leaves a message: about two minutes. */
const DEFAULT_LIMIT_MS = 180_000;
const MAX_LIMIT_MS = 600_000;

export function callCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'call <number>',
      does: 'place a real SIP call through the live plan and print what happens',
      examples: [
        'call 01632960018 --keys 1',
        'call +441632960018 --from 07700900123 --keys 1,2 --answer 201=busy,202=no-answer',
        'call 202 --from 201 --customer bramley-finch',
      ],
      options: [
        ['--keys <keys>', 'keys to press, one entry for each time the call listens: 1,2'],
        ['--from <number>', 'caller; also "withheld", "none", or an extension: its phone calls then'],
        ['--customer <id>', 'whose extension <number> is'],
        ['--answer <list>', `what test phones do: 201=busy,202=no-answer (${ANSWER_NAMES.join(', ')})`],
        ['--hang-up-after <time>', 'hang up this long after the answer: 5s'],
        ['--time-limit <time>', 'give up after this long (default 3m)'],
      ],
    },
    placeCall,
  );
}

async function placeCall(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const body = bodyOf(options, args[0] ?? '');
  const narrator = new Narrator(cli);
  const progress: TestCallProgress[] = [];
  let result: TestCallResult | null = null;
  for await (const { event, data } of cli.api().events('/v1/test-calls', cli.interrupted, { method: 'POST', body })) {
    if (event === 'progress') {
      progress.push(data as TestCallProgress);
      narrator.tell(data as TestCallProgress);
    } else if (event === 'result') {
      result = data as TestCallResult;
    } else if (event === 'problem') {
      narrator.end();
      throw problemError(data);
    }
  }
  narrator.end();
  if (cli.interrupted.aborted)
    throw new CliError(EXIT.interrupted, 'interrupted', 'Interrupted. The call was hung up.');
  if (result === null)
    throw new CliError(EXIT.unavailable, 'link-lost', 'The server ended the stream before the call was over.', {
      hint: 'Look with genvoice calls list where the call ended.',
    });
  cli.say.json({ progress, result });
  tellEnd(cli, result);
  return exitOf(result);
}

function bodyOf(options: Options, to: string): Record<string, unknown> {
  const hangUp = textOf(options, 'hangUpAfter');
  const from = textOf(options, 'from');
  const customer = textOf(options, 'customer');
  const limit = timeOf(textOf(options, 'timeLimit'), '--time-limit') ?? DEFAULT_LIMIT_MS;
  if (limit < 1000 || limit > MAX_LIMIT_MS)
    throw misuse('--time-limit is outside 1 s to 10 min.', 'Write it like 60s or 5m.', '--time-limit');
  return {
    to,
    keys: keyList(textOf(options, 'keys')),
    answers: pairs(textOf(options, 'answer'), '--answer', ANSWER_NAMES),
    timeLimitMs: limit,
    ...(from === undefined ? {} : { from }),
    ...(customer === undefined ? {} : { customer }),
    ...(hangUp === undefined ? {} : { hangUpAfterMs: timeOf(hangUp, '--hang-up-after') }),
  };
}

function timeOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === null)
    throw misuse(`${flag}: "${text.slice(0, 40)}" is no length of time.`, 'Write it like 5s, 500ms or 2m.', flag);
  return ms;
}

/** One growing line on a terminal, one line for each event in a pipe. */
class Narrator {
  readonly #cli: Cli;
  #hasBegun = false;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  tell(progress: TestCallProgress): void {
    const { say } = this.#cli;
    const text = sentence(progress);
    if (text === '') return;
    if (!say.isTerminal) {
      say.line(text);
      return;
    }
    if (progress.kind === 'answered') say.part(this.#hasBegun ? ` … ${text}` : text);
    else say.part(this.#hasBegun ? ` · ${text}` : text);
    this.#hasBegun = true;
  }

  end(): void {
    if (this.#hasBegun) this.#cli.say.line();
    this.#hasBegun = false;
  }
}

function sentence(progress: TestCallProgress): string {
  switch (progress.kind) {
    case 'calling':
      return `Calling ${phone(progress.to)}`;
    case 'answered':
      return `answered after ${latency(progress.afterMs)}`;
    case 'step':
      // Who answered has been told with the leg.
      if (progress.stepKind === 'ring' && progress.outcome === 'connected') return '';
      return `${progress.step === null ? '' : `${plain(progress.step)} `}${plain(progress.text)}`;
    case 'leg':
      // Refusals are in the sentence of the step.
      if (progress.state !== 'answered') return '';
      return `${plain(progress.name)}${progress.isTestPhone ? ' (test phone)' : ''} ${plain(progress.state).replaceAll('-', ' ')}`;
    case 'note':
      return plain(progress.text);
  }
}

function tellEnd(cli: Cli, result: TestCallResult): void {
  const { say } = cli;
  const version = result.planVersion === null ? 'the plan' : `version ${result.planVersion}`;
  const where = plain(result.endedAt);
  const trace = result.callId === null ? '' : ` Trace: genvoice calls show ${plain(result.callId)}`;
  switch (result.verdict) {
    case 'as-planned':
      say.line(`${say.mark('yes')} Ended at ${where}, as ${version} says.${trace}`);
      break;
    case 'other-end':
      say.line(
        `${say.mark('no')} Ended at ${where}; ${version} says ${result.expectedAt === null ? 'otherwise' : plain(result.expectedAt)}.${trace}`,
      );
      break;
    case 'time-limit':
      say.line(`${say.mark('no')} Not over after ${duration(result.durationMs)}; hung up at ${where}.${trace}`);
      break;
    case 'no-asterisk':
      say.line(
        `${say.mark('no')} The call could not be placed: ${plain(result.detail ?? 'Asterisk did not take it')}.${trace}`,
      );
      break;
    case 'interrupted':
      say.line(`${say.mark('no')} Interrupted at ${where}. The call was hung up.${trace}`);
  }
  if (result.verdict !== 'as-planned' && result.verdict !== 'no-asterisk' && result.detail !== null)
    say.line(plain(result.detail));
  if (result.hint !== null) say.hint(plain(result.hint));
}

function exitOf(result: TestCallResult): ExitCode {
  switch (result.verdict) {
    case 'as-planned':
      return EXIT.yes;
    case 'other-end':
      return EXIT.no;
    case 'time-limit':
    case 'no-asterisk':
      return EXIT.unavailable;
    case 'interrupted':
      return EXIT.interrupted;
  }
}
