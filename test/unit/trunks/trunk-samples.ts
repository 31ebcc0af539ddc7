// Trunks and verdicts of the tests. The brand of a verdict is claimed here: no rule is asked.
import type { AllowedVerdict } from '../../../src/compliance/verdict.ts';
import type { HeaderRecipe, OutboundTrunk } from '../../../src/trunks/trunk.ts';
import { e164 } from '../numbering/arbitraries.ts';

export const RECIPE: HeaderRecipe = { format: '+E164', defaultNetworkNumber: null, sendsNetworkNumber: true, allowsThirdPartyNumbers: false };

export function sampleTrunk(more: Partial<OutboundTrunk> = {}): OutboundTrunk {
  const id = more.id ?? 'alpha';
  return {
    id, name: id, carrier: id, endpoint: `trunk-${id}`, domain: 'carrier.example', transport: 'udp', priority: 10, weight: 1, cost: { default: 1 },
    maxChannels: null, maxCallsPerSecond: null, emergency: false, recipe: RECIPE, ...more,
  };
}

/** As if every rule had allowed. */
export function allowed(more: Partial<Omit<AllowedVerdict, 'allow'>> = {}): AllowedVerdict {
  const claimed: unknown = { allow: true, purpose: 'service', presentation: e164('+441632960018'), source: 'customer', isWithheld: false, network: null, reasons: [], ...more };
  return claimed as AllowedVerdict;
}
