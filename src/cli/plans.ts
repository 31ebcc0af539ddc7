// genvoice plans: what is live, its text and versions; publishing a file and restoring a version.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { PlanRow, PlanVersionRow, Published } from '../http/wire.ts';
import { isSet, leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { count, dateTime, plain } from './format.ts';
import { printProblems } from './check.ts';

export function plansCommands(program: Command, run: Run): void {
  const plans = noun(program, 'plans', 'routing plans and their versions', [
    'plans list',
    'plans publish dialplan/plans/bramley-finch.json',
  ]);
  leaf(
    plans,
    run,
    { name: 'list', does: 'the live plan of each customer', examples: ['plans list', 'plans list --json'] },
    listPlans,
  );
  leaf(
    plans,
    run,
    {
      name: 'show <customer>',
      does: 'the text of a plan, byte for byte',
      examples: ['plans show bramley-finch', 'plans show bramley-finch --plan-version 40 > old.json'],
      options: [['--plan-version <n>', 'this version instead of the live one']],
    },
    showPlan,
  );
  leaf(
    plans,
    run,
    {
      name: 'publish <file>',
      does: 'publish a plan file as a new version; live calls keep theirs',
      examples: [
        'plans publish dialplan/plans/bramley-finch.json',
        'plans publish new.json --customer bramley-finch --message "Saturday rota"',
      ],
      options: [
        ['--customer <id>', 'whose plan it is (default: the name of the file)'],
        ['--message <text>', 'why, for the history'],
        ['--based-on <hash>', 'only if this plan is live (default: whatever is live now)'],
      ],
    },
    publish,
  );
  leaf(
    plans,
    run,
    {
      name: 'versions <customer>',
      does: 'all versions, newest first',
      examples: ['plans versions bramley-finch', 'plans versions bramley-finch --json'],
    },
    listVersions,
  );
  leaf(
    plans,
    run,
    {
      name: 'restore <customer> <version>',
      does: 'publish an old version again, as a new version',
      examples: ['plans restore bramley-finch 41', 'plans restore bramley-finch 41 --yes'],
      options: [['--yes', 'needed when not on a terminal']],
    },
    restore,
  );
}

async function listPlans(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api().get<{ plans: PlanRow[] }>('/v1/plans');
  cli.say.json(answer);
  if (answer.plans.length === 0)
    cli.say.hint('No plans. Put one into the plans folder; genvoice settings shows where it is.');
  cli.say.rows(
    [
      { head: 'Customer' },
      { head: 'Name', mayCut: true },
      { head: 'Version', align: 'right' },
      { head: 'Numbers', align: 'right' },
      { head: 'Steps', align: 'right' },
      { head: 'Published' },
      { head: 'By' },
    ],
    answer.plans.map((plan) => [
      plain(plan.customer),
      plain(plan.name),
      `${plan.version}`,
      `${plan.numbers}`,
      `${plan.steps}`,
      dateTime(plan.publishedAt, plan.timeZone),
      plain(plan.publishedBy),
    ]),
  );
  for (const plan of answer.plans.filter((one) => one.problems.length > 0)) {
    cli.say.line(
      `${cli.say.mark('warn')} ${plain(plan.customer)}: the saved file was not taken; version ${plan.version} stays live`,
    );
    printProblems(
      cli.say,
      plan.problems.map(({ line, column, ...rest }) => ({
        ...rest,
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      })),
    );
  }
  return EXIT.yes;
}

async function showPlan(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const version = textOf(options, 'planVersion');
  const { text, headers } = await cli
    .api()
    .getText(
      `/v1/plans/${encodeURIComponent(args[0] ?? '')}${version === undefined ? '' : `?version=${encodeURIComponent(version)}`}`,
    );
  cli.say.json({
    customer: args[0],
    version: Number(headers.get('genvoice-plan-version')),
    hash: hashOf(headers),
    plan: JSON.parse(text) as unknown,
  });
  cli.say.part(text);
  return EXIT.yes;
}

async function publish(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const file = args[0] ?? '';
  const customer = textOf(options, 'customer') ?? basename(file).replace(/\.json$/i, '');
  const source = readSource(file);
  const api = cli.api();
  const headers = await basedOn(cli, customer, textOf(options, 'basedOn'));
  const message = textOf(options, 'message');
  const published = await api.get<Published>(
    `/v1/plans/${encodeURIComponent(customer)}${message === undefined ? '' : `?message=${encodeURIComponent(message)}`}`,
    { method: 'PUT', text: source, headers },
  );
  tellPublished(cli, published);
  return EXIT.yes;
}

function tellPublished(cli: Cli, published: Published): void {
  cli.say.json(published);
  cli.say.line(
    `${cli.say.mark('yes')} Version ${published.version} of ${plain(published.customer)} is live on ${count(published.numbers, 'DDI')}; calls in progress keep their version.`,
  );
  printProblems(
    cli.say,
    published.warnings.map(({ line, column, ...rest }) => ({
      ...rest,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    })),
  );
  if (published.version > 1)
    cli.say.hint(`Undo: genvoice plans restore ${published.customer} ${published.version - 1}`);
}

/** If-Match with the hash given, or with what is live now; If-None-Match for a customer without a plan. */
async function basedOn(cli: Cli, customer: string, hash: string | undefined): Promise<Record<string, string>> {
  if (hash !== undefined) return { 'If-Match': `"${hash.replaceAll('"', '')}"` };
  try {
    const { headers } = await cli.api().getText(`/v1/plans/${encodeURIComponent(customer)}`);
    return { 'If-Match': `"${hashOf(headers)}"` };
  } catch (error) {
    if (error instanceof CliError && error.code === 'no-such-plan') return { 'If-None-Match': '*' };
    throw error;
  }
}

async function listVersions(cli: Cli, _options: Options, args: readonly string[]): Promise<ExitCode> {
  const answer = await cli
    .api()
    .get<{ versions: PlanVersionRow[] }>(`/v1/plans/${encodeURIComponent(args[0] ?? '')}/versions`);
  cli.say.json(answer);
  cli.say.rows(
    [
      { head: 'Version', align: 'right' },
      { head: 'Published' },
      { head: 'By' },
      { head: 'Hash' },
      { head: '' },
      { head: 'Why', mayCut: true },
    ],
    answer.versions.map((row) => [
      `${row.version}`,
      dateTime(row.publishedAt, 'Europe/London'),
      plain(row.publishedBy),
      row.hash.slice(0, 12),
      row.isLive ? 'live' : '',
      plain(
        row.restoredFrom === null
          ? row.message
          : `restored from ${row.restoredFrom}${row.message === '' ? '' : `: ${row.message}`}`,
      ),
    ]),
  );
  return EXIT.yes;
}

async function restore(cli: Cli, options: Options, args: readonly string[]): Promise<ExitCode> {
  const [customer = '', version = ''] = args;
  if (!/^\d{1,9}$/.test(version))
    throw misuse(
      `"${version.slice(0, 40)}" is no version.`,
      `genvoice plans versions ${customer} has the versions there are.`,
      'version',
    );
  if (!cli.say.isTerminal && !isSet(options, 'yes'))
    throw misuse(
      'Restoring changes what callers get.',
      'Add --yes when the command does not run on a terminal.',
      '--yes',
    );
  tellPublished(
    cli,
    await cli
      .api()
      .get<Published>(`/v1/plans/${encodeURIComponent(customer)}/versions/${version}/restore`, { method: 'POST' }),
  );
  return EXIT.yes;
}

function hashOf(headers: Headers): string {
  return (headers.get('etag') ?? '').replaceAll('"', '');
}

function readSource(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      'no-such-file',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      { path: file, hint: 'Name a plan file.' },
    );
  }
}
