// genvoice decisions: the evidence of every attempt to let a call leave, as JSON lines for an archive; and the lines that
// `calls show` prints of a call's own.
import type { Command } from 'commander';
import type { DecisionWire, TrunkAttemptWire } from '../http/wire-outbound.ts';
import { leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { clockTime, latency, phone, plain } from './format.ts';
import { momentOf } from './moment.ts';

export function decisionsCommands(program: Command, run: Run): void {
  const decisions = noun(program, 'decisions', 'why calls left or were refused', ['decisions export --since 2026-11-01', 'decisions export --customer bramley-finch']);
  leaf(
    decisions,
    run,
    {
      name: 'export',
      does: 'decisions as JSON lines, newest first',
      examples: ['decisions export --since 2026-11-01 --until 2026-12-01', 'decisions export --customer bramley-finch > decisions.jsonl'],
      options: [
        ['--customer <id>', 'of this customer alone'],
        ['--since <time>', 'from this time on: 2026-11-23 or 2026-11-23T14:00Z'],
        ['--until <time>', 'up to this time'],
      ],
    },
    exportDecisions,
  );
}

async function exportDecisions(cli: Cli, options: Options): Promise<ExitCode> {
  const query = new URLSearchParams();
  const put = (name: string, value: string | undefined) => value !== undefined && query.set(name, value);
  put('customer', textOf(options, 'customer'));
  put('since', momentOf(textOf(options, 'since'), '--since'));
  put('until', momentOf(textOf(options, 'until'), '--until'));
  let count = 0;
  for await (const line of cli.api().lines(`/v1/decisions${query.size === 0 ? '' : `?${query.toString()}`}`, cli.interrupted)) {
    cli.say.raw(`${line}\n`);
    count += 1;
  }
  if (cli.interrupted.aborted) return EXIT.interrupted;
  if (count === 0) cli.say.hint('No decisions fit.');
  return EXIT.yes;
}

/** A few lines for people: what was asked, what is shown and why, each trunk, each rule that spoke against it. */
export function decisionText(decision: DecisionWire, timeZone: string): string[] {
  const { input, attempts, reasons, refusedBy, presentation } = decision;
  const to = phone(input.destination ?? input.dialled);
  const what = `${input.class ?? 'no class'}, ${input.purpose}`;
  const shown = presentation === null ? 'the number of the trunk' : phone(presentation);
  const head = decision.outcome === 'refused'
    ? `not called: ${to} (${plain(what)}), stopped by ${plain(refusedBy ?? 'no rule')}`
    : `called ${to} (${plain(what)}), showing ${shown}${input.isWithheld ? ', withheld' : ''}, chosen by ${plain(input.source ?? 'nobody')}`;
  const told = reasons.filter(({ outcome }) => outcome !== 'allow');
  return [
    `  ${clockTime(decision.at, timeZone)}  ${head}`,
    ...told.map(({ rule, text, version }) => `    ${plain(rule)} (${plain(version)}): ${plain(text)}`),
    ...attempts.map((attempt) => `    ${attemptText(attempt)}`),
  ];
}

function attemptText({ trunk, placedAt, endedAt, answeredAt, result, cause, sipStatus, next, risk }: TrunkAttemptWire): string {
  const end = answeredAt ?? endedAt;
  const took = end === null ? '' : ` after ${latency(Date.parse(end) - Date.parse(placedAt))}`;
  const codes = [...(cause === 0 ? [] : [String(cause)]), ...(sipStatus === null ? [] : [`SIP ${sipStatus}`])].join(', ');
  return `trunk ${plain(trunk)}: ${plain(result ?? 'under way').replaceAll('-', ' ')}${codes === '' ? '' : ` (${codes})`}${took}${next === null ? '' : `; ${plain(next)}`}${risk === null ? '' : `; risk: ${plain(risk)}`}`;
}
