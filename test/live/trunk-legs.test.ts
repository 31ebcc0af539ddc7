// Legs towards carriers on a real Asterisk, captured where they arrive: headers of every recipe, nothing of what a phone
// claims about itself, and how long a broken trunk holds a call up. Recipe and telephony port alone, without a call flow.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AllowedVerdict } from '../../src/compliance/verdict.ts';
import { formatFor, trunkLeg, type TrunkLegSpec } from '../../src/trunks/header-recipe.ts';
import type { HeaderRecipe, NumberFormat, OutboundTrunk } from '../../src/trunks/trunk.ts';
import { WATCH } from '../../src/trunks/failover.ts';
import { AriTrunkStates } from '../../src/ari/trunk-states.ts';
import { RawCarrier, type RawInvite } from '../contract/raw-carrier.ts';
import { AsteriskHost, eventually, makeTransport, type AsteriskWorld } from '../contract/telephony-asterisk-world.ts';
import { faultOf } from '../contract/telephony-steps.ts';
import { newId } from '../contract/telephony-world.ts';
import { e164 } from '../unit/numbering/arbitraries.ts';
import { allowed, RECIPE, sampleTrunk } from '../unit/trunks/trunk-samples.ts';

const OURS = e164('+441632960018');
const NETWORK = e164('+441632960100');
const CALLER = e164('+447700900123');
const CALLED = '+442079460018';
/** What a broken world may add to a call, and how many calls each is tried with. */
const ROUNDS = 20;
/** A port of which nobody is given one by chance. */
const CLOSED = '127.0.0.1:1';
const DEAD_MS = 600;
const REFUSED_MS = 40;

const host = new AsteriskHost();
let world: AsteriskWorld;
let carrier: RawCarrier;
let other: RawCarrier;
let silent: RawCarrier;
const trunk = (id: string, recipe: Partial<HeaderRecipe> = {}): OutboundTrunk => sampleTrunk({ id, domain: 'ours.example', recipe: { ...RECIPE, ...recipe } });

beforeAll(async () => {
  [carrier, other, silent] = [await RawCarrier.open(), await RawCarrier.open(), await RawCarrier.open()];
  silent.answersOptions = false;
  const common = { match: [], dtmf: 'rfc4733', ddiFrom: 'request-uri', fromDomain: 'ours.example' } as const;
  await host.start([
    { ...common, id: 'alpha', address: `127.0.0.1:${carrier.port}` }, { ...common, id: 'other', address: `127.0.0.1:${other.port}` },
    { ...common, id: 'silent', address: `127.0.0.1:${silent.port}` }, { ...common, id: 'closed', address: CLOSED, transport: 'tcp' },
    { ...common, id: 'watched', address: `127.0.0.1:${silent.port}`, qualifyMs: 2_000 },
  ]);
  world = await host.world('own');
});
afterEach(async () => {
  for (const one of [carrier, other, silent]) one.onInvite = () => {};
  await world.endRow();
  const left = await world.leftovers();
  if (left.length > 0) await world.sweep();
  expect(left).toEqual([]);
});
afterAll(async () => {
  await world.close();
  await Promise.all([carrier, other, silent].map((one) => one.close()));
  expect(await host.stop(), 'left on this machine').toEqual([]);
});

/** Places a leg and gives the INVITE as the carrier saw it. */
async function captured(spec: TrunkLegSpec, originator: string | null = null): Promise<{ leg: string; invite: RawInvite }> {
  const before = carrier.invites.length;
  const leg = await place(spec, originator);
  await eventually(() => carrier.invites.length > before);
  const invite = carrier.invites.at(-1);
  if (invite === undefined) throw new Error('no INVITE');
  return { leg, invite };
}
async function place(spec: TrunkLegSpec, originator: string | null = null): Promise<string> {
  const leg = newId('leg');
  await world.telephony.createTrunkLeg({ channel: leg, spec, originator });
  await world.log.on('entered', leg);
  await world.telephony.dialLeg(leg, 20_000);
  return leg;
}
const identity = (invite: RawInvite) => ({
  from: (invite.header('From') ?? '').replace(/;tag=.*/, ''), pai: invite.all('P-Asserted-Identity'), privacy: invite.all('Privacy'), diversion: invite.all('Diversion'),
  others: [...invite.all('Remote-Party-ID'), ...invite.all('P-Preferred-Identity'), ...invite.all('History-Info')],
});
const shown = (number: string, network: string | null, more: Partial<ReturnType<typeof identity>> = {}) =>
  ({ from: `<sip:${number}@ours.example>`, pai: network === null ? [] : [`<sip:${network}@ours.example>`], privacy: [], diversion: [], others: [], ...more });
const DIVERTED = ['<sip:+441632960018@ours.example>;reason=unconditional'];

