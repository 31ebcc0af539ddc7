// genvoice check: all problems of plan files at once, without a server. Changes nothing.
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Problem } from '../routing/problem.ts';
import { leaf } from './cli.ts';
import type { Cli, Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { count, plain } from './format.ts';
import type { CheckedFile } from './plan-file.ts';
import type { Say } from './say.ts';

export function checkCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'check <files...>',
      does: 'report all problems of plan files; needs no server',
      examples: ['check dialplan/plans/bramley-finch.json', 'check dialplan/plans --json'],
    },
    async (cli, _options, args) => checkFiles(cli, args),
  );
}

async function checkFiles(cli: Cli, args: readonly string[]): Promise<ExitCode> {
  // Loaded here: the compiler costs 150 ms that no other command should pay.
  const { checkFile, isGood, planFiles } = await import('./plan-file.ts');
  const { crossCheck } = await import('../routing/check.ts');
  const { proofProblems } = await import('./proof-check.ts');
  const checked = args.flatMap((argument) => planFiles(argument)).map((file) => checkFile(file, cli.product));
  const cross = crossCheck(checked.flatMap(({ compiled }) => (compiled.plan === null ? [] : [compiled.plan])));
  const results = checked.map((file) => {
    const problems = [...file.compiled.problems, ...cross.filter((problem) => problem.customer === file.customer), ...proofProblems(file.compiled.plan, Date.now())];
    return { file, problems, isGood: isGood(problems) };
  });
  const ok = results.every((result) => result.isGood);
  cli.say.json({
    ok,
    files: results.map((result) => ({
      file: result.file.file,
      customer: result.file.customer,
      ok: result.isGood,
      steps: result.file.steps,
      numbers: result.file.numbers,
      tookMs: result.file.tookMs,
      problems: result.problems,
    })),
  });
  for (const { file, problems } of results) printFile(cli.say, file, problems);
  if (!ok) cli.say.line('Nothing was changed.');
  return ok ? EXIT.yes : EXIT.no;
}

function printFile(say: Say, file: CheckedFile, problems: readonly Problem[]): void {
  const bad = problems.filter((problem) => problem.severity === 'problem').length;
  const warnings = problems.length - bad;
  const found = [
    bad > 0 || warnings === 0 ? (bad === 0 ? 'no problems' : count(bad, 'problem')) : '',
    warnings > 0 ? count(warnings, 'warning') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
  const size = `${count(file.steps, 'step')}, ${count(file.numbers, 'DDI')}, ${file.tookMs} ms`;
  say.line(`${problems.length === 0 ? `${say.mark('yes')} ` : ''}${plain(basename(file.file))}: ${found} (${size})`);
  printProblems(say, problems);
}

/** One line per problem: mark, place, what is wrong and its mend. */
export function printProblems(
  say: Say,
  problems: readonly Pick<Problem, 'path' | 'message' | 'hint' | 'severity' | 'line' | 'column'>[],
): void {
  const places = problems.map((problem) =>
    plain(problem.line === undefined ? problem.path || '/' : `line ${problem.line}, column ${problem.column ?? 1}`),
  );
  // A pointer can be long; past this the text would begin at the right edge for all of them.
  const width = Math.min(40, Math.max(0, ...places.map((place) => place.length)));
  problems.forEach((problem, at) => {
    const sign = say.mark(problem.severity === 'problem' ? 'no' : 'warn');
    say.line(
      `  ${sign} ${(places[at] ?? '').padEnd(width)}  ${plain(problem.message)}. ${plain(problem.hint)}`.replace(
        /\.\. /,
        '. ',
      ),
    );
  });
}
