// A world of two customers with the same names for the HTTP routes: everything answers, nothing is real.
import type { Clock } from '../../../src/ports/clock.ts';
import type { DecisionRecord } from '../../../src/ports/decisions.ts';
import type { EvidenceRow } from '../../../src/ports/evidence.ts';
import type { CallRecord } from '../../../src/ports/records.ts';
import type { CallSnapshot } from '../../../src/ports/state.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { CallEvent, HttpDeps } from '../../../src/http/deps.ts';
import type { SwitchRow } from '../../../src/http/wire.ts';

export const KEY = 'test-key-0123456789abcdef0123456789abcdef012';
export const NOW_MS = Date.UTC(2026, 10, 23, 14, 3, 22, 417);
const SIP = { endpoint: 'trunk-gamma', sourceAddress: '127.0.0.1:5070', transport: 'udp', sipCallId: 'abc@127.0.0.1' };
const MOBILE = {
  number: { kind: 'e164', e164: '+447700900123' as E164 },
  networkNumber: '+447700900999' as E164,
  displayName: 'Mrs Shah',
} as const;

/** Real time for deadlines (they are seconds long and never reached), fixed time for people; beats fire by hand. */
export class HandClock implements Clock {
  readonly waiting: { delayMs: number; act: () => void }[] = [];
  nowMs(): number {
    return NOW_MS;
  }
  monotonicMs(): number {
    return 0;
  }
  after(delayMs: number, act: () => void): () => void {
    const entry = { delayMs, act };
    this.waiting.push(entry);
    return () => {
      const at = this.waiting.indexOf(entry);
      if (at >= 0) this.waiting.splice(at, 1);
    };
  }
  /** Fires everything that waits for exactly this long. */
  fire(delayMs: number): void {
    for (const entry of this.waiting.filter((one) => one.delayMs === delayMs)) {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      entry.act();
    }
  }
}

export function aRecord(id: string, overrides: Partial<CallRecord> = {}): CallRecord {
  return {
    id,
    customer: 'bramley-finch',
    planVersion: 41,
    planHash: 'hash41',
    direction: 'inbound',
    isTest: false,
    dialled: '01632960018',
    ddi: '+441632960018',
    caller: MOBILE,
    startedAtMs: NOW_MS,
    answeredAtMs: NOW_MS + 9,
    endedAtMs: NOW_MS + 134_000,
    end: { by: 'caller', fault: 'none', code: 'hung-up', cause: 16 },
    trace: [
      {
        atMs: NOW_MS + 5,
        step: 'main-menu',
        kind: 'menu',
        outcome: 'key 1',
        text: 'key 1 after 5.9 s',
        next: 'ring-sales',
        tookFallback: false,
      },
    ],
    legs: [],
    sip: SIP,
    adoptions: 0,
    ...overrides,
  };
}

export function aLiveCall(id: string, overrides: Partial<CallSnapshot> = {}): CallSnapshot {
  return {
    id,
    channel: 'channel-secret-name',
    owner: 'p1',
    customer: 'bramley-finch',
    planHash: 'hash41',
    direction: 'inbound',
    isTest: false,
    dialled: '01632960018',
    ddi: '+441632960018',
    caller: { number: { kind: 'withheld' }, networkNumber: '+447700900555' as E164 },
    callerEndpoint: null,
    startedAtMs: NOW_MS,
    answeredAtMs: null,
    activity: { kind: 'step', step: 'main-menu' },
    variables: [['card', '4111111111111111']],
    secretVariables: ['card'],
    trace: [],
    legs: [],
    sip: SIP,
    ...overrides,
  };
}

export interface FakeWorld extends HttpDeps {
  readonly clock: HandClock;
  readonly live: CallSnapshot[];
  readonly records: CallRecord[];
  readonly decisions: DecisionRecord[];
  readonly faults: unknown[];
  emit(event: CallEvent): void;
  listenerCount(): number;
}

