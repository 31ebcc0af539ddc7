// Call records for tests of the stores.
import type { CallRecord } from '../../../src/ports/records.ts';
import type { E164 } from '../../../src/numbering/e164.ts';

/** An ordinary inbound call of about 1.5 kB, as most records are. */
export function sampleRecord(id: string, more: Partial<CallRecord> = {}): CallRecord {
  return {
    id,
    customer: 'acme',
    planVersion: 3,
    planHash: 'b'.repeat(64),
    direction: 'inbound',
    isTest: false,
    dialled: '01632960100',
    ddi: '+441632960100',
    caller: { number: { kind: 'e164', e164: '+441632960018' as E164 }, displayName: 'Zoë 🐈\n"x"' },
    startedAtMs: 1_760_000_000_000,
    answeredAtMs: 1_760_000_000_400,
    endedAtMs: 1_760_000_060_000,
    end: { by: 'caller', fault: 'none', code: 'hung-up', cause: 16 },
    trace: ['open', 'main', 'sales', 'sales-box'].map((step, n) => ({
      atMs: 1_760_000_000_000 + n,
      step,
      kind: 'menu',
      outcome: String(n),
      text: `the caller pressed ${n} in the menu "${step}" after 1.2 s`,
      next: null,
      tookFallback: false,
    })),
    legs: [],
    sip: { endpoint: 'trunk-a', sourceAddress: '192.0.2.9', transport: 'udp', sipCallId: `${id}@192.0.2.9` },
    adoptions: 0,
    ...more,
  };
}
