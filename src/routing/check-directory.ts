// Rules for everything in a plan that is not a step: numbers, hours, switches, prompts, phones, groups, mailboxes.
import { parseE164 } from '../numbering/e164.ts';
import { shortCodeClass } from '../numbering/ranges.ts';
import { bankHolidaysOf } from './bank-holidays.ts';
import type { Check } from './check.ts';
import { isNeverOpen } from './hours.ts';
import { dayOf, isTimeZone } from './local-time.ts';
import type { Interval, SayItem } from './plan.ts';
import { pointer, quote } from './problem.ts';
import { checkSay } from './check-say.ts';

/** Codes of the product itself: *97 asks for the voicemail of the phone, *98 for that of any mailbox. */
const OWN_FEATURE_CODES: ReadonlySet<string> = new Set(['*97', '*98']);

/** Adds what is wrong outside the steps. */
export function checkDirectory(check: Check): void {
  checkOrganisation(check);
  checkNumbers(check);
  checkHours(check);
  checkSwitches(check);
  checkPrompts(check);
  checkExtensions(check);
  checkGroups(check);
  checkMailboxes(check);
  if (check.read.failsafe !== undefined) check.refer('steps', check.read.failsafe, '/failsafe');
}

function checkOrganisation({ parts: { organisation }, problems }: Check): void {
  if (organisation === null) return;
  if (!isTimeZone(organisation.timeZone)) {
    problems.problem('/organisation/timeZone', 'unknown-time-zone', `is ${quote(organisation.timeZone)}, which is no time zone`, 'For the United Kingdom write "Europe/London".');
  }
  if (organisation.emergencyNumber !== null) checkNumber(organisation.emergencyNumber, '/organisation/emergencyNumber', problems);
}

function checkNumbers({ parts, read, problems, refer, options }: Check): void {
  for (const ddi of parts.registry.keys()) {
    checkNumber(ddi, pointer('numbers', ddi), problems);
    const entry = read.numbers?.[ddi]?.entry;
    if (entry !== undefined) refer('steps', entry, pointer('numbers', ddi, 'entry'));
  }
  if (options.isWhole && parts.numbers.size === 0) {
    problems.warning('/numbers', 'no-numbers', 'has no phone number, so that nobody can call in from outside', 'Add a number with its "label" and "entry".');
  }
}

/** Adds a problem unless `text` is a number, written in full. */
export function checkNumber(text: string, path: string, problems: Check['problems']): void {
  const parsed = parseE164(text, 'GB');
  if (!parsed.ok) problems.problem(path, 'not-a-phone-number', `is no phone number that can be called: ${parsed.error.message.replace(/\.$/, '')}`, 'Write the number as people dial it from abroad, for example +441632960018.');
  else if (parsed.value !== text) problems.problem(path, 'not-a-phone-number', `is not written in full`, `Write ${parsed.value}.`);
}

function checkHours({ parts, read, problems }: Check): void {
  for (const [name, table] of parts.hours) {
    const at = pointer('hours', name);
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
    table.week.forEach((intervals, index) => checkIntervals(intervals, `${at}/week/${days[index] ?? ''}`, problems));
    for (const [date, { open }] of table.dates) {
      checkDate(date, `${at}/dates/${date}`, problems);
      checkIntervals(open, `${at}/dates/${date}/open`, problems);
    }
    const rule = read.hours?.[name]?.bankHolidays;
    if (rule !== undefined && rule !== 'ordinary') {
      checkIntervals(table.bankHolidayOpen ?? [], `${at}/bankHolidays/open`, problems);
      for (const date of Object.keys(rule.add)) checkDate(date, `${at}/bankHolidays/add/${date}`, problems);
      rule.remove.forEach((date, index) => checkRemoved(date, `${at}/bankHolidays/remove/${index}`, parts.organisation?.nation, problems));
    }
    if (isNeverOpen(table)) problems.warning(at, 'never-open', 'has no open time at all', 'Add open times under "week", for example "mon": ["09:00-17:30"].');
  }
}

/** False and a problem for a date that does not exist. */
export function checkDate(date: string, path: string, problems: Check['problems']): boolean {
  if (dayOf(date) !== null) return true;
  problems.problem(path, 'no-such-date', `is ${quote(date)}, and there is no such day`, 'Write year, month and day, for example "2026-12-24".');
  return false;
}

