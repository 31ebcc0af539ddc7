// Decision records for tests of the stores, the pages and the terminal.
import type { E164 } from '../../../src/numbering/e164.ts';
import type { DecisionRecord } from '../../../src/ports/decisions.ts';

/** A call that left over the second trunk, with every field filled. */
export function sampleDecision(id: string, more: Partial<DecisionRecord> = {}): DecisionRecord {
  const atMs = more.atMs ?? 1_760_000_000_000;
  return {
    id, callId: id.replace(/-d\d+$/, ''), customer: 'acme', extension: '201', atMs, origin: 'phone', outcome: 'placed',
    input: { dialled: '02079460018', destination: '+442079460018', class: 'geo', country: 'GB', purpose: 'service', wantedCli: '+441632960018' as E164, source: 'extension', isWithheld: false },
    reasons: [{ rule: 'cli-evidence', version: '2026-11-22', outcome: 'allow', text: 'Allocation order 1234, checked by Zoë 🐈\n.' }],
    refusedBy: null, presentation: '+441632960018' as E164, network: null, planHash: 'b'.repeat(64), holders: ['acme', 'acme/201'], pencePerMinute: 1.5, longestMs: null,
    attempts: [
      { trunk: 'gamma', channel: 'c1', placedAtMs: atMs + 5, dialledAtMs: atMs + 5, ringingAtMs: null, answeredAtMs: null, endedAtMs: atMs + 43, result: 'unreachable', cause: 41, techCause: 503, next: 'the next trunk: 503 is a fault of the carrier', risk: null },
      { trunk: 'bt', channel: 'c2', placedAtMs: atMs + 50, dialledAtMs: atMs + 50, ringingAtMs: atMs + 900, answeredAtMs: atMs + 4_000, endedAtMs: atMs + 64_000, result: 'answered', cause: 16, techCause: 200, next: null, risk: null },
    ],
    answeredAtMs: atMs + 4_000, endedAtMs: atMs + 64_000, end: 'answered',
    ...more,
  };
}