describe('headers as they arrive', () => {
  type Case = [string, AllowedVerdict, Partial<HeaderRecipe>, Parameters<typeof trunkLeg>[3], ReturnType<typeof shown>];
  test.each<Case>([
    ['normal', allowed(), {}, undefined, shown('+441632960018', '+441632960018')],
    ['a different network number', allowed({ network: NETWORK }), {}, undefined, shown('+441632960018', '+441632960100')],
    ['the network number of the trunk', allowed(), { defaultNetworkNumber: NETWORK }, undefined, shown('+441632960018', '+441632960100')],
    ['no network number wanted', allowed({ network: NETWORK }), { sendsNetworkNumber: false }, undefined, shown('+441632960018', null)],
    ['withheld', allowed({ isWithheld: true, network: NETWORK }), {}, undefined, { ...shown('', '+441632960100', { privacy: ['id'] }), from: '"Anonymous" <sip:anonymous@ours.example>' }],
    ['forwarded, the trunk shows ours alone', allowed(), {}, { originalCaller: CALLER, isShownAllowed: true }, shown('+441632960018', '+441632960018', { diversion: DIVERTED })],
    ['forwarded, the caller does not want to be shown', allowed(), { allowsThirdPartyNumbers: true }, { originalCaller: CALLER, isShownAllowed: false }, shown('+441632960018', '+441632960018', { diversion: DIVERTED })],
    ['forwarded, shown', allowed({ network: NETWORK }), { allowsThirdPartyNumbers: true }, { originalCaller: CALLER, isShownAllowed: true }, shown('+447700900123', '+441632960100', { diversion: DIVERTED })],
  ])('%s', async (_, verdict, recipe, forwarded, expected) => {
    const { leg, invite } = await captured(trunkLeg(verdict, trunk('alpha', recipe), CALLED, forwarded));
    expect(identity(invite)).toEqual(expected);
    if (verdict.isWithheld) expect(invite.text, 'a withheld number stands nowhere but in P-Asserted-Identity').not.toContain('1632960018');
    await world.telephony.hangup(leg, 'normal');
  });

  test.each<NumberFormat>(['+E164', '0044', 'national'])('numbers written as %s', async (format) => {
    const { leg, invite } = await captured(trunkLeg(allowed({ network: NETWORK }), trunk('alpha', { format }), CALLED));
    expect(invite.dialled).toBe(formatFor(format, e164(CALLED)));
    expect(identity(invite)).toEqual(shown(formatFor(format, OURS), formatFor(format, NETWORK)));
    await world.telephony.hangup(leg, 'normal');
  });

  test.each(['101', '116123', '1800202079460018'])('%s goes as it is', async (digits) => {
    const { leg, invite } = await captured(trunkLeg(allowed(), trunk('alpha', { format: '0044' }), digits));
    expect(invite.dialled).toBe(digits);
    await world.telephony.hangup(leg, 'normal');
  });

  test('nothing that a phone claims about itself arrives, not when the leg is placed and not when both are joined', async () => {
    const phone = await world.phone();
    const claims = ['+441632960667', '+441632960668', '+441632960669'];
    const [pai = '', rpid = '', diversion = ''] = claims;
    const call = await phone.agent.call({
      // The user part says which phone it is: another one is another phone, or nobody.
      to: CALLED, from: { user: phone.user, displayName: 'Spoofed Name', host: 'spoof.example' }, auth: { username: phone.user, password: 'secret' },
      headers: {
        'P-Asserted-Identity': [`"Spoofed" <sip:${pai}@spoof.example>`], 'Remote-Party-ID': [`<sip:${rpid}@spoof.example>;party=calling;privacy=full`], Privacy: ['id;critical'],
        Diversion: [`<sip:${diversion}@spoof.example>;reason=unconditional`], 'P-Preferred-Identity': [`<sip:${pai}@spoof.example>`], 'History-Info': [`<sip:${diversion}@spoof.example>;index=1`],
      },
    });
    const arrived = await world.log.until((event) => event.type === 'entered' && event.args[0] === 'phone');
    const channel = arrived.type === 'entered' ? arrived.channel : '';
    const { leg, invite } = await captured(trunkLeg(allowed(), trunk('alpha'), CALLED), channel);
    expect(identity(invite)).toEqual(shown('+441632960018', '+441632960018'));
    carrier.respond(invite, 100);
    const requests = carrier.requests.length;
    carrier.respond(invite, 200);
    await world.log.state(leg, 'up');
    await world.telephony.answer(channel);
    const bridge = newId('br');
    await world.telephony.createBridge(bridge);
    await world.telephony.addToBridge(bridge, [channel, leg]);
    await eventually(() => carrier.count('ACK', invite.callId) > 0);
    // An identity that changes would be told in a re-INVITE or UPDATE at once.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(new Set(carrier.requests.slice(requests).filter((one) => one.endsWith(invite.callId)))).toEqual(new Set([`ACK ${invite.callId}`]));
    for (const claim of [...claims.map((one) => one.slice(3)), 'poof']) expect(invite.text).not.toContain(claim);
    await call.hangup();
    await world.telephony.hangup(leg, 'normal');
    await world.telephony.destroyBridge(bridge);
  });
});

