// Rules for calls that leave: numbers that may be shown and can be called back, sites, and where calls may go. They say
// what can be seen in the plan; whether a number may be shown on a call is judged on that call. Read `checkOutbound`.
import type { Check } from './check.ts';
import { checkNumber } from './check-directory.ts';
import type { RegisteredNumber } from './outbound.ts';
import { pointer } from './problem.ts';

/** Adds what is wrong with numbers as the registry has them, and with what refers to them. */
export function checkOutbound(check: Check): void {
  for (const number of check.parts.registry.values()) checkRegistered(check, number);
}

function checkRegistered(check: Check, registered: RegisteredNumber): void {
  const { number, capability, returnTo, site } = registered;
  const { read, problems, refer } = check;
  const at = pointer('numbers', number);
  if (site !== null) refer('sites', site, `${at}/site`);
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