export function fakeDeps(overrides: Partial<Omit<HttpDeps, 'clock'>> = {}): FakeWorld {
  const listeners = new Set<(event: CallEvent) => void>();
  const live: CallSnapshot[] = [];
  const records: CallRecord[] = [];
  const decisions: DecisionRecord[] = [];
  const evidence: EvidenceRow[] = [];
  const faults: unknown[] = [];
  const night: SwitchRow = {
    customer: 'bramley-finch',
    name: 'night',
    label: 'Night switch',
    position: 'off',
    positions: ['off', 'on'],
    featureCode: '*28',
    setAt: null,
    setBy: null,
  };
  const source = '{\n  "organisation": { "name": "Bramley & Finch" }\n}\n';
  const published = { customer: 'bramley-finch', version: 42, hash: 'hash42', numbers: 2, warnings: [] };
  return {
    clock: new HandClock(),
    live,
    records,
    faults,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    listenerCount: () => listeners.size,
    productVersion: '0.1.0',
    verifyKey: async (key) => key === KEY,
    reportFault: (error) => faults.push(error),
    health: async () => ({
      isAsteriskUp: true,
      eventsArriveAgoMs: 120,
      isStoreOk: true,
      livePlans: 2,
      isDraining: false,
    }),
    metrics: async () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'genvoice_calls_total 3\n',
    }),
    planOf: (customer) =>
      customer === 'bramley-finch' ? { version: 41, hash: 'hash41', timeZone: 'Europe/London' } : null,
    liveCalls: async () => live,
    getRecord: async (id) => records.find((record) => record.id.startsWith(id)) ?? null,
    listRecords: async (filter) =>
      records
        .filter((record) => filter.customer === undefined || record.customer === filter.customer)
        .slice(0, filter.limit),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    numbers: async () => [
      {
        ddi: '+441632960018',
        customer: 'bramley-finch',
        label: 'Sales',
        entry: 'hours',
        does: 'Hours, then the main menu',
        planVersion: 41,
        timeZone: 'Europe/London',
        isProven: true,
        proof: 'Every caller reaches a person or is told name and contact, at any time.',
      },
      {
        ddi: '+441174960123',
        customer: 'harbour-dental',
        label: 'Desk',
        entry: 'hours',
        does: 'Hours, then the desk',
        planVersion: 3,
        timeZone: 'Europe/London',
        isProven: false,
        proof: 'Sundays after 17:00 with no key pressed ends in congestion at "queue".',
      },
    ],
    heldNumbers: async (customer) =>
      customer !== 'bramley-finch'
        ? null
        : [{
            number: '+441632960018', label: 'Sales', capability: 'both', returnTo: null, heldSince: '2020-01-01', purposes: ['service'], site: null, provider: 'Example Telecom', isUsable: false, stoppedBy: 'cli-returnable',
            reasons: [{ rule: 'cli-evidence', version: '2026-11-22', outcome: 'allow', text: 'Allocation order 1234, checked by Priya.' }, { rule: 'cli-returnable', version: '2026-11-22', outcome: 'deny', text: '01632 960018 is not proven returnable.' }],
            evidence: 1, evidenceEnds: '2027-03-31', lastSelfCall: { at: '2026-11-23T14:00:00.000Z', result: 'reached', detail: 'answered by Priya' },
          }],
    evidence: {
      list: async (customer, number) => (customer === 'bramley-finch' ? evidence.filter((piece) => piece.number === number) : null),
      add: async (draft) => {
        if (draft.customer !== 'bramley-finch') return { kind: 'unknown' };
        const row = { ...draft, id: '00000000000000a1', recordedAtMs: NOW_MS, withdrawn: null };
        evidence.unshift(row);
        return { kind: 'done', row };
      },
      withdraw: async ({ id, by, reason }) => {
        const row = evidence.find((piece) => piece.id === id);
        return row === undefined ? { kind: 'unknown' } : { kind: 'done', row: { ...row, withdrawn: { atMs: NOW_MS, by, reason } } };
      },
    },
    placeCall: async ({ customer, extension, key }) =>
      customer !== 'bramley-finch' ? { kind: 'unknown', field: 'customer' } : extension !== '201' ? { kind: 'unknown', field: 'as' } : { kind: 'placed', callId: 'c1c000000000', isRepeat: key === 'again' },
    setCallsPin: async (customer, extension) => (extension === '201' ? { kind: 'done', row: { customer, extension, name: 'Priya' } } : { kind: 'unknown' }),
    decisions,
    listDecisions: async ({ customer, callId, after, limit }) => {
      const fitting = decisions.filter((one) => (customer === undefined || one.customer === customer) && (callId === undefined || one.callId === callId));
      const from = after === undefined ? 0 : fitting.findIndex((one) => one.id === after) + 1;
      return fitting.slice(from, from + limit);
    },
    plans: {
      list: async () => [],
      get: async (customer, version) =>
        customer === 'bramley-finch' && (version ?? 41) === 41 ? { version: 41, hash: 'hash41', source } : null,
      check: async (text) => ({ ok: text.includes('organisation'), problems: [], steps: 3, numbers: 1, tookMs: 4 }),
      publish: async ({ expectedHash, source: text, customer }) => {
        if (customer !== 'bramley-finch' && expectedHash !== null) return { kind: 'unknown' };
        if (expectedHash !== 'hash41')
          return { kind: 'conflict', liveVersion: 41, liveHash: 'hash41', publishedBy: 'Priya' };
        if (text.includes('suport')) {
          return {
            kind: 'problems',
            problems: [
              {
                path: '/steps/main-menu/choices/3',
                code: 'dangling-target',
                message: 'goes to "suport", which is no step',
                hint: 'Did you mean "support"?',
                severity: 'problem',
              },
            ],
          };
        }
        return text.includes('edited')
          ? { kind: 'unpublished-edit', file: 'bramley-finch.json' }
          : { kind: 'published', published };
      },
      versions: async (customer) =>
        customer === 'bramley-finch'
          ? [
              {
                version: 41,
                hash: 'hash41',
                publishedAt: '2026-11-23T09:00:00.000Z',
                publishedBy: 'file',
                message: '',
                isLive: true,
                restoredFrom: null,
              },
            ]
          : null,
      restore: async ({ version }) => (version === 40 ? { kind: 'published', published } : { kind: 'unknown' }),
    },
    switches: async () => [night],
    setSwitch: async (customer, name, position, by) => {
      if (customer !== 'bramley-finch' || name !== 'night') return { kind: 'unknown' };
      if (!night.positions.includes(position))
        return { kind: 'refused', reason: `"${position}" is no position of "night".`, hint: 'Positions: off, on.' };
      return { kind: 'done', row: { ...night, position, setAt: '2026-11-23T14:03:22.417Z', setBy: by } };
    },
    phones: async () => [
      {
        customer: 'bramley-finch',
        extension: '201',
        name: 'Priya',
        endpoint: 'bramley-finch-201',
        isOnline: true,
        hasSecret: true,
        isOurs: true,
      },
    ],
    createPhoneSecret: async (customer, extension) =>
      extension === '201'
        ? {
            kind: 'done',
            row: {
              customer,
              extension,
              username: 'bramley-finch-201',
              password: 'shown-once',
              sipAddress: 'sip:bramley-finch-201@127.0.0.1:5060',
            },
          }
        : { kind: 'unknown' },
    removePhone: async (customer, extension) =>
      extension === '201'
        ? {
            kind: 'done',
            row: {
              customer,
              extension,
              name: 'Priya',
              endpoint: 'bramley-finch-201',
              isOnline: false,
              hasSecret: false,
              isOurs: true,
            },
          }
        : { kind: 'unknown' },
    mailboxes: async () => [
      {
        customer: 'bramley-finch',
        id: 'sales',
        name: 'Sales',
        newMessages: 1,
        oldMessages: 2,
        hasPin: true,
        timeZone: 'Europe/London',
      },
    ],
    messages: async (customer, mailbox) =>
      mailbox === 'sales'
        ? [
            {
              id: 'm1',
              customer,
              mailbox,
              callId: '7f3a00000000',
              caller: MOBILE,
              receivedAtMs: NOW_MS,
              durationMs: 12_000,
              isNew: true,
              file: 'secret-file-name.wav',
            },
          ]
        : null,
    setPin: async (customer, mailbox) =>
      mailbox === 'sales'
        ? {
            kind: 'done',
            row: {
              customer,
              id: 'sales',
              name: 'Sales',
              newMessages: 1,
              oldMessages: 2,
              hasPin: true,
              timeZone: 'Europe/London',
            },
          }
        : { kind: 'unknown' },
    testCall: async (request, emit) => {
      if (request.to === '+441632960099') return { kind: 'unknown' };
      if (request.to === '999')
        return { kind: 'refused', reason: 'Test calls never go to 999.', hint: 'Call a DDI of a plan.' };
      emit({ kind: 'calling', atMs: 0, callId: null, to: '+441632960018', from: '+447700900123' });
      emit({ kind: 'answered', atMs: 9, afterMs: 9 });
      return {
        kind: 'done',
        row: {
          callId: '81c0aaaaaaaa',
          verdict: 'as-planned',
          endedAt: 'Priya',
          expectedAt: 'Priya',
          planVersion: 41,
          detail: null,
          hint: null,
          durationMs: 1200,
        },
      };
    },
    trunks: async () => [
      { id: 'gamma', name: 'Gamma, London', carrier: 'Gamma', state: 'ok', reason: null, since: null, calls: 12, maxCalls: 30, callsThisSecond: 1, isEmergency: true },
      { id: 'bt', name: 'BT', carrier: 'BT', state: 'open', reason: 'the carrier is not available', since: '2026-11-23T14:01:00.000Z', calls: 0, maxCalls: null, callsThisSecond: 0, isEmergency: false },
    ],
    alarms: async () => [
      {
        code: 'store-full',
        text: 'The disk of the data folder is full',
        hint: 'Free space; records wait in a file',
        since: '2026-11-23T14:00:00.000Z',
      },
    ],
    settings: () => [{ name: 'GENVOICE_HTTP_PORT', value: '8085', from: 'default', meaning: 'Port of the API' }],
    findMedia: async () => null,
    ...overrides,
  };
}
