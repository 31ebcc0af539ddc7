// Rules for calls that leave: numbers that may be shown and can be called back, sites, where calls may go and how much.
// They say what can be seen in the plan; whether a number may be shown on a call is judged on that call. Read
// `checkOutbound`.
import { destinationOfNumber } from '../numbering/destination.ts';
import { isCountryCode, isE164 } from '../numbering/e164.ts';
import type { E164 } from '../numbering/e164.ts';
import { classOf } from '../numbering/ranges.ts';
import type { Check } from './check.ts';
import { checkDate, checkNumber } from './check-directory.ts';
import type { DestinationRules, OutboundLimits, RegisteredNumber } from './outbound.ts';
import { permit } from './permission.ts';
import { pointer, quote } from './problem.ts';

/** Adds what is wrong with numbers as the registry has them, and with what refers to them. */
export function checkOutbound(plain: Check): void {
  const { parts, problems, refer } = plain;
  const check: OutboundCheck = { ...plain, listed: new Set(parts.outbound.alsoShow) };
  for (const number of parts.registry.values()) checkRegistered(check, number);
  checkEmergency(check, parts.organisation?.emergencyNumber ?? null, '/organisation/emergencyNumber');
  for (const [id, site] of parts.sites) {
    const at = pointer('sites', id);
    if (site.emergencyNumber !== null) checkNumber(site.emergencyNumber, `${at}/emergencyNumber`, problems);
    checkEmergency(check, site.emergencyNumber, `${at}/emergencyNumber`);
    checkShown(check, site.cli, `${at}/cli`);
  }
  for (const [id, { outbound }] of parts.groups) checkRules(check, outbound.destinations, outbound.limits, pointer('groups', id, 'outbound'));
  for (const [number, { outbound, forward }] of parts.extensions) {
    const at = pointer('extensions', number);
    if (outbound.site !== null) refer('sites', outbound.site, `${at}/site`);
    checkShown(check, outbound.cli, `${at}/cli`);
    outbound.clis.forEach((cli, index) => {
      if (outbound.clis.indexOf(cli) !== index) problems.warning(`${at}/clis/${index}`, 'cli-twice', `lists ${cli} twice`, 'Take one of them out.');
      else checkShown(check, cli, `${at}/clis/${index}`);
    });
    checkRules(check, outbound.destinations, outbound.limits, `${at}/outbound`);
    if (forward !== null) checkOutside(check, forward.to, number, `${at}/forward/to`);
  }
  for (const step of parts.steps.values()) {
    if (step.kind !== 'ring' || step.id.startsWith('@')) continue;
    step.targets.forEach((target, index) => {
      if (target.kind === 'outside') checkOutside(check, target.number, null, pointer('steps', step.id, 'targets', index, 'outside'));
    });
  }
  checkCustomer(check);
}

interface OutboundCheck extends Check {
  /** Numbers that may be shown although they are not of an ordinary kind. */
  readonly listed: ReadonlySet<E164>;
}

function checkCustomer(check: OutboundCheck): void {
  const { problems, parts: { outbound, extensions, sites } } = check;
  outbound.trunks.forEach((trunk, index) => {
    if (outbound.trunks.indexOf(trunk) !== index) problems.warning(`/outbound/trunks/${index}`, 'trunk-twice', `names the trunk ${quote(trunk)} twice`, 'Take one of them out.');
  });
  outbound.alsoShow.forEach((number, index) => {
    checkNumber(number, `/outbound/alsoShow/${index}`, problems);
    if (classOf(number) === 'premium') checkShown(check, number, `/outbound/alsoShow/${index}`);
  });
  checkShown(check, outbound.cli, '/outbound/cli');
  checkShown(check, outbound.fallBackTo, '/outbound/fallBackTo');
  checkRules(check, outbound.destinations, outbound.limits, '/outbound');
  if (outbound.trunks.length === 0 || outbound.cli !== null || !check.options.isWhole) return;
  const silent = [...extensions.values()].find((one) => one.outbound.cli === null && (sites.get(one.outbound.site ?? '')?.cli ?? null) === null);
  if (silent === undefined) return;
  problems.warning('/outbound', 'no-default-cli', `has no "cli", and extension ${silent.number} has no number of its own to show, so that its calls are refused`, 'Add "cli" with a number of this plan.');
}

