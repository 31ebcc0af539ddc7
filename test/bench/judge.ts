// What a judgement of the number shown costs: judge() with 10,000 numbers, one judgement after the other.
import { measureJudge } from '../unit/compliance/measure.ts';
import type { Part } from './figures.ts';
import { median, rounded } from './statistics.ts';

const NUMBERS = 10_000;
const JUDGEMENTS = 100_000;

export async function measureJudgements(options: { readonly rounds: number; readonly say: (line: string) => void }): Promise<Part> {
  const times = Array.from({ length: options.rounds }, () => measureJudge({ numbers: NUMBERS, judgements: JUDGEMENTS }));
  const p99 = times.map(({ p99Us }) => p99Us);
  options.say(`  p99 ${p99.map((us) => rounded(us)).join(', ')} us`);
  return {
    title: 'Judgements', commands: [],
    figures: [
      { name: 'judge(), half of all', unit: 'us', rounds: { ours: times.map(({ p50Us }) => p50Us) } }, { name: 'judge(), 99 of 100', unit: 'us', rounds: { ours: p99 } },
      { name: 'judge(), longest', unit: 'us', rounds: { ours: times.map(({ maxUs }) => maxUs) } },
    ],
    bars: [{ text: 'judge(): p99 under 50 us with 10,000 numbers', measured: `${rounded(median(p99))} us`, isMet: median(p99) < 50 }],
    notes: [`${JUDGEMENTS.toLocaleString('en-GB')} judgements a round, every seventh denied; the lookups are maps, as in the product`],
  };
}
