// genvoice explain: the path of one call, step by step with reasons, by the same decide as a live call. With --plan it
// needs no server; without it asks about the live plan and the switches as they stand.
import { basename } from 'node:path';
import type { Command } from 'commander';
import { Temporal } from 'temporal-polyfill';
import type { Caller } from '../numbering/caller.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Answer, Explanation, Question } from '../routing/explain.ts';
import type { NumberRow, SwitchRow } from '../http/wire.ts';
import { ANSWER_NAMES, isAnswer } from './answers.ts';
import { printProblems } from './check.ts';
import { isSet, keyList, leaf, pairs, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { plain } from './format.ts';

export function explainCommand(program: Command, run: Run): void {
  leaf(
    program,
    run,
    {
      name: 'explain',
      does: 'print the path that a call would take, with reasons',
      examples: [
        'explain --to 01632960018 --from 07700900123 --at 2026-12-25T10:00 --keys 1',
        'explain --plan dialplan/plans/bramley-finch.json --to 01632960018 --keys 1,3 --answer 201=busy --mermaid',
      ],
      options: [
        ['--to <number>', 'DDI or extension that is dialled'],
        ['--plan <file>', 'this plan file instead of the live plan; needs no server'],
        ['--customer <id>', 'whose extension --to is'],
        ['--from <number>', 'caller; also "withheld", "none" or an extension'],
        ['--at <time>', 'local time of the customer, 2026-12-25T10:00 (default: now)'],
        ['--keys <keys>', 'keys pressed, one entry for each time that keys are asked for: 1,3'],
        ['--answer <list>', `how phones take the call: 201=busy,202=no-answer (${ANSWER_NAMES.join(', ')})`],
        ['--switch <list>', 'positions of switches: night=on'],
        ['--mermaid', 'print the path as a Mermaid drawing'],
      ],
    },
    explainCall,
  );
}

async function explainCall(cli: Cli, options: Options): Promise<ExitCode> {
  const to = textOf(options, 'to');
  if (to === undefined)
    throw misuse('--to is missing.', 'Write the number that is dialled: genvoice explain --to 01632960018', '--to');
  const file = textOf(options, 'plan');
  const answers = answersOf(textOf(options, 'answer'));
  const keys = keyList(textOf(options, 'keys'));
  const { plan, switches } =
    file === undefined
      ? await livePlan(cli, to, textOf(options, 'customer'))
      : { plan: await planIn(cli, file), switches: {} };
  const from = await callerOf(textOf(options, 'from'), plan);
  const question: Question = {
    to: await dialled(to, plan),
    atMs: momentOf(cli, textOf(options, 'at'), plan.organisation.timeZone),
    keys,
    answers,
    switches: { ...switches, ...switchesOf(textOf(options, 'switch'), plan) },
    ...(from === null ? {} : { from }),
  };
  const { explain } = await import('../routing/explain.ts');
  const explanation = explain(plan, question);
  await print(cli, explanation, {
    isDrawing: isSet(options, 'mermaid'),
    planName: file === undefined ? null : basename(file),
  });
  return explanation.end.kind === 'loop' || explanation.end.kind === 'not-a-number-of-this-plan' ? EXIT.no : EXIT.yes;
}

async function print(
  cli: Cli,
  explanation: Explanation,
  how: { isDrawing: boolean; planName: string | null },
): Promise<void> {
  const { explainMermaid } = await import('../routing/mermaid.ts');
  const { endText, explainText } = await import('../routing/explain-text.ts');
  const { atMs, version, ...rest } = explanation;
  const at = Temporal.Instant.fromEpochMilliseconds(atMs)
    .toZonedDateTimeISO(explanation.timeZone)
    .toString({ timeZoneName: 'never' });
  const drawing = how.isDrawing ? { mermaid: explainMermaid(explanation) } : {};
  cli.say.json({
    ...rest,
    version: how.planName === null ? version : null,
    plan: how.planName,
    at,
    ends: endText(explanation.end),
    ...drawing,
  });
  if (how.isDrawing) {
    cli.say.part(explainMermaid(explanation));
    return;
  }
  const text = explainText(explanation);
  // A file has no version yet.
  cli.say.part(
    how.planName === null ? text : text.replace(`${explanation.customer} version ${version}`, plain(how.planName)),
  );
}

async function planIn(cli: Cli, file: string): Promise<RoutingPlan> {
  const { checkFile } = await import('./plan-file.ts');
  const { compiled } = checkFile(file, cli.product);
  if (compiled.plan !== null) return compiled.plan;
  const first = compiled.problems.find((problem) => problem.severity === 'problem');
  printProblems({ ...cli.say, line: (text = '') => cli.say.hint(text) }, compiled.problems);
  throw new CliError(
    EXIT.no,
    first?.code ?? 'plan-problems',
    `${basename(file)} has problems, so no call can be followed through it${first === undefined ? '' : `: ${plain(first.path)} ${plain(first.message)}`}.`,
    { path: first?.path ?? null, hint: first === undefined ? null : plain(first.hint) },
  );
}

async function livePlan(
  cli: Cli,
  to: string,
  customer: string | undefined,
): Promise<{ plan: RoutingPlan; switches: Record<string, string> }> {
  const { compileText } = await import('./plan-file.ts');
  const api = cli.api();
  const owner = customer ?? (await ownerOf(cli, to));
  const { text, headers } = await api.getText(`/v1/plans/${encodeURIComponent(owner)}`);
  const { compiled } = compileText(text, {
    customer: owner,
    version: Number(headers.get('genvoice-plan-version') ?? 0),
  });
  if (compiled.plan === null)
    throw new CliError(
      EXIT.unavailable,
      'another-version',
      'The live plan does not compile here: the server runs another version of GENVoice.',
      { hint: 'Use the genvoice command of the server.' },
    );
  const { switches } = await api.get<{ switches: SwitchRow[] }>(`/v1/switches?customer=${encodeURIComponent(owner)}`);
  return { plan: compiled.plan, switches: Object.fromEntries(switches.map((row) => [row.name, row.position])) };
}

async function ownerOf(cli: Cli, to: string): Promise<string> {
  const { normaliseDdi } = await import('../numbering/ddi.ts');
  const { numbers } = await cli.api().get<{ numbers: NumberRow[] }>('/v1/numbers');
  const ddi = normaliseDdi(to, 'GB');
  const row = numbers.find((one) => one.ddi === ddi);
  if (row !== undefined) return row.customer;
  const customers = [...new Set(numbers.map((one) => one.customer))];
  const only = customers.length === 1 ? customers[0] : undefined;
  if (only !== undefined && /^\d{2,6}$/.test(to)) return only;
  throw new CliError(EXIT.no, 'unknown-number', `${plain(to)} is no DDI of a live plan.`, {
    path: '--to',
    hint: /^\d{2,6}$/.test(to)
      ? `For an extension name its customer: --customer ${customers[0] ?? '<id>'}`
      : 'genvoice numbers list has the numbers there are.',
  });
}

async function dialled(to: string, plan: RoutingPlan): Promise<string> {
  if (plan.extensions.has(to)) return to;
  const { normaliseDdi } = await import('../numbering/ddi.ts');
  return normaliseDdi(to, 'GB') ?? to;
}

async function callerOf(text: string | undefined, plan: RoutingPlan): Promise<Caller | null> {
  if (text === undefined) return null;
  if (text === 'withheld') return { number: { kind: 'withheld' } };
  if (text === 'none') return { number: { kind: 'none' } };
  const extension = plan.extensions.get(text);
  if (extension !== undefined) return { number: { kind: 'extension', number: text }, displayName: extension.name };
  const { countryOf, parseE164 } = await import('../numbering/e164.ts');
  const parsed = parseE164(text, 'GB');
  if (!parsed.ok)
    throw misuse(`--from: ${parsed.error.message}`, 'Write a number, an extension, "withheld" or "none".', '--from');
  const country = countryOf(parsed.value);
  return { number: { kind: 'e164', e164: parsed.value }, ...(country === undefined ? {} : { country }) };
}

function momentOf(cli: Cli, text: string | undefined, timeZone: string): number {
  if (text === undefined) return cli.nowMs();
  try {
    if (/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) && text.includes('T'))
      return Temporal.Instant.from(text).epochMilliseconds;
    const local = Temporal.PlainDateTime.from(text);
    const first = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' }).epochMilliseconds;
    const second = local.toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds;
    if (first !== second) {
      const exists = Temporal.Instant.fromEpochMilliseconds(first)
        .toZonedDateTimeISO(timeZone)
        .toPlainDateTime()
        .equals(local);
      cli.say.hint(
        exists
          ? `${text} happens twice that day; taken as the first time. Add an offset, for example +00:00, for the other.`
          : `${text} does not exist that day: clocks go forward. Taken as an hour earlier.`,
      );
    }
    return first;
  } catch {
    throw misuse(
      `--at: "${text.slice(0, 40)}" is no time.`,
      'Write it like 2026-12-25T10:00, local time of the customer.',
      '--at',
    );
  }
}

function answersOf(text: string | undefined): Record<string, Answer> {
  const answers: Record<string, Answer> = {};
  for (const [extension, answer] of Object.entries(pairs(text, '--answer', ANSWER_NAMES)))
    if (isAnswer(answer)) answers[extension] = answer;
  return answers;
}

function switchesOf(text: string | undefined, plan: RoutingPlan): Record<string, string> {
  const given = pairs(text, '--switch');
  for (const [name, position] of Object.entries(given)) {
    const spec = plan.switches.get(name);
    if (spec === undefined)
      throw misuse(
        `--switch: this plan has no switch "${name}".`,
        plan.switches.size === 0 ? 'Leave it out.' : `It has: ${[...plan.switches.keys()].join(', ')}.`,
        '--switch',
      );
    if (!spec.positions.includes(position))
      throw misuse(
        `--switch: "${position}" is no position of "${name}".`,
        `Positions: ${spec.positions.join(', ')}.`,
        '--switch',
      );
  }
  return given;
}