function checkRegistered(check: Check, registered: RegisteredNumber): void {
  const { number, capability, returnTo, site, heldSince, emergencyAddress } = registered;
  const { read, problems, refer } = check;
  const at = pointer('numbers', number);
  if (site !== null) refer('sites', site, `${at}/site`);
  if (heldSince !== null) checkDate(heldSince, `${at}/heldSince`, problems);
  if (emergencyAddress !== null) checkDate(emergencyAddress.verifiedOn, `${at}/emergencyAddress/verifiedOn`, problems);
  if (returnTo !== null) checkReturn(check, registered, `${at}/returnTo`);
  if (read.numbers?.[number]?.entry !== undefined || returnTo !== null) return;
  if (capability === 'outbound-only') {
    problems.problem(at, 'number-without-return', 'is outbound-only and has no number that a return call goes to', 'Add "returnTo" with a number of this plan that takes calls.');
  } else {
    problems.problem(at, 'number-without-entry', 'has no step at which its calls begin', 'Add "entry", for example "opening"; or set "capability" to "outbound-only" and add "returnTo".');
  }
}

/** A return call is answered at once, not passed from number to number. */
function checkReturn({ parts, read, problems, refer }: Check, { number, capability, returnTo }: RegisteredNumber, at: string): void {
  if (returnTo === null) return;
  checkNumber(returnTo, at, problems);
  const target = parts.registry.get(returnTo);
  const mend = 'Name a number of this plan that has an "entry" and takes calls.';
  if (capability !== 'outbound-only') {
    problems.problem(at, 'return-not-needed', 'is stated for a number that takes calls itself', 'Take it out, or set "capability" to "outbound-only".');
  } else if (returnTo === number) {
    problems.problem(at, 'return-loop', 'is the number itself', mend);
  } else if (target === undefined) {
    refer('numbers', returnTo, at);
  } else if (target.returnTo === number) {
    problems.problem(at, 'return-loop', `goes to ${returnTo}, whose return calls come back here`, mend);
  } else if (target.capability === 'outbound-only' || read.numbers?.[returnTo]?.entry === undefined) {
    problems.problem(at, 'return-not-answered', `goes to ${returnTo}, which takes no calls itself`, mend);
  }
}

/** RULES 4-01 and B4: the services look the address up by this number. A warning: the call goes out all the same. */
function checkEmergency({ parts, problems, options }: Check, number: E164 | null, at: string): void {
  if (number === null || !options.isWhole) return;
  const registered = parts.registry.get(number);
  if (registered === undefined) {
    problems.warning(at, 'emergency-number-unknown', `is ${number}, which is not a number of this plan, so that nothing says what address the emergency services find`, 'Name a number under "numbers" that has an "emergencyAddress".');
  } else if (registered.emergencyAddress === null) {
    problems.warning(at, 'emergency-without-address', `is ${number}, for which no address is stated that the emergency services would find`, `Add "emergencyAddress" to ${number}, as its provider holds it, and the day on which it was checked.`);
  }
}

/** A number that calls are to show: ours or listed, not only for calls that come in, of a kind that may be shown (RULES B2, F7). */
function checkShown({ parts, problems, options, listed }: OutboundCheck, number: E164 | null, at: string): void {
  if (number === null || !options.isWhole) return;
  checkNumber(number, at, problems);
  const registered = parts.registry.get(number);
  const isListed = listed.has(number);
  const cls = classOf(number);
  const shows = `shows ${number}`;
  if (cls === 'premium') {
    problems.problem(at, 'cli-premium', `${shows}, a premium rate number, which no call may show`, 'Name a number that people can call back without a special charge.');
  } else if (registered === undefined && !isListed) {
    problems.problem(at, 'cli-not-held', `${shows}, which is not a number of this plan`, 'Add it under "numbers", or name one that is there.');
  } else if (registered?.capability === 'inbound-only') {
    problems.problem(at, 'cli-inbound-only', `${shows}, which is inbound-only`, 'Name another number, or set its "capability" to "both" if its provider allows that.');
  } else if (!isListed && LISTED_CLASSES.has(cls)) {
    problems.problem(at, 'cli-not-listed', `${shows}, a number that may be shown only when it is listed`, 'Add it to "alsoShow" under "outbound" if you have the right to show it, or name another number.');
  } else if (registered?.heldSince === null) {
    problems.warning(at, 'cli-without-date', `${shows}, of which the plan does not say since when it is held, so that no call can show it`, `Add "heldSince" to ${number}.`);
  } else if (registered !== undefined && !registered.purposes.includes(parts.outbound.purpose)) {
    problems.warning(at, 'cli-of-other-purpose', `${shows}, which is not for ${parts.outbound.purpose} calls, the purpose of calls here`, `Add ${quote(parts.outbound.purpose)} to its "purposes", or name another number.`);
  }
}

