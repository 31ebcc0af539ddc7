// Who calls whom in a test call: a number of a live plan from outside, or a phone of a customer that dials an extension,
// a number or a code. PURE. Read `routeTestCall`.
import type { TestCallBody } from '../http/wire.ts';
import { extensionCaller, parseCaller, type Caller } from '../numbering/caller.ts';
import { toE164OrNull } from '../numbering/e164.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import type { Answer } from '../routing/explain.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';

export interface TestCallRoute {
  readonly plan: RoutingPlan;
  /** What is dialled. */
  readonly dial: string;
  /** What `explain` is asked for; null = a code, which no step serves. */
  readonly asked: string | null;
  readonly caller: Caller;
  /** The phone that places the call; null = it comes in over the trunk, as from outside. */
  readonly phone: Extension | null;
  readonly from: SipFrom;
  /** As people read it: a number, `201`, `withheld`, `none`. */
  readonly fromShown: string;
  readonly answers: Readonly<Record<string, Answer>>;
}
/** The From header of a call from outside; empty for a phone, whose endpoint is its name. */
export interface SipFrom {
  readonly user: string;
  readonly displayName?: string;
  readonly host?: string;
}
export type Routed =
  | { readonly kind: 'route'; readonly route: TestCallRoute }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };
type Asked = Pick<TestCallBody, 'to' | 'from' | 'customer' | 'answers'>;

/** Ofcom's drama range: nobody's number (RULES C2). */
const DEFAULT_FROM = '+447700900123';
const EXTENSION = /^[1-9]\d{1,5}$/;
/** Codes begin with a star; 999 and 112 can never be called for a test. */
const CODE = /^\*[0-9*#]{1,15}$/;

/** What a test call may do here. */
export interface TestCallBounds {
  /** The phones are those that we make, whatever `endpoint` a plan names. */
  readonly isOurs: boolean;
  /** Every trunk leads to this machine itself: a call to the outside reaches nobody and costs nothing. */
  readonly mayLeave: boolean;
}

export function routeTestCall(asked: Asked, plans: Pick<PlanSource, 'byDdi' | 'byCustomer' | 'customers'>, { isOurs, mayLeave }: TestCallBounds): Routed {
  const text = asked.to.trim();
  const ddi = toE164OrNull(text, 'GB');
  const plan = ddi === null ? null : plans.byDdi(ddi);
  if (ddi !== null && plan !== null) {
    if (asked.customer !== undefined && asked.customer !== plan.customer) return { kind: 'unknown' };
    return checked(asked, toNumber(asked, plan, ddi, isOurs));
  }
  if (EXTENSION.test(text)) return checked(asked, toExtension(asked, owners(asked, plans, text), text, isOurs));
  if (CODE.test(text)) return checked(asked, toCode(asked, plans, text, isOurs));
  if (ddi !== null && asked.from !== undefined) return mayLeave ? checked(asked, toCode(asked, plans, text, isOurs)) : refused(`${text} is an outside number, and a real carrier would take the call`, 'Test calls go outside only while every trunk leads to this machine');
  return { kind: 'unknown' };
}

function toNumber(asked: Asked, plan: RoutingPlan, ddi: string, isOurs: boolean): Routed {
  const from = asked.from?.trim() ?? DEFAULT_FROM;
  if (EXTENSION.test(from)) return fromPhone(plan, from, ddi, ddi, isOurs);
  const sip = sipFrom(from);
  if (sip === null) return refused(`from: ${from.slice(0, 40)} is neither a phone number nor an extension`, 'Write a number such as 07700900123, an extension, "withheld" or "none"');
  const header = from === 'none' ? '' : from === 'withheld' ? '<sip:anonymous@anonymous.invalid>' : `<sip:${sip.user}@127.0.0.1>`;
  const caller = parseCaller({ from: header, privacy: from === 'withheld' ? 'id' : '' }, 'GB');
  return route({ plan, dial: ddi, asked: ddi, caller, phone: null, from: sip, fromShown: caller.number.kind === 'e164' ? caller.number.e164 : from, answers: {} });
}

function toExtension(asked: Asked, plans: readonly RoutingPlan[], extension: string, isOurs: boolean): Routed {
  const plan = plans[0];
  if (plan === undefined) return { kind: 'unknown' };
  if (plans.length > 1) return refused(`${extension} is an extension of ${plans.map((one) => one.customer).join(' and ')}`, `Say whose: --customer ${plan.customer}`);
  const from = asked.from?.trim() ?? [...plan.extensions.values()].find((one) => isOurs && one.number !== extension)?.number;
  if (from === undefined) return refused(`${plan.customer} has no second phone that could call ${extension}`, 'Call one of its numbers instead');
  if (from === extension) return refused(`${extension} cannot call itself`, 'Name another extension with --from');
  return fromPhone(plan, from, extension, extension, isOurs);
}

function toCode(asked: Asked, plans: Pick<PlanSource, 'byCustomer' | 'customers'>, code: string, isOurs: boolean): Routed {
  const from = asked.from?.trim() ?? '';
  if (!EXTENSION.test(from)) return refused(`${code} is dialled from a phone`, 'Name its extension: --from 201');
  const [plan, ...others] = owners(asked, plans, from);
  if (plan === undefined) return refused(`${from} is no extension of any live plan`, '"genvoice phones list" shows those there are');
  if (others.length > 0) return refused(`${from} is an extension of several customers`, `Say whose: --customer ${plan.customer}`);
  return fromPhone(plan, from, code, null, isOurs);
}

function fromPhone(plan: RoutingPlan, from: string, dial: string, asked: string | null, isOurs: boolean): Routed {
  const phone = plan.extensions.get(from);
  if (phone === undefined) return refused(`from: ${from} is no extension of ${plan.customer}`, '"genvoice phones list" shows those there are');
  if (!isOurs) return refused(`${from} is a phone of an Asterisk that was there before, whose password is not ours`, 'Call from that phone itself');
  return route({
    plan, dial, asked, caller: extensionCaller(phone.number, phone.name), phone, from: { user: phone.number }, fromShown: phone.number,
    // A call never rings the phone that it comes from.
    answers: { [phone.number]: 'unreachable' },
  });
}

/** What phones are to do belongs to phones that the plan has. */
function checked(asked: Asked, routed: Routed): Routed {
  if (routed.kind !== 'route') return routed;
  const { plan, answers } = routed.route;
  const stranger = Object.keys(asked.answers).find((extension) => !plan.extensions.has(extension));
  if (stranger !== undefined) return refused(`answers: ${stranger} is no extension of ${plan.customer}`, '"genvoice phones list" shows those there are');
  return route({ ...routed.route, answers: { ...asked.answers, ...answers } });
}

function owners(asked: Asked, plans: Pick<PlanSource, 'byCustomer' | 'customers'>, extension: string): readonly RoutingPlan[] {
  return plans.customers()
    .filter((customer) => asked.customer === undefined || customer === asked.customer)
    .flatMap((customer) => plans.byCustomer(customer) ?? [])
    .filter((plan) => plan.extensions.has(extension));
}

function sipFrom(from: string): SipFrom | null {
  if (from === 'withheld') return { user: 'anonymous', displayName: 'Anonymous', host: 'anonymous.invalid' };
  if (from === 'none') return { user: 'unknown' };
  const number = toE164OrNull(from, 'GB');
  return number === null ? null : { user: number };
}

function route(found: TestCallRoute): Routed {
  return { kind: 'route', route: found };
}
function refused(reason: string, hint: string): Routed {
  return { kind: 'refused', reason, hint };
}
