// Rules for single steps: what they name, and settings that contradict each other.
import { isCountryCode } from '../numbering/e164.ts';
import type { Check } from './check.ts';
import { checkBraces, checkSay } from './check-say.ts';
import { edgePointer } from './edges.ts';
import { nearest } from './nearest.ts';
import type { CallerStep, CollectStep, LookupStep, MenuStep, RingStep, Step, SwitchStep } from './plan.ts';
import { pointer, quote } from './problem.ts';

/** Adds what is wrong with each step that the admin wrote. */
export function checkSteps(check: Check): void {
  const beginnings = new Map<string, string>();
  for (const number of check.parts.extensions.keys()) {
    for (let length = 1; length < number.length; length += 1) beginnings.set(number.slice(0, length), number);
  }
  for (const step of check.parts.steps.values()) {
    if (step.id.startsWith('@')) continue;
    const at = pointer('steps', step.id);
    for (const edge of check.edges.get(step.id) ?? []) {
      if (!check.parts.steps.has(edge.to)) check.refer('steps', edge.to, at + edgePointer(edge));
    }
    checkStep(check, step, at, beginnings);
  }
}

function checkStep(check: Check, step: Step, at: string, extensionBeginnings: ReadonlyMap<string, string>): void {
  switch (step.kind) {
    case 'hours':
      return check.refer('hours', step.hours, `${at}/hours`);
    case 'switch':
      return checkSwitch(check, step, at);
    case 'caller':
      return checkCaller(check, step, at);
    case 'menu':
      return checkMenu(check, step, at, extensionBeginnings);
    case 'collect':
      return checkCollect(check, step, at);
    case 'lookup':
      return checkLookup(check, step, at);
    case 'ring':
      return checkRing(check, step, at);
    case 'voicemail':
      check.refer('mailboxes', step.mailbox, `${at}/mailbox`);
      // The mailbox's own greeting is checked where it stands.
      if (step.greeting !== check.parts.mailboxes.get(step.mailbox)?.greeting) checkSay(check, step.greeting, `${at}/greeting`);
      return;
    case 'play':
    case 'end':
      return checkSay(check, step.say, `${at}/say`);
    case 'branch':
    case 'goto':
      return;
  }
}

function checkSwitch({ parts, refer, problems }: Check, step: SwitchStep, at: string): void {
  refer('switches', step.switch, `${at}/switch`);
  const positions = parts.switches.get(step.switch)?.positions;
  if (positions === undefined) return;
  for (const position of Object.keys(step.on)) {
    if (positions.includes(position)) continue;
    const meant = nearest(position, positions);
    problems.problem(`${at}/on/${position}`, 'unknown-outcome', `is no position of the switch "${step.switch}"`, `${meant === null ? '' : `Did you mean "${meant}"? `}Positions: ${positions.join(', ')}.`);
  }
}

function checkCaller({ refer, problems }: Check, step: CallerStep, at: string): void {
  step.cases.forEach((test, index) => {
    if (test.kind === 'list') refer('callerLists', test.list, `${at}/cases/${index}/list`);
    if (test.kind === 'country' && !isCountryCode(test.country)) {
      problems.problem(`${at}/cases/${index}/country`, 'unknown-country', `is ${quote(test.country)}, which is no country that numbers are known of`, 'Write the two letters of the country, for example "GB" or "FR".');
    }
  });
}

