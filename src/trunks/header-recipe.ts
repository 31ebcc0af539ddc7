// The only place that makes a leg towards a carrier: endpoint and headers from a verdict and the carrier's recipe, after
// what was measured on the wire (Asterisk 22.10, test/live/trunk-headers.test.ts). Nothing that an endpoint sent goes in,
// only numbers that were parsed and digits that were checked. Read `trunkLeg` first.
import { isE164, toE164OrNull, type E164 } from '../numbering/e164.ts';
import { shortCodeClass } from '../numbering/ranges.ts';
import type { AllowedVerdict } from '../compliance/verdict.ts';
import type { NumberFormat, OutboundTrunk } from './trunk.ts';

declare const recipe: unique symbol;

/** A leg towards a carrier. Only this file makes one, and the telephony port takes nothing else for a trunk. */
export interface TrunkLegSpec {
  readonly [recipe]: true;
  readonly trunk: string;
  readonly endpoint: string;
  readonly variables: Readonly<Record<string, string>>;
  /** As they leave, in E.164; null = none is sent. */
  readonly shown: E164 | null;
  readonly network: E164 | null;
}

/** A call that came in and is sent out again. */
export interface Forwarded {
  /** Who called; null = withheld or not sent. */
  readonly originalCaller: E164 | null;
  /** The caller allowed it to be shown; the trunk must too. */
  readonly isShownAllowed: boolean;
  /** Number of ours that was called; absent = the verdict's presentation number. */
  readonly divertedFrom?: E164;
}

/** Names that stand in a dial string and in a header: the trunk file's own patterns let through nothing else. */
const ENDPOINT = /^[A-Za-z0-9_-]{1,80}$/;
const DOMAIN = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})$/;
const EMERGENCY = /^(18000|(1800[12])?(999|112))$/;
/** `+` and 7 digits: the shortest numbers of any country. */
const SHORTEST = 8;
const RELAY = /^(1800[12])(0\d+)$/;

/**
 * The leg of an allowed call. `destination` is E.164, a short code, an emergency number, or 18001/18002 before a national
 * number; anything else is a RangeError, as nobody has classified it, and so is an emergency verdict for another call. A
 * withheld number is sent to the carrier in P-Asserted-Identity with `Privacy: id`, never in From; to emergency services
 * nothing is withheld (RULES B4).
 */
export function trunkLeg(verdict: AllowedVerdict, trunk: OutboundTrunk, destination: string, forwarded?: Forwarded): TrunkLegSpec {
  const { defaultNetworkNumber, allowsThirdPartyNumbers } = trunk.recipe;
  const isEmergency = EMERGENCY.test(destination);
  if (!isEmergency && (verdict.source === 'emergency' || verdict.presentation === null)) throw new RangeError('the verdict is for an emergency call, and the destination is none');
  const ours = verdict.presentation ?? defaultNetworkNumber;
  const isThirdParty = forwarded !== undefined && forwarded.isShownAllowed && allowsThirdPartyNumbers && !isEmergency;
  return legOf(trunk, destination, {
    shown: isThirdParty && forwarded.originalCaller !== null ? forwarded.originalCaller : ours,
    network: verdict.network ?? defaultNetworkNumber ?? ours, isWithheld: verdict.isWithheld && !isEmergency,
    divertedFrom: forwarded === undefined ? null : (forwarded.divertedFrom ?? ours),
  });
}

/** A number as the carrier wants it: digits, with + in front in the first format. */
export function formatFor(format: NumberFormat, number: E164): string {
  if (format === '+E164') return number;
  if (format === 'national' && number.startsWith('+44')) return `0${number.slice(3)}`;
  return `00${number.slice(1)}`;
}

interface Identity {
  readonly shown: E164 | null;
  readonly network: E164 | null;
  readonly isWithheld: boolean;
  readonly divertedFrom: E164 | null;
}

function legOf(trunk: OutboundTrunk, destination: string, who: Identity): TrunkLegSpec {
  if (!ENDPOINT.test(trunk.endpoint)) throw new RangeError(`trunk ${JSON.stringify(trunk.id)}: the endpoint's name has other characters than letters, digits, - and _`);
  if (!DOMAIN.test(trunk.domain)) throw new RangeError(`trunk ${JSON.stringify(trunk.id)}: domain is no host name or address`);
  const { format, sendsNetworkNumber } = trunk.recipe;
  const uri = (number: E164): string => `<sip:${formatFor(format, checked(number))}@${trunk.domain}>`;
  const network = sendsNetworkNumber ? who.network : null;
  const variables: Record<string, string> = {};
  // From comes from the connected line of the dialled channel; CALLERID would be sent as Anonymous.
  if (who.shown !== null) variables['CONNECTEDLINE(num,i)'] = formatFor(format, checked(who.shown));
  if (who.isWithheld) variables['CONNECTEDLINE(pres,i)'] = 'prohib_passed_screen';
  if (network !== null) variables['PJSIP_HEADER(add,P-Asserted-Identity)'] = uri(network);
  if (who.isWithheld) variables['PJSIP_HEADER(add,Privacy)'] = 'id';
  // RFC 5806: the number that was called and sent the call on. `privacy=full` keeps it from a called person for whom we withhold.
  if (who.divertedFrom !== null) variables['PJSIP_HEADER(add,Diversion)'] = `${uri(who.divertedFrom)};reason=unconditional${who.isWithheld ? ';privacy=full' : ''}`;
  const dialled = dialString(format, destination);
  return Object.freeze({ trunk: trunk.id, endpoint: `PJSIP/${dialled}@${trunk.endpoint}`, variables: Object.freeze(variables), shown: who.shown, network }) as TrunkLegSpec;
}

function dialString(format: NumberFormat, destination: string): string {
  if (isE164(destination) && destination.length >= SHORTEST) return formatFor(format, destination);
  if (EMERGENCY.test(destination) || (/^\d{3,6}$/.test(destination) && shortCodeClass(destination) !== null)) return destination;
  const relayed = RELAY.exec(destination)?.[2];
  if (relayed !== undefined && destination.length <= 20 && toE164OrNull(relayed, 'GB') !== null) return destination;
  throw new RangeError(`${JSON.stringify(destination.slice(0, 40))} is neither E.164 nor a short code, so that it cannot leave`);
}

/** The type says it already; a header is the last place where it can be looked at. */
function checked(number: E164): E164 {
  if (!isE164(number)) throw new RangeError('a number to be shown is not E.164');
  return number;
}
