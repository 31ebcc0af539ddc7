// The whole command: which commands there are, and one run of it from arguments to exit code. Everything it touches
// comes in as `World`, so that a test runs it like a person does. Read `runCommand` first.
import { Command, CommanderError } from 'commander';
import { createApi } from './api.ts';
import { attachCommand } from './attach.ts';
import { callCommand } from './call.ts';
import { callsCommands } from './calls.ts';
import { checkCommand } from './check.ts';
import { examplesText } from './cli.ts';
import type { Act, Cli, Options } from './cli.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { decisionsCommands } from './decisions.ts';
import { dialCommand } from './dial.ts';
import { discover, homeFolder } from './discover.ts';
import { explainCommand } from './explain.ts';
import { mailboxesCommands } from './mailboxes.ts';
import { numbersCommands } from './numbers.ts';
import { phonesCommands } from './phones.ts';
import { plansCommands } from './plans.ts';
import { createSay } from './say.ts';
import type { Sink } from './say.ts';
import { settingsCommand } from './settings.ts';
import { statusCommands } from './status.ts';
import { switchesCommands } from './switches.ts';
import { trunksCommands } from './trunks.ts';

export interface World {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly product: string;
  readonly workingFolder: string;
  readonly version: string;
  readonly interrupted: AbortSignal;
  nowMs(): number;
}

/** Runs one command line (without the program's name) and returns its exit code. Never rejects. */
export async function runCommand(args: readonly string[], world: World): Promise<ExitCode> {
  let exit: ExitCode = EXIT.yes;
  const isJson = args.includes('--json');
  const program = build(world, async (act, options, rest) => {
    exit = await act(cliOf(world, options, args.includes('--no-color')), options, rest);
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    return report(error, isJson, world);
  }
}

function build(world: World, run: (act: Act, options: Options, args: readonly string[]) => Promise<void>): Command {
  const program = new Command('genvoice');
  program
    .description('Call control for UK business telephony on Asterisk.')
    .version(world.version, '-V, --version', 'print the version')
    .option('--no-color', 'no colour')
    .addHelpText(
      'before',
      examplesText(['call 01632960018 --keys 1', 'explain --to 01632960018 --at 2026-12-25T10:00 --keys 1']),
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  callCommand(program, run);
  dialCommand(program, run);
  callsCommands(program, run);
  numbersCommands(program, run);
  decisionsCommands(program, run);
  checkCommand(program, run);
  explainCommand(program, run);
  plansCommands(program, run);
  switchesCommands(program, run);
  phonesCommands(program, run);
  trunksCommands(program, run);
  mailboxesCommands(program, run);
  statusCommands(program, run);
  settingsCommand(program, run);
  attachCommand(program, run);
  for (const command of program.commands) inherit(program, command);
  return program;
}

/** Commander copies its settings only to commands that are made after them, and not to those below nouns. */
function inherit(from: Command, command: Command): void {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(from, below);
}

function cliOf(world: World, options: Options, noColour: boolean): Cli {
  const say = createSay({
    stdout: world.stdout,
    stderr: world.stderr,
    env: world.env,
    isJson: options['json'] === true,
    noColour,
  });
  const { product, workingFolder, env, interrupted } = world;
  const home = homeFolder(workingFolder, product);
  return {
    say,
    env,
    product,
    home,
    workingFolder,
    interrupted,
    nowMs: () => world.nowMs(),
    api: () => createApi(discover(home, env)),
  };
}

function report(error: unknown, isJson: boolean, world: World): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.yes;
  const shown =
    world.interrupted.aborted && !(error instanceof CliError)
      ? new CliError(EXIT.interrupted, 'interrupted', 'Interrupted.')
      : asCliError(error);
  const say = createSay({ stdout: world.stdout, stderr: world.stderr, env: world.env, isJson, noColour: true });
  say.json({ error: { code: shown.code, message: shown.message, path: shown.path, hint: shown.hint } });
  if (!isJson) {
    say.error(shown.message);
    if (shown.hint !== null) say.error(shown.hint);
  }
  return shown.exit;
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help')
      return new CliError(EXIT.usage, 'usage', 'This command needs another word after it.', {
        hint: 'genvoice --help lists the commands.',
      });
    const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
    const text = `${first.charAt(0).toUpperCase()}${first.slice(1)}${/[.?!]$/.test(first) ? '' : '.'}`;
    return new CliError(EXIT.usage, 'usage', text, {
      hint: suggestion === '' ? 'Add --help for the options and examples.' : suggestion.replace(/^\(|\)$/g, ''),
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new CliError(EXIT.unavailable, 'fault', `genvoice met a fault of its own: ${text}.`, {
    hint: 'This is a defect of the command; its state may be half done.',
  });
}
