// An explanation as people read it in a terminal, and as a Mermaid drawing.
import { formatNumber, isE164 } from '../numbering/e164.ts';
import type { Caller } from '../numbering/caller.ts';
import type { ExplainedEnd, Explanation } from './explain.ts';
import { clockText, dateText, localTime } from './local-time.ts';

/** A few lines without colour: the question, one line per step, the end, and everything assumed. */
export function explainText(explanation: Explanation): string {
  const lines = [questionText(explanation)];
  const rows = explanation.path.map((step, index) => [
    String(index + 1), step.kind, step.step, step.outcomeText,
    [step.reason, step.tookFallback && step.next !== null ? `fallback to ${step.next}` : ''].filter((part) => part !== '').join('; '),
  ]);
  lines.push(...table(rows));
  lines.push(`Ends: ${endText(explanation.end)}`);
  if (explanation.assumed.length > 0) lines.push(`Assumed: ${explanation.assumed.join('; ')}`);
  return `${lines.join('\n')}\n`;
}

function questionText({ to, from, atMs, timeZone, keys, customer, version }: Explanation): string {
  const { day, minute } = localTime(atMs, timeZone);
  const place = timeZone.split('/').at(-1)?.replaceAll('_', ' ') ?? timeZone;
  const pressed = keys.length === 0 ? 'no keys' : `keys ${keys.map((entry) => (entry === '' ? 'nothing' : entry)).join(', ')}`;
  return `${shown(to)} from ${callerText(from)}, ${dateText(day)} ${clockText(minute)} ${place}, ${pressed}, ${customer} version ${version}`;
}

/** The end of a call in words. */
export function endText(end: ExplainedEnd): string {
  switch (end.kind) {
    case 'answered':
      return `in conversation with ${end.name} (${end.extension})`;
    case 'hang-up':
      return `hung up at ${end.step}`;
    case 'busy':
      return `busy tone at ${end.step}`;
    case 'congestion':
      return `congestion tone at ${end.step}`;
    case 'goodbye':
      return `message left at ${end.step}, goodbye`;
    case 'loop':
      return `never: goes round for ever: ${[...end.steps, end.steps[0] ?? ''].join(' → ')}`;
    case 'not-a-number-of-this-plan':
      return 'at once: this plan has no such number or extension';
  }
}

function callerText({ number }: Caller): string {
  switch (number.kind) {
    case 'e164':
      return shown(number.e164);
    case 'extension':
      return `extension ${number.number}`;
    case 'withheld':
      return 'withheld';
    case 'none':
      return 'no number sent';
    case 'other':
      return number.text;
  }
}

function shown(number: string): string {
  return isE164(number) ? formatNumber(number) : number;
}

/** Columns two spaces apart; the last is not padded. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
