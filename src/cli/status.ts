// genvoice status and genvoice alarms: whether calls are taken now, and what is wrong.
import type { Command } from 'commander';
import type { AlarmRow, CallList, HealthWire } from '../http/wire.ts';
import { leaf } from './cli.ts';
import type { Cli, Run } from './cli.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { count, dateTime, plain } from './format.ts';

export function statusCommands(program: Command, run: Run): void {
  leaf(
    program,
    run,
    { name: 'status', does: 'whether calls are taken now; exit 1 when not', examples: ['status', 'status --json'] },
    status,
  );
  leaf(
    program,
    run,
    {
      name: 'alarms',
      does: 'what is wrong now and what to do about it; exit 1 when something is',
      examples: ['alarms', 'alarms --json'],
    },
    alarms,
  );
}

async function status(cli: Cli): Promise<ExitCode> {
  const api = cli.api();
  const { body } = await api.raw('/readyz');
  if (typeof body !== 'object' || body === null || !('checks' in body)) {
    throw new CliError(EXIT.unavailable, 'wrong-answer', `What listens at ${api.url} does not answer like GENVoice.`, {
      hint: 'Another program has this port. Check GENVOICE_HTTP_PORT.',
    });
  }
  const health = body as HealthWire;
  const { live } = await api.get<CallList>('/v1/calls?state=live');
  const isReady = health.status === 'ok';
  cli.say.json({ ...health, url: api.url, liveCalls: live.length });
  cli.say.line(
    `${cli.say.mark(isReady ? 'yes' : 'no')} GENVoice ${plain(health.version)} at ${api.url} ${isReady ? 'takes calls' : 'does not take calls'}; ${count(live.length, 'live call')}.`,
  );
  for (const check of health.checks)
    cli.say.line(`  ${cli.say.mark(check.ok ? 'yes' : 'no')} ${plain(check.name).padEnd(12)}  ${plain(check.detail)}`);
  return isReady ? EXIT.yes : EXIT.no;
}

async function alarms(cli: Cli): Promise<ExitCode> {
  const answer = await cli.api().get<{ alarms: AlarmRow[] }>('/v1/alarms');
  cli.say.json(answer);
  if (answer.alarms.length === 0) cli.say.line(`${cli.say.mark('yes')} No alarms.`);
  for (const alarm of answer.alarms) {
    cli.say.line(
      `${cli.say.mark('no')} ${plain(alarm.text)}, since ${dateTime(alarm.since, 'Europe/London')}. ${plain(alarm.hint)}`,
    );
  }
  return answer.alarms.length === 0 ? EXIT.yes : EXIT.no;
}
