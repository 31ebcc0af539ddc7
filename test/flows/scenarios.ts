// One row per step kind and flow: what is set up, who calls, what they press. The hang-up sweep and the flow tests
// share these rows, so that a step kind without a row is noticed at once.
import { ANNA, BEN, OTHER_OUTSIDE, OUTBOUND_PLAN, OUTSIDE, OUTSIDE_PLAN } from './outbound-plan.ts';
import { carrier, planOf, World } from './world.ts';

export interface Scenario {
  readonly name: string;
  /** Step kinds and flows that the row stands for. */
  readonly covers: readonly string[];
  readonly plans: () => Readonly<Record<string, unknown>>;
  /** Prepares phones, keys, lookups; starts the call and returns the caller's channel. */
  readonly drive: (world: World) => string;
  /** The caller hangs up by themselves this long after the start; nothing in the plan would end the call. */
  readonly callerLeavesAfterMs?: number;
}

const end = { kind: 'end', how: 'hang-up' };
/** Not one of those who are rung outside. */
const CALLER = '<sip:+447700900999@carrier.invalid>';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'hours, switch, caller, goto and branch, then busy', covers: ['hours', 'switch', 'caller', 'goto', 'branch', 'end'],
    plans: () => ({
      acme: planOf('open', {
        open: { kind: 'hours', hours: 'office', on: { open: 'night', closed: 'sorry' }, fallback: 'sorry' },
        night: { kind: 'switch', switch: 'night', on: { off: 'who', on: 'sorry' }, fallback: 'sorry' },
        who: { kind: 'caller', cases: [{ prefix: '+447', to: 'jump' }], on: {}, fallback: 'sorry' },
        jump: { kind: 'goto', to: 'asked' },
        asked: { kind: 'collect', variable: 'account', say: ['menu'], minDigits: 2, maxDigits: 2, on: { collected: 'kind' }, fallback: 'sorry' },
        kind: { kind: 'branch', variable: 'account', cases: [{ prefix: '4', to: 'busy' }], on: {}, fallback: 'sorry' },
        busy: { kind: 'end', how: 'busy' },
      }, {
        hours: { office: { week: { tue: ['09:00-17:30'] } } },
        switches: { night: { label: 'Night mode', positions: ['off', 'on'], featureCode: '*21' } },
      }),
    }),
    drive: (world) => {
      const channel = world.callIn();
      world.press(channel, '42', 1_500);
      return channel;
    },
  },
  {
    name: 'menu, a wrong key, silence, then a choice that plays and ends', covers: ['menu', 'play', 'end'],
    plans: () => ({
      acme: planOf('main', {
        main: { kind: 'menu', say: ['welcome', 'menu'], choices: { '1': 'told', '12': 'bye' }, retries: 2, fallback: 'sorry' },
        told: { kind: 'play', say: ['welcome', { digits: '{{caller}}' }, { number: '42' }, { date: '{{today}}' }, { time: '{{now}}' }], on: { done: 'bye' }, fallback: 'sorry' },
        bye: { ...end, say: ['welcome'] },
      }),
    }),
    drive: (world) => {
      const channel = world.callIn();
      world.press(channel, '9', 500);
      world.press(channel, '1', 14_000);
      return channel;
    },
  },
  {
    name: 'collect with a read-back that is refused once', covers: ['collect'],
    plans: () => ({
      acme: planOf('ask', {
        ask: { kind: 'collect', variable: 'pin', say: ['menu'], minDigits: 4, maxDigits: 4, confirm: true, secret: true, on: { collected: 'bye' }, fallback: 'sorry' },
        bye: end,
      }),
    }),
    drive: (world) => {
      const channel = world.callIn();
      world.press(channel, '1234', 500);
      world.press(channel, '2', 4_000);
      world.press(channel, '4321', 9_000);
      world.press(channel, '1', 14_000);
      return channel;
    },
  },
  {
    name: 'slow lookup, then a branch on its answer', covers: ['lookup', 'branch'],
    plans: () => ({
      acme: planOf('hello', {
        hello: { kind: 'play', say: ['welcome'], on: { done: 'ask' }, fallback: 'sorry' },
        ask: { kind: 'lookup', url: 'https://crm.example/by?n={{caller}}', save: { tier: '/tier' }, timeoutMs: 3_000, on: { found: 'tier' }, fallback: 'sorry' },
        tier: { kind: 'branch', variable: 'tier', cases: [{ equals: 'gold', to: 'bye' }], fallback: 'sorry' },
        bye: end,
      }),
    }),
    drive: (world) => {
      world.lookup = () => ({ result: { kind: 'found', json: { tier: 'gold' } }, afterMs: 1_500 });
      return world.callIn();
    },
  },
  {
    name: 'ring group, second member answers and hangs up', covers: ['ring'],
    plans: () => ({ acme: planOf('sales', { sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 20_000, fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 3_000, hangsUpAfterMs: 5_000 });
      world.phone('acme', '203', { kind: 'busy' });
      return world.callIn();
    },
  },
  {
    name: 'two phones answer in the same instant', covers: ['ring'],
    plans: () => ({ acme: planOf('sales', { sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 20_000, fallback: 'sorry' } }) }),
    drive: (world) => {
      for (const extension of ['201', '202', '203']) world.phone('acme', extension, { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 4_000 });
      return world.callIn();
    },
  },
  {
    name: 'a phone sends early media, then answers', covers: ['ring', 'early-media'],
    plans: () => ({ acme: planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], ringMs: 20_000, fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 4_000 });
      world.clock.worldAfter(1_000, () => world.telephony.legs().forEach((leg) => world.telephony.farProgress(leg)));
      return world.callIn();
    },
  },
  {
    name: 'a phone sends early media, then declines, and the next one rings', covers: ['ring', 'early-media'],
    plans: () => ({ acme: planOf('people', { people: { kind: 'ring', targets: [{ extension: '202' }, { extension: '203' }], strategy: 'in-order', ringMs: 5_000, fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
      world.clock.worldAfter(1_000, () => world.telephony.legs().forEach((leg) => world.telephony.farProgress(leg)));
      return world.callIn();
    },
  },
  {
    name: 'ring in order with music: offline, declined, no answer, then the fallback', covers: ['ring', 'play'],
    plans: () => ({
      acme: planOf('hello', {
        hello: { kind: 'play', say: ['welcome'], on: { done: 'people' }, fallback: 'sorry' },
        people: { kind: 'ring', targets: [{ extension: '201' }, { extension: '202' }, { extension: '203' }], strategy: 'in-order', hears: 'music', ringMs: 5_000, fallback: 'sorry' },
      }),
    }),
    drive: (world) => {
      world.phone('acme', '201', { kind: 'offline' });
      world.phone('acme', '202', { kind: 'declines' });
      return world.callIn();
    },
  },
  {
    name: 'an outside call that is answered', covers: ['outbound'],
    plans: () => ({ acme: OUTBOUND_PLAN() }),
    drive: (world) => {
      world.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 4_000 });
      return world.callFrom('acme-201', OUTSIDE);
    },
  },
  {
    name: 'an outside call: the first trunk silent, the second refuses with 503, the third sends early media and answers', covers: ['outbound', 'early-media'],
    plans: () => ({ acme: OUTBOUND_PLAN() }),
    drive: (world) => {
      world.route = [carrier('sim'), carrier('spare'), carrier('last')];
      world.telephony.trunks.set('trunk-sim', { kind: 'silent' });
      world.telephony.trunks.set('trunk-spare', { kind: 'refuses', code: 503 });
      world.telephony.trunks.set('trunk-last', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 4_000 });
      world.clock.worldAfter(1_500, () => world.telephony.legs().forEach((leg) => world.telephony.farProgress(leg)));
      return world.callFrom('acme-201', OUTSIDE);
    },
  },
  {
    name: 'an outside call that needs a PIN and is refused after it', covers: ['outbound'],
    plans: () => ({ acme: OUTBOUND_PLAN({ destinations: { classes: { mobile: 'pin' } } }) }),
    drive: (world) => {
      world.pins.set('acme/201', '4321');
      world.evidenceOf = () => [];
      const channel = world.callFrom('acme-201', OUTSIDE);
      world.press(channel, '4321#', 1_500);
      return channel;
    },
  },
  {
    name: 'a phone and somebody outside ring together, who presses 1', covers: ['ring', 'outside'],
    plans: () => ({ acme: OUTSIDE_PLAN([{ extension: '202' }, ANNA]) }),
    drive: (world) => {
      world.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 6_000 });
      world.pressOutside(OUTSIDE, '1', 3_000);
      return world.callIn({ from: CALLER });
    },
  },
  {
    name: 'a voicemail outside takes no call, a phone answers meanwhile', covers: ['ring', 'outside'],
    plans: () => ({ acme: OUTSIDE_PLAN([ANNA, BEN, { extension: '202' }]) }),
    drive: (world) => {
      world.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
      world.outside(OTHER_OUTSIDE, { kind: 'answers', afterMs: 6_000 });
      world.phone('acme', '202', { kind: 'answers', afterMs: 9_000, hangsUpAfterMs: 3_000 });
      return world.callIn({ from: CALLER });
    },
  },
  {
    name: 'two people outside press 1 in the same instant', covers: ['ring', 'outside'],
    plans: () => ({ acme: OUTSIDE_PLAN([ANNA, BEN]) }),
    drive: (world) => {
      for (const number of [OUTSIDE, OTHER_OUTSIDE]) {
        world.outside(number, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 8_000 });
        world.pressOutside(number, '1', 3_000);
      }
      return world.callIn({ from: CALLER });
    },
  },
  {
    name: 'the caller leaves while somebody outside is asked', covers: ['ring', 'outside'],
    plans: () => ({ acme: OUTSIDE_PLAN([ANNA]) }),
    drive: (world) => {
      world.outside(OUTSIDE, { kind: 'answers', afterMs: 1_000 });
      return world.callIn({ from: CALLER });
    },
    callerLeavesAfterMs: 3_000,
  },
  {
    name: 'in order: somebody outside who is busy, one whose first trunk refuses and who need not press 1', covers: ['ring', 'outside', 'early-media'],
    plans: () => ({ acme: OUTSIDE_PLAN([BEN, { ...ANNA, pressToAccept: false }], { strategy: 'in-order' }) }),
    drive: (world) => {
      world.outside(OTHER_OUTSIDE, { kind: 'busy' });
      world.telephony.trunks.set('trunk-sim', { kind: 'refuses', code: 503 });
      world.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 3_000 });
      world.clock.worldAfter(1_000, () => world.telephony.legs().forEach((leg) => world.telephony.farProgress(leg)));
      return world.callIn({ from: CALLER });
    },
  },
  {
    name: 'click to dial: the own phone, then an outside number', covers: ['click-to-dial'],
    plans: () => ({ acme: OUTBOUND_PLAN() }),
    drive: (world) => {
      world.phone('acme', '201', { kind: 'answers', afterMs: 2_000 });
      world.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 4_000 });
      return world.click('acme', '201', OUTSIDE);
    },
  },
  {
    name: 'voicemail ended with #, message heard again and sent', covers: ['voicemail'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      const channel = world.callIn();
      world.press(channel, '#', 9_000);
      world.press(channel, '2', 11_000);
      world.press(channel, '1', 24_000);
      return channel;
    },
  },
  {
    name: 'voicemail ended by hanging up', covers: ['voicemail'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => world.callIn(),
    callerLeavesAfterMs: 9_000,
  },
  {
    name: 'extension to extension', covers: ['internal'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 3_000 });
      return world.callFrom('acme-203', '202');
    },
  },
  {
    name: 'callee sends the caller on to another extension', covers: ['transfer'],
    plans: () => ({ acme: planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 4_000 });
      world.clock.worldAfter(3_000, () => world.telephony.legs().forEach((leg) => world.telephony.refer(leg, '203')));
      return world.callIn();
    },
  },
  {
    name: 'calling phone sends the callee on to another extension', covers: ['transfer', 'internal'],
    plans: () => ({ acme: planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 4_000 });
      const channel = world.callFrom('acme-201', '202');
      world.clock.worldAfter(3_000, () => world.telephony.refer(channel, '203'));
      return channel;
    },
  },
  {
    name: 'an extension dialled in a menu does not answer, its mailbox takes a message', covers: ['menu', 'ring', 'voicemail'],
    plans: () => ({
      acme: planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '9': 'bye' }, dialExtension: true, fallback: 'sorry' }, bye: end }, {
        extensions: { '201': { name: 'Priya Shah', mailbox: 'office', ringMs: 4_000 }, '202': { name: 'Tom Evans' }, '203': { name: 'Aisha Khan' } },
      }),
    }),
    drive: (world) => {
      const channel = world.callIn();
      world.press(channel, '201', 500);
      world.clock.worldAfter(8_500, () => world.telephony.speak(channel, 3_000));
      return channel;
    },
    callerLeavesAfterMs: 12_000,
  },
  {
    name: 'sent on twice, from one colleague to the next', covers: ['transfer'],
    plans: () => ({ acme: planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'sorry' } }) }),
    drive: (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 500 });
      world.phone('acme', '203', { kind: 'answers', afterMs: 500 });
      world.phone('acme', '201', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 1_000 });
      world.clock.worldAfter(2_000, () => world.telephony.legs().forEach((leg) => world.telephony.refer(leg, '203')));
      world.clock.worldAfter(4_000, () => world.telephony.legs().forEach((leg) => world.telephony.refer(leg, '201')));
      return world.callIn();
    },
  },
  {
    name: 'messages of another mailbox, wrong PIN first, one heard twice', covers: ['feature', 'mailbox'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      world.pins.set('acme/office', '2468');
      world.messages.push({
        id: 'm1', customer: 'acme', mailbox: 'office', callId: 'c0', caller: { number: { kind: 'extension', number: '203' } }, receivedAtMs: 1, durationMs: 2_000, isNew: true, file: 'm1.wav',
      });
      const channel = world.callFrom('acme-203', '*98');
      world.press(channel, '201', 300);
      world.press(channel, '1111#', 1_200);
      world.press(channel, '2468#', 2_600);
      world.press(channel, '1', 10_000);
      world.press(channel, '*', 16_000);
      return channel;
    },
  },
  {
    name: 'messages heard from a phone, one deleted', covers: ['feature', 'mailbox'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      world.pins.set('acme/office', '2468');
      world.messages.push({
        id: 'm1', customer: 'acme', mailbox: 'office', callId: 'c0', caller: { number: { kind: 'withheld' } }, receivedAtMs: 1, durationMs: 3_000, isNew: true, file: 'm1.wav',
      });
      const channel = world.callFrom('acme-201', '*97');
      world.press(channel, '2468#', 300);
      world.press(channel, '3', 12_000);
      return channel;
    },
  },
  {
    name: 'night switch moved from a phone', covers: ['feature', 'switch'],
    plans: () => ({
      acme: planOf('night', { night: { kind: 'switch', switch: 'night', on: { off: 'sorry' }, fallback: 'sorry' } }, { switches: { night: { label: 'Night mode', positions: ['off', 'on'], featureCode: '*21' } } }),
    }),
    drive: (world) => world.callFrom('acme-201', '*21'),
  },
  {
    name: 'emergency call from a phone', covers: ['emergency'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      world.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 3_000 });
      return world.callFrom('acme-201', '999');
    },
  },
  {
    name: 'emergency trunk that refuses once', covers: ['emergency'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => {
      world.telephony.phones.set('PJSIP/112@trunk-sim', { kind: 'busy' });
      world.clock.worldAfter(6, () => world.telephony.phones.set('PJSIP/112@trunk-sim', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 2_000 }));
      return world.callFrom('acme-201', '112');
    },
  },
  {
    name: 'unknown number', covers: ['refused'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => world.callIn({ to: '01632960999' }),
  },
  {
    name: 'outside number from a phone is refused with words', covers: ['refused', 'internal'],
    plans: () => ({ acme: planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) }),
    drive: (world) => world.callFrom('acme-201', '02079460018'),
  },
  {
    name: 'a prompt that Asterisk cannot play, three times, then the failsafe', covers: ['failsafe', 'play'],
    plans: () => ({
      acme: planOf('a', {
        a: { kind: 'play', say: ['welcome'], on: { done: 'sorry' }, fallback: 'b' },
        b: { kind: 'play', say: ['welcome'], on: { done: 'sorry' }, fallback: 'c' },
        c: { kind: 'play', say: ['welcome'], on: { done: 'sorry' }, fallback: 'd' },
        d: { kind: 'play', say: ['menu'], on: { done: 'sorry' }, fallback: 'sorry' },
      }),
    }),
    drive: (world) => {
      world.telephony.mediaMs = (media) => (media.includes('welcome') ? null : 500);
      return world.callIn();
    },
  },
];
