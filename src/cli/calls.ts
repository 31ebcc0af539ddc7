// genvoice calls: the calls there are and were, one with its trace, and what happens now.
import type { Command } from 'commander';
import type { CallDetail, CallEventWire, CallList, CallSummary, LegWire } from '../http/wire.ts';
import type { DecisionWire } from '../http/wire-outbound.ts';
import { leaf, noun, textOf } from './cli.ts';
import type { Cli, Options, Run } from './cli.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { ExitCode } from './cli-error.ts';
import { callerText, clockTime, dateTime, duration, phone, plain, since, zoneName } from './format.ts';
import { decisionText } from './decisions.ts';
import { momentOf } from './moment.ts';
import { table } from './table.ts';

/** Q.850 causes that people meet, in words. */
const CAUSES: ReadonlyMap<number, string> = new Map([
  [1, 'unknown number'],
  [16, 'normal clearing'],
  [17, 'busy'],
  [18, 'no response'],
  [19, 'no answer'],
  [20, 'phone not reachable'],
  [21, 'declined'],
  [26, 'answered elsewhere'],
  [27, 'out of order'],
  [28, 'number not complete'],
  [31, 'ended'],
  [34, 'no free line'],
  [38, 'network out of order'],
  [41, 'temporary failure'],
  [42, 'overload'],
  [58, 'not available now'],
  [127, 'no reason given'],
]);
const HOME_ZONE = 'Europe/London';

export function callsCommands(program: Command, run: Run): void {
  const calls = noun(program, 'calls', 'calls now and before', ['calls list', 'calls show 7f3a2b91c0']);
  leaf(
    calls,
    run,
    {
      name: 'list',
      does: 'calls now and recorded calls, newest first',
      examples: ['calls list', 'calls list --number 07700900123 --since 2026-11-23 --limit 100'],
      options: [
        ['--customer <id>', 'of this customer alone'],
        ['--number <number>', 'with this caller or DDI'],
        ['--since <time>', 'from this time on: 2026-11-23 or 2026-11-23T14:00Z'],
        ['--until <time>', 'up to this time'],
        ['--end <code>', 'with this end: no-answer, hung-up'],
        ['--live', 'live calls alone'],
        ['--limit <n>', 'at most so many (default 50)'],
        ['--after <id>', 'the page after this call'],
      ],
    },
    listCalls,
  );
  leaf(
    calls,
    run,
    { name: 'show <id>', does: 'one call with its trace', examples: ['calls show 7f3a', 'calls show 7f3a --json'] },
    showCall,
  );
  leaf(
    calls,
    run,
    {
      name: 'watch',
      does: 'what happens now, until Ctrl+C; JSON lines with --json',
      examples: ['calls watch', 'calls watch --json'],
    },
    watchCalls,
  );
}

async function listCalls(cli: Cli, options: Options): Promise<ExitCode> {
  const number = textOf(options, 'number');
  const query = new URLSearchParams();
  const put = (name: string, value: string | undefined) => value !== undefined && query.set(name, value);
  put('customer', textOf(options, 'customer'));
  put('number', number === undefined ? undefined : await e164(number));
  put('since', momentOf(textOf(options, 'since'), '--since'));
  put('until', momentOf(textOf(options, 'until'), '--until'));
  put('end', textOf(options, 'end'));
  put('limit', textOf(options, 'limit'));
  put('after', textOf(options, 'after'));
  if (options['live'] === true) put('state', 'live');
  const list = await cli.api().get<CallList>(`/v1/calls${query.size === 0 ? '' : `?${query.toString()}`}`);
  cli.say.json(list);
  const calls = [...list.live, ...list.recent];
  if (calls.length === 0)
    cli.say.hint(
      query.size === 0
        ? 'No calls yet. Place one with: genvoice call <number> (genvoice numbers list has them)'
        : 'No calls fit.',
    );
  cli.say.rows(
    [
      { head: 'Id' },
      { head: 'Began' },
      { head: 'From' },
      { head: 'To' },
      { head: 'Length', align: 'right' },
      { head: 'Where, or how it ended', mayCut: true },
    ],
    calls.map((call) => [
      call.id,
      dateTime(call.startedAt, call.timeZone),
      callerText(call.caller),
      phone(call.ddi ?? call.dialled),
      length(call, cli.nowMs()),
      whereOrEnd(call),
    ]),
  );
  if (list.next !== null) cli.say.hint(`More: genvoice calls list --after ${list.next}`);
  return EXIT.yes;
}

function length(call: CallSummary, nowMs: number): string {
  return duration((call.endedAt === null ? nowMs : Date.parse(call.endedAt)) - Date.parse(call.startedAt));
}

function whereOrEnd(call: CallSummary): string {
  const test = call.isTest ? ' (test call)' : '';
  if (call.end === null)
    return `live: ${plain(call.step ?? 'arriving')}${call.doing === 'step' || call.doing === null ? '' : `, ${call.doing}`}${test}`;
  return `${endText(call.end)}${test}`;
}