describe('what a broken trunk costs', () => {
  /** Milliseconds from `begin` to the INVITE at the other carrier, over all rounds; sorted. */
  async function over(round: () => Promise<{ leg: string; beganMs: number }>): Promise<number[]> {
    const took: number[] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      const before = other.invites.length;
      const { leg, beganMs } = await round();
      await eventually(() => other.invites.length > before);
      took.push((other.invites.at(-1)?.atMs ?? Infinity) - beganMs);
      await world.telephony.hangup(leg, 'normal');
      await world.log.on('destroyed', leg);
    }
    return took.toSorted((a, b) => a - b);
  }
  /** A machine that does much else holds rounds up; the quickest one shows what the way itself costs. */
  const quickest = (took: readonly number[]): number => took[0] ?? Infinity;
  const tell = (what: string, took: readonly number[]): void => {
    process.stderr.write(`${what}: quickest ${quickest(took).toFixed(1)} ms, p50 ${took[Math.floor(took.length / 2)]?.toFixed(1)} ms, max ${took.at(-1)?.toFixed(1)} ms over ${took.length}\n`);
  };
  const next = (): Promise<string> => place(trunkLeg(allowed(), trunk('other'), CALLED));

  test('no answer at all: the watch of 500 ms, then the next', async () => {
    const took = await over(async () => {
      const before = silent.invites.length;
      const leg = await place(trunkLeg(allowed(), trunk('silent'), CALLED));
      await eventually(() => silent.invites.length > before);
      const beganMs = silent.invites.at(-1)?.atMs ?? 0;
      await new Promise((resolve) => setTimeout(resolve, WATCH.nothingMs - (performance.now() - beganMs)));
      expect(await world.telephony.hasResponse(leg)).toBe(false);
      const [following] = await Promise.all([next(), world.telephony.hangup(leg, 'normal')]);
      return { leg: following, beganMs };
    });
    tell('dead trunk', took);
    expect(quickest(took)).toBeLessThan(DEAD_MS);
  });

  test('503: the next at once', async () => {
    carrier.onInvite = (invite) => carrier.respond(invite, 503);
    const took = await over(async () => {
      const before = carrier.invites.length;
      const leg = await place(trunkLeg(allowed(), trunk('alpha'), CALLED));
      expect(await world.log.on('hangup-requested', leg)).toMatchObject({ techCause: 503 });
      expect(carrier.invites.length).toBe(before + 1);
      return { leg: await next(), beganMs: carrier.invites.at(-1)?.atMs ?? 0 };
    });
    tell('refused with 503', took);
    expect(quickest(took)).toBeLessThan(REFUSED_MS);
  });

  test('closed TCP port: 503 of Asterisk itself, the next at once', async () => {
    const took = await over(async () => {
      const beganMs = performance.now();
      const leg = await place(trunkLeg(allowed(), trunk('closed'), CALLED));
      expect(await world.log.on('hangup-requested', leg)).toMatchObject({ techCause: 503 });
      return { leg: await next(), beganMs };
    });
    tell('closed TCP port, from our first request', took);
    expect(quickest(took)).toBeLessThan(REFUSED_MS);
  });

  test('a trunk known to be down: seen by looking, refused without an INVITE, used again when it answers', async () => {
    const transport = makeTransport('own', host.address());
    const states = new AriTrunkStates(transport);
    const state = async (): Promise<boolean | null | undefined> => (await states.trunkStates(['trunk-watched', 'trunk-alpha', 'trunk-nobody'])).get('trunk-watched');
    await eventually(async () => (await state()) === false);
    expect([...(await states.trunkStates(['trunk-alpha', 'trunk-nobody']))]).toEqual([['trunk-alpha', expect.anything()]]);
    const before = silent.invites.length;
    const askedMs = performance.now();
    expect(await faultOf(world.telephony.createTrunkLeg({ channel: newId('leg'), spec: trunkLeg(allowed(), trunk('watched'), CALLED), originator: null }))).toBe('unreachable');
    process.stderr.write(`create on a trunk that is down: refused in ${(performance.now() - askedMs).toFixed(1)} ms\n`);
    silent.answersOptions = true;
    const backMs = performance.now();
    await eventually(async () => (await state()) === true);
    process.stderr.write(`back: seen after ${(performance.now() - backMs).toFixed(0)} ms\n`);
    expect(silent.invites.length).toBe(before);
    await transport.stop();
  });
});
