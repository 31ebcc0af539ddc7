// What a person reads when the start is done: where things are, which numbers there are, and how to place a call now.
import { formatNumber } from '../numbering/e164.ts';
import type { Settings } from '../settings.ts';
import { doesText } from './http-deps.ts';
import type { Service } from './service.ts';
import { addressForPhones } from './sip-address.ts';

/** More numbers than this are counted, not listed. */
const MAX_LISTED = 12;

export function readyText(service: Pick<Service, 'http' | 'asterisk' | 'plans' | 'problems' | 'hasDemoCarrier'>, settings: Settings): string {
  const { asterisk, plans } = service;
  const rows = plans.customers().flatMap((customer) => {
    const plan = plans.byCustomer(customer);
    return plan === null ? [] : [...plan.numbers.values()].map((ddi) => ({ ddi, plan }));
  });
  const address = addressForPhones(asterisk, settings);
  const sip = address === null ? 'as that Asterisk is reached' : `${address} (UDP and TCP${settings.sipTlsCert === null ? '' : `, TLS on port ${settings.sipTlsPort}`})`;
  const first = rows[0];
  const lines = [
    `GENVoice is ready (${asterisk.kind === 'existing' ? 'an existing ' : ''}${asterisk.version.split('\n')[0]}).`,
    '',
    `API   ${service.http.url}  (key in ${settings.dataFolder}/api-key)`,
    `SIP   ${sip}`,
    '',
    rows.length === 0 ? `No numbers yet: put a plan into ${settings.plansFolder}, for example a copy of dialplan/plans/bramley-finch.json.` : 'Numbers',
    ...rows.slice(0, MAX_LISTED).map(({ ddi, plan }) => `  ${formatNumber(ddi.ddi).padEnd(14)}  ${plan.organisation.name}, ${ddi.label}: ${doesText(plan, ddi.ddi, Date.now())}`),
    ...(rows.length > MAX_LISTED ? [`  and ${rows.length - MAX_LISTED} more: npm run -s genvoice -- numbers list`] : []),
    '',
    ...(first === undefined ? [] : ['Place a call now, in another terminal:', `  npm run -s genvoice -- call ${first.ddi.ddi} --keys 1,2`, '']),
    ...(service.hasDemoCarrier ? [`Outside calls come to a demo carrier on this machine, which answers every number but 999 and 112, until ${settings.trunksFile} names one of yours.`, ''] : []),
    'Phones: npm run -s genvoice -- phones list    Stop: Ctrl+C',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