function endText(end: { by: string; code: string; cause: number; detail: string | null; fault: string }): string {
  const cause =
    end.cause === 0
      ? plain(end.code).replaceAll('-', ' ')
      : `${CAUSES.get(end.cause) ?? plain(end.code)} (${end.cause})`;
  return `ended by ${end.by}, ${cause}, fault: ${end.fault}${end.detail === null ? '' : `, ${plain(end.detail)}`}`;
}

async function showCall(cli: Cli, _options: Options, args: readonly string[]): Promise<ExitCode> {
  const call = await cli.api().get<CallDetail>(`/v1/calls/${encodeURIComponent(args[0] ?? '')}`);
  const { decisions } = await cli.api().get<{ decisions: DecisionWire[] }>(`/v1/calls/${encodeURIComponent(call.id)}/decisions`);
  cli.say.json({ ...call, decisions });
  const version = call.planVersion === null ? '' : `  version ${call.planVersion}`;
  const customer = call.customer === null ? '' : `  ${plain(call.customer)}`;
  cli.say.line(
    `${call.id}  ${phone(call.ddi ?? call.dialled)} from ${callerText(call.caller)}  ${dateTime(call.startedAt, call.timeZone)} ${zoneName(call.timeZone)}  ${length(call, cli.nowMs())}${customer}${version}${call.isTest ? '  test call' : ''}`,
  );
  cli.say.line(traceText(call));
  for (const decision of decisions) for (const line of decisionText(decision, call.timeZone)) cli.say.line(line);
  for (const leg of call.legs) cli.say.line(`  ${legText(leg)}`);
  cli.say.line(
    `  came from ${plain(call.sip.endpoint)}, ${plain(call.sip.sourceAddress)}, ${plain(call.sip.transport)}, SIP Call-ID ${plain(call.sip.sipCallId)}`,
  );
  return EXIT.yes;
}

function traceText(call: CallDetail): string {
  const lines: { at: string; what: string; text: string }[] = call.trace.map((line) => ({
    at: line.at,
    what: line.step === null ? '' : `${plain(line.kind)} ${plain(line.step)}`,
    text: `${plain(line.text)}${line.tookFallback && line.next !== null ? `; fallback to ${plain(line.next)}` : ''}`,
  }));
  if (call.answeredAt !== null) lines.push({ at: call.answeredAt, what: '', text: 'answered' });
  // Sorting is stable, so lines of the same millisecond keep the order of the trace.
  lines.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  let before = Date.parse(call.startedAt);
  const rows = lines.map((line) => {
    const at = Date.parse(line.at);
    const passed = at - before;
    before = at;
    return [`  ${clockTime(line.at, call.timeZone)}`, passed < 50 ? '' : since(passed), line.what, line.text];
  });
  if (call.end !== null && call.endedAt !== null)
    rows.push([`  ${clockTime(call.endedAt, call.timeZone)}`, '', '', endText(call.end)]);
  else rows.push(['  now', '', call.step === null ? '' : plain(call.step), call.doing ?? 'live']);
  return table([{ head: '' }, { head: '', align: 'right' }, { head: '' }, { head: '' }], rows, null).trimEnd();
}

function legText(leg: LegWire): string {
  const rang =
    leg.ringingAt === null
      ? ''
      : `, rang ${duration(Date.parse(leg.answeredAt ?? leg.endedAt ?? leg.ringingAt) - Date.parse(leg.ringingAt))}`;
  return `leg ${phone(leg.to)} ${plain(leg.name)}${leg.isTestPhone ? ' (test phone)' : ''}: ${plain(leg.result ?? 'ringing').replaceAll('-', ' ')}${rang}`;
}

async function watchCalls(cli: Cli): Promise<ExitCode> {
  cli.say.hint('Watching all calls (Ctrl+C ends this, not the calls) …');
  for await (const { event, data } of cli.api().events('/v1/events', cli.interrupted)) {
    if (event === 'gap') continue;
    const item = data as CallEventWire;
    cli.say.jsonLine(item);
    cli.say.line(`${clockTime(item.at, HOME_ZONE)}  ${plain(item.callId)}  ${eventText(item)}`);
  }
  if (cli.interrupted.aborted) return EXIT.interrupted;
  throw new CliError(EXIT.unavailable, 'link-lost', 'The server closed the stream.', {
    hint: 'It may be stopping; look with genvoice status.',
  });
}

function eventText(item: CallEventWire): string {
  switch (item.kind) {
    case 'call-started':
      return `${phone(item.dialled ?? '')} from ${phone(item.caller ?? 'No number sent')}${item.isTest === true ? ' (test call)' : ''}`;
    case 'call-answered':
      return 'answered';
    case 'call-step':
      return item.line === undefined
        ? ''
        : `${item.line.step === null ? '' : `${plain(item.line.kind)} ${plain(item.line.step)}  `}${plain(item.line.text)}`;
    case 'call-ended':
      return item.end === undefined ? 'ended' : endText(item.end);
  }
}

/** E.164 of what people type; extensions and short numbers as they are. */
async function e164(text: string): Promise<string> {
  const { toE164OrNull } = await import('../numbering/e164.ts');
  return toE164OrNull(text, 'GB') ?? text.trim();
}