/** Shown only when the plan lists them: they cost the one who calls back, or are no numbers of the United Kingdom. */
const LISTED_CLASSES: ReadonlySet<string> = new Set(['service084', 'service087', 'personal', 'pager', 'international']);

/** Somebody outside whom the plan rings by itself: not ourselves, and where calls from here may go without a PIN. */
function checkOutside({ parts, problems, options }: Check, number: E164, extension: string | null, at: string): void {
  checkNumber(number, at, problems);
  if (!options.isWhole) return;
  if (parts.registry.has(number)) {
    problems.problem(at, 'outside-is-own-number', `is ${number}, a number of this plan: calls would come back to where they are`, 'Name a step, an extension or a group instead, or a number that is not yours.');
    return;
  }
  const to = isE164(number) ? destinationOfNumber(number) : null;
  const permitted = to === null ? null : permit({ ...parts, hash: '', version: 0 }, extension, to);
  if (permitted !== null && permitted.permission !== 'allowed') {
    problems.problem(at, 'outside-not-allowed', `is ${number}, where calls may not go by themselves: ${permitted.text}`, 'Allow it under "destinations", or name another number.');
  } else if (parts.outbound.trunks.length === 0) {
    problems.warning(at, 'no-way-out', `is ${number}, and no call can leave`, 'Name the operator\'s trunks as "trunks" under "outbound".');
  }
}

function checkRules(check: Check, { countries }: DestinationRules, limits: OutboundLimits, at: string): void {
  for (const key of Object.keys(countries)) {
    const keyAt = `${at}/destinations${pointer('countries', key)}`;
    if (key.startsWith('+44') || key === 'GB') {
      check.problems.problem(keyAt, 'country-is-home', 'is the United Kingdom, whose numbers go by their class', 'Write it under "classes", for example "mobile" or "premium".');
    } else if (!key.startsWith('+') && !isCountryCode(key)) {
      check.problems.problem(keyAt, 'unknown-country', `is ${quote(key)}, which is no country that numbers are known of`, 'Write the two letters of the country, for example "FR".');
    }
  }
  checkLimits(check, limits, at);
}

/** Bounds that never bite, or bite before they were announced. */
function checkLimits({ parts, problems, options }: Check, limits: OutboundLimits, at: string): void {
  if (!options.isWhole) return;
  const { outbound } = parts;
  if (limits.maxCallMs !== null && outbound.warnMs >= limits.maxCallMs) {
    problems.warning(`${at}/limits/maxCallMs`, 'cut-before-warning', `cuts calls after ${limits.maxCallMs} ms, before the warning that is due ${outbound.warnMs} ms earlier`, 'Make it longer, or "warnMs" under "outbound" shorter; 0 warns nobody.');
  }
  const wider: Readonly<Record<keyof OutboundLimits, number | null>> = at === '/outbound'
    ? { maxCalls: parts.limits.maxCalls, maxCallMs: parts.limits.maxCallMs, maxCallsPerSecond: null, maxMinutesPerDay: null, maxSpendPerDay: null }
    : outbound.limits;
  const whose = at === '/outbound' ? 'that of the whole plan under "limits"' : "the customer's";
  for (const key of Object.keys(limits) as (keyof OutboundLimits)[]) {
    const own = limits[key];
    const above = wider[key];
    if (own === null || above === null || own <= above) continue;
    problems.warning(`${at}/limits/${key}`, 'limit-without-effect', `is ${own}, more than ${whose} (${above}), which is reached first`, 'Make it smaller, or take it out.');
  }
}