function checkMenu(check: Check, step: MenuStep, at: string, extensionBeginnings: ReadonlyMap<string, string>): void {
  const { problems, parts } = check;
  checkSay(check, step.say, `${at}/say`);
  checkSay(check, step.noInputSay, `${at}/noInputSay`);
  checkSay(check, step.noMatchSay, `${at}/noMatchSay`);
  const choices = Object.keys(step.choices);
  if (choices.length === 0 && !step.dialExtension) {
    problems.problem(at, 'menu-without-choices', 'has no way out by a key', 'Add "choices", for example "1": "reception", or set "dialExtension".');
  }
  const waits = new Map<string, string>();
  for (const keys of choices) for (let length = 1; length < keys.length; length += 1) waits.set(keys.slice(0, length), keys);
  const seconds = step.interDigitMs / 1000;
  for (const keys of choices) {
    const choiceAt = `${at}/choices/${keys}`;
    const longer = waits.get(keys);
    if (longer !== undefined) problems.warning(choiceAt, 'choice-waits', `begins the choice ${longer} too, so that callers who press ${keys} wait ${seconds} s`, 'Give one of them keys that begin differently.');
    if (!step.dialExtension) continue;
    const extension = parts.extensions.has(keys) ? keys : extensionBeginnings.get(keys);
    if (extension === undefined) continue;
    const message = extension === keys ? `hides extension ${keys}, which cannot be dialled here` : `begins extension ${extension} too, so that callers who press ${keys} wait ${seconds} s`;
    problems.warning(choiceAt, 'choice-shadows-extension', message, 'Use another key, or set "dialExtension" to false.');
  }
}

function checkCollect(check: Check, step: CollectStep, at: string): void {
  checkSay(check, step.say, `${at}/say`);
  checkSay(check, step.noInputSay, `${at}/noInputSay`);
  checkSay(check, step.noMatchSay, `${at}/noMatchSay`);
  if (step.minDigits > step.maxDigits) {
    check.problems.problem(`${at}/minDigits`, 'digits-contradict', `is ${step.minDigits}, more than "maxDigits" (${step.maxDigits})`, 'Make it at most as large as "maxDigits".');
  }
}

function checkRing({ refer, problems }: Check, step: RingStep, at: string): void {
  const seen = new Set<string>();
  step.targets.forEach((target, index) => {
    const name = target.kind === 'extension' ? target.extension : target.kind === 'group' ? target.group : target.number;
    if (target.kind === 'extension') refer('extensions', name, `${at}/targets/${index}/extension`);
    else if (target.kind === 'group') refer('groups', name, `${at}/targets/${index}/group`);
    if (seen.has(`${target.kind} ${name}`)) problems.warning(`${at}/targets/${index}`, 'target-twice', `rings ${quote(name)} twice`, 'Take one of them out.');
    seen.add(`${target.kind} ${name}`);
  });
}

function checkLookup({ problems, options }: Check, step: LookupStep, at: string): void {
  checkBraces(step.url, `${at}/url`, problems);
  if (step.body !== null) checkBraces(step.body, `${at}/body`, problems);
  for (const [header, value] of Object.entries(step.headers)) checkBraces(value, `${at}/headers/${header}`, problems);
  if (step.method === 'GET' && step.body !== null) {
    problems.warning(`${at}/body`, 'body-not-sent', 'is not sent, as a GET has no body', 'Set "method" to "POST", or take the body out.');
  }
  const urlAt = `${at}/url`;
  const plain = step.url.replace(/\{\{[^{}]*\}\}/g, '0');
  if (!URL.canParse(plain)) {
    problems.problem(urlAt, 'wrong-address', `is ${quote(step.url)}, which is no address`, 'For example: "https://crm.example/accounts/{{account}}"');
    return;
  }
  const url = new URL(plain);
  if (/^[a-z]+:\/\/[^/?#]*\{\{/i.test(step.url)) {
    problems.problem(urlAt, 'variable-in-host', `has a variable in the name of the host`, 'Write the host out; variables belong in path and query.');
  } else if (url.username !== '' || url.password !== '') {
    problems.problem(urlAt, 'password-in-address', 'has a user name or password in the address, where logs would show it', 'Send it in a header instead.');
  } else if (url.protocol === 'http:' && isLoopback(url.hostname) && options.allowLoopbackLookups === true) {
    problems.warning(urlAt, 'not-https', 'is not encrypted, which is allowed for this machine alone', 'Use https outside trials.');
  } else if (url.protocol !== 'https:') {
    problems.problem(urlAt, 'not-https', `is ${quote(step.url)}, which is no https address`, 'Write an address that begins with https://.');
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
