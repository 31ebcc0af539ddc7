// How long judge() takes with many numbers: shared by the unit test (generous) and the bench (the bar itself).
import type { Evidence, ReturnProof } from '../../../src/compliance/attempt.ts';
import { judge } from '../../../src/compliance/cli-policy.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { RegisteredNumber } from '../../../src/routing/outbound.ts';
import { aNumber, anAttempt, aPiece, PROVEN } from './attempt.ts';

const WARM_UP = 2_000;

export interface JudgeTimes {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly allowed: number;
  readonly denied: number;
}

/** One judgement for each of `numbers` in turn; every seventh number is denied (no evidence, no proof, wrong site). */
export function measureJudge(options: { readonly numbers: number; readonly judgements: number }): JudgeTimes {
  const registry = new Map<E164, RegisteredNumber>();
  const evidence = new Map<E164, readonly Evidence[]>();
  const proofs = new Map<E164, ReturnProof>();
  for (let place = 0; place < options.numbers; place += 1) {
    // Numbers of no drama range: their rows are only looked up, and nobody is called.
    const number = `+4420794${String(70_000 + place).padStart(5, '0')}` as E164;
    registry.set(number, aNumber(number, { site: place % 21 === 0 ? 'york' : null }));
    if (place % 21 !== 7) evidence.set(number, [aPiece(number, { expiresOn: '2027-01-01' }), aPiece(number)]);
    if (place % 21 !== 14) proofs.set(number, PROVEN);
  }
  const barred = new Set([...registry.keys()].slice(-100).map((number) => `${number}0`));
  const numbers = [...registry.keys()];
  const times: number[] = [];
  let allowed = 0;
  for (let turn = -WARM_UP; turn < options.judgements; turn += 1) {
    const wanted = numbers[(((turn * 7919) % numbers.length) + numbers.length) % numbers.length] ?? numbers[0];
    if (wanted === undefined) throw new Error('no numbers');
    const attempt = anAttempt({
      wanted, isTestMode: false, registered: (number) => registry.get(number) ?? null, evidence: (number) => evidence.get(number) ?? [], proof: (number) => proofs.get(number) ?? null,
      isOnDoNotOriginate: (number) => barred.has(number),
    });
    const startedMs = performance.now();
    const verdict = judge(attempt);
    const tookMs = performance.now() - startedMs;
    if (turn < 0) continue;
    times.push(tookMs * 1_000);
    if (verdict.allow) allowed += 1;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99), maxUs: times.at(-1) ?? 0, allowed, denied: times.length - allowed };
}
