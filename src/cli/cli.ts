// What every command works with, and `leaf`, which turns a command's description into one of commander's: examples
// first in --help, --json and --no-color everywhere, the exit code returned. Read `leaf` first.
import { Command, Option } from 'commander';
import type { Api } from './api.ts';
import type { ExitCode } from './cli-error.ts';
import { misuse } from './cli-error.ts';
import type { Say } from './say.ts';

export interface Cli {
  readonly say: Say;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The product's own folder. */
  readonly product: string;
  /** Folder whose genvoice.env and data folder count. */
  readonly home: string;
  readonly workingFolder: string;
  /** Aborts on Ctrl+C. */
  readonly interrupted: AbortSignal;
  nowMs(): number;
  /** The client of the running server; throws when its key may not be read. */
  api(): Api;
}

/** Values of a command's options as commander gives them. */
export type Options = Readonly<Record<string, unknown>>;
export type Act = (cli: Cli, options: Options, args: readonly string[]) => Promise<ExitCode>;
/** Runs an act with the Cli that fits its options; given by main.ts. */
export type Run = (act: Act, options: Options, args: readonly string[]) => Promise<void>;

export interface LeafSpec {
  /** As commander has it: `show <id>`. */
  readonly name: string;
  readonly does: string;
  /** Real command lines, without `genvoice`. */
  readonly examples: readonly [string, string, ...string[]];
  readonly options?: readonly (readonly [flags: string, does: string])[];
}

/** Adds one command below `parent`. */
export function leaf(parent: Command, run: Run, spec: LeafSpec, act: Act): Command {
  const command = parent.command(spec.name).description(spec.does);
  for (const [flags, does] of spec.options ?? []) command.option(flags, does);
  return finish(command, spec.examples).action((...given: unknown[]) => {
    const own = given.at(-1) as Command;
    return run(
      act,
      own.opts(),
      own.processedArgs.flat().filter((arg): arg is string => typeof arg === 'string'),
    );
  });
}

/** A noun that has verbs. */
export function noun(program: Command, name: string, does: string, examples: LeafSpec['examples']): Command {
  const command = program.command(name).description(does);
  return command.addHelpText('before', examplesText(examples)).exitOverride();
}

function finish(command: Command, examples: LeafSpec['examples']): Command {
  return command
    .addOption(new Option('--json', 'print exactly one JSON document'))
    .addOption(new Option('--no-color', 'no colour'))
    .addHelpText('before', examplesText(examples))
    .exitOverride();
}

export function examplesText(examples: readonly string[]): string {
  return `Examples:\n${examples.map((line) => `  genvoice ${line}\n`).join('')}`;
}

/** Text of an option, or undefined when it was not given. */
export function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function isSet(options: Options, name: string): boolean {
  return options[name] === true;
}

/** Entries of `201=busy,202=no-answer`; throws when one has no = or a value that may not be. */
export function pairs(text: string | undefined, flag: string, values?: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const item of (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const [, name, value] = /^([0-9A-Za-z-]{1,64})=([0-9A-Za-z-]{1,64})$/.exec(item) ?? [];
    if (name === undefined || value === undefined || (values !== undefined && !values.includes(value))) {
      throw misuse(
        `${flag}: "${item.slice(0, 60)}" is not ${values === undefined ? 'name=value' : `extension=${values.join('|')}`}.`,
        `Write it like ${values === undefined ? 'night=on' : '201=busy,202=no-answer'}.`,
        flag,
      );
    }
    result[name] = value;
  }
  return result;
}

/** Entries of `1,3`; an empty one means that nothing is pressed that time. */
export function keyList(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  const keys = text.split(',').map((part) => part.trim());
  const wrong = keys.find((entry) => !/^[0-9*#]{0,32}$/.test(entry));
  if (wrong !== undefined || keys.length > 64)
    throw misuse(
      `--keys: "${(wrong ?? text).slice(0, 60)}" has other keys than 0 to 9, * and #.`,
      'Write one entry for each time that keys are asked for, for example --keys 1,3.',
      '--keys',
    );
  return keys;
}
