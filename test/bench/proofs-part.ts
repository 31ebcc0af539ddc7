// What the proof that numbers are returnable costs: one customer with 1,000 DDIs and 5,000 steps, whole and after an edit,
// and for how long at most it holds the main thread.
import { proving, type ProofBook } from '../../src/compliance/returnable.ts';
import { compile } from '../../src/routing/compile.ts';
import { dayOf } from '../../src/routing/local-time.ts';
import type { RoutingPlan } from '../../src/routing/plan.ts';
import type { Part } from './figures.ts';
import { median, rounded } from './statistics.ts';

const DDIS = 1_000;
const TODAY = dayOf('2026-11-23') ?? 0;
const WEEKDAYS = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, ['09:00-17:00']]));

/** In rounds that begin anew. */
export function measureProofs(options: { readonly rounds: number; readonly say: (line: string) => void }): Promise<Part> {
  const full: number[] = [];
  const edited: number[] = [];
  const surroundings: number[] = [];
  let longestMs = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    const first = timed(plan(null), null);
    const second = timed(plan(12), first.book);
    const third = timed({ ...plan(12), organisation: { ...plan(12).organisation, contact: '01632 960019' } }, second.book);
    if (second.book.walked !== 1 || first.book.proofs.size !== DDIS) throw new Error('the edit did not touch one number');
    full.push(first.tookMs);
    edited.push(second.tookMs);
    surroundings.push(third.tookMs);
    longestMs = Math.max(longestMs, first.longestMs, second.longestMs, third.longestMs);
    options.say(`  round ${round + 1}: whole ${rounded(first.tookMs, 0)} ms, after an edit ${rounded(second.tookMs, 0)} ms, longest piece ${rounded(longestMs)} ms`);
  }
  return Promise.resolve({
    title: 'Returnability proof', commands: [],
    figures: [
      { name: '1,000 DDIs, 5,000 steps, 101 opening hours: all proven', unit: 'ms', rounds: { ours: full }, digits: 0 },
      { name: 'again after one step was edited', unit: 'ms', rounds: { ours: edited }, digits: 0 },
      { name: "again after the organisation's contact changed, which every prompt is read for", unit: 'ms', rounds: { ours: surroundings }, digits: 0 },
      { name: 'longest piece of work between two turns of the main thread', unit: 'ms', rounds: { ours: [longestMs] } },
    ],
    bars: [
      { text: 'Proof of a plan with 1,000 DDIs and 5,000 steps under 2 s', measured: `${rounded(median(full), 0)} ms`, isMet: median(full) < 2_000 },
      { text: 'After an edit under 100 ms', measured: `${rounded(median(edited), 0)} ms`, isMet: median(edited) < 100 },
      { text: 'No main-thread task over 20 ms (while it is proven)', measured: `${rounded(longestMs)} ms`, isMet: longestMs <= 20 },
    ],
    notes: ['Every tenth DDI has opening hours of its own, every fiftieth ends in congestion; an edit changes one step of one DDI'],
  });
}

function timed(made: RoutingPlan, before: ProofBook | null): { readonly book: ProofBook; readonly tookMs: number; readonly longestMs: number } {
  const work = proving(made, { today: TODAY, hasPhone: () => true }, before);
  const startedMs = performance.now();
  let longestMs = 0;
  for (;;) {
    const pieceMs = performance.now();
    const { done, value } = work.next();
    longestMs = Math.max(longestMs, performance.now() - pieceMs);
    if (done === true) return { book: value, tookMs: performance.now() - startedMs, longestMs };
  }
}

function plan(edited: number | null): RoutingPlan {
  const steps: Record<string, unknown> = {};
  const hours: Record<string, unknown> = { office: { week: WEEKDAYS, bankHolidays: 'ordinary' } };
  const numbers: Record<string, unknown> = {};
  for (let at = 0; at < DDIS; at += 1) {
    const own = at % 10 === 0 ? `h${at}` : 'office';
    if (at % 10 === 0) hours[own] = { week: { ...WEEKDAYS, sat: [`0${at % 9}:30-12:00`] } };
    numbers[`+4416329${60_000 + at}`] = { label: `Line ${at}`, entry: `a${at}` };
    steps[`a${at}`] = { kind: 'hours', hours: own, on: { open: `b${at}` }, fallback: `d${at}` };
    steps[`b${at}`] = { kind: 'menu', say: ['plain'], choices: { 1: `c${at}`, 2: `d${at}` }, on: { 'no-input': `c${at}` }, fallback: `c${at}` };
    steps[`c${at}`] = { kind: 'ring', targets: [{ group: 'sales' }], fallback: `d${at}` };
    steps[`d${at}`] = { kind: 'voicemail', mailbox: 'office', ...(at === edited ? { greeting: ['plain'] } : {}), on: { 'mailbox-full': `e${at}` }, fallback: `e${at}` };
    steps[`e${at}`] = at % 50 === 7 ? { kind: 'end', how: 'congestion' } : { kind: 'end', how: 'hang-up', say: ['who'] };
  }
  const made = compile({
    schema: 1, organisation: { name: 'Bench', contact: '01632 960101', timeZone: 'Europe/London', nation: 'england' }, numbers, hours, steps, failsafe: 'e1',
    prompts: { plain: { file: 'plain.wav', text: 'One moment.' }, who: { file: 'who.wav', text: 'This is Bench, 01632 960101.' } },
    extensions: { 201: { name: 'One' }, 202: { name: 'Two' } }, groups: { sales: { name: 'Sales', members: ['201', '202'] } }, mailboxes: { office: { name: 'Office', greeting: ['who'] } },
  }, { customer: 'bench', version: 1, hash: String(edited) });
  if (made.plan === null) throw new Error('the plan of the proof does not compile');
  return made.plan;
}