function checkRemoved(date: string, path: string, nation: Parameters<typeof bankHolidaysOf>[0] | undefined, problems: Check['problems']): void {
  if (!checkDate(date, path, problems) || nation === undefined || bankHolidaysOf(nation).has(date)) return;
  problems.warning(path, 'not-a-bank-holiday', `is ${quote(date)}, which is no bank holiday of this nation, so that taking it out changes nothing`, 'Check the date and "nation".');
}

function checkIntervals(intervals: readonly Interval[], path: string, problems: Check['problems']): void {
  const ordered = [...intervals.entries()].sort(([, a], [, b]) => a.from - b.from);
  let end = -1;
  for (const [index, { from, to }] of ordered) {
    if (to - from === 1440 && from !== 0) {
      problems.problem(`${path}/${index}`, 'empty-interval', 'begins and ends at the same time', 'For a whole day write "00:00-24:00"; for a closed day leave the list empty.');
    } else if (from < end) {
      problems.warning(`${path}/${index}`, 'hours-overlap', 'overlaps with another open time of the day', 'Write one open time for both.');
    }
    end = Math.max(end, to);
  }
}

function checkSwitches({ parts, problems }: Check): void {
  const codes = new Map<string, string>();
  for (const [name, { positions, featureCode }] of parts.switches) {
    const at = pointer('switches', name);
    positions.forEach((position, index) => {
      if (positions.indexOf(position) !== index) problems.problem(`${at}/positions/${index}`, 'position-twice', `lists the position "${position}" twice`, 'Give each position a name of its own.');
    });
    if (featureCode === null) continue;
    const other = OWN_FEATURE_CODES.has(featureCode) ? 'voicemail' : codes.get(featureCode);
    if (other !== undefined) problems.problem(`${at}/featureCode`, 'feature-code-twice', `is ${featureCode}, which already belongs to ${quote(other)}`, 'Choose another code, for example "*22".');
    codes.set(featureCode, name);
  }
}

function checkPrompts({ parts, problems, options: { media } }: Check): void {
  if (media === undefined) return;
  for (const [name, { file }] of parts.prompts) {
    if (media.has(file)) continue;
    problems.problem(pointer('prompts', name, 'file'), 'missing-prompt-file', `names ${quote(file)}, which is not in the media folder`, 'Put the recording there, or name one that is there.');
  }
}

function checkExtensions({ parts, problems, refer }: Check): void {
  const endpoints = new Map<string, string>();
  for (const [number, { mailbox, endpoint }] of parts.extensions) {
    const at = pointer('extensions', number);
    const short = shortCodeClass(number);
    if (short !== null) {
      const what = short === 'emergency' ? 'an emergency number' : 'a national short code';
      problems.problem(at, 'extension-is-short-code', `is ${what} and could never be dialled`, 'Choose another number, for example one that begins with 2.');
    }
    if (mailbox !== null) refer('mailboxes', mailbox, `${at}/mailbox`);
    if (endpoint === null) continue;
    const other = endpoints.get(endpoint);
    if (other !== undefined) problems.problem(`${at}/endpoint`, 'endpoint-twice', `is ${quote(endpoint)}, which extension ${other} has already`, 'Give each extension an endpoint of its own.');
    endpoints.set(endpoint, number);
  }
}

function checkGroups({ parts, problems, refer, options }: Check): void {
  for (const [id, { members }] of parts.groups) {
    const at = pointer('groups', id);
    if (members.length === 0) problems.problem(`${at}/members`, 'group-without-members', 'has no members, so that nobody would be rung', `Add an extension${firstExtension(parts.extensions, options.isWhole)}.`);
    const seen = new Set<string>();
    members.forEach((member, index) => {
      refer('extensions', member, `${at}/members/${index}`);
      if (seen.has(member)) problems.warning(`${at}/members/${index}`, 'member-twice', `lists extension ${member} twice`, 'Take one of them out.');
      seen.add(member);
    });
  }
}

function firstExtension(extensions: ReadonlyMap<string, unknown>, isWhole: boolean): string {
  const [first] = extensions.keys();
  return isWhole && first !== undefined ? `, for example "${first}"` : '';
}

function checkMailboxes(check: Check): void {
  for (const [id, { greeting, notify }] of check.parts.mailboxes) {
    checkSay(check, greeting satisfies readonly SayItem[], pointer('mailboxes', id, 'greeting'));
    if (notify.webhook !== null && !isHttps(notify.webhook)) {
      check.problems.problem(pointer('mailboxes', id, 'notify', 'webhook'), 'not-https', `is ${quote(notify.webhook)}, which is no https address`, 'Write an address that begins with https://.');
    }
  }
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:';
}
