// What a part of the bench hands back: figures by column and round, and the issue's bars with their verdict. Turned into
// test/bench/results.md. PURE. Read `renderResults`.
import { median, rounded } from './statistics.ts';

/** One measured quantity; `rounds` by column in the order of the rounds. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  readonly digits?: number;
}
/** One bar of the issue, in its own words. */
export interface Bar {
  readonly text: string;
  /** The measured value as it stands against the bar. */
  readonly measured: string;
  readonly isMet: boolean;
  /** In what the run fell short of the bar's own conditions (a lower rate, a shorter time): it is then never a PASS. */
  readonly shortOf?: string;
}
export interface Part {
  readonly title: string;
  readonly commands: readonly string[];
  readonly figures: readonly Figure[];
  readonly bars: readonly Bar[];
  /** Circumstances that a reader needs: load average before each round, what was counted. */
  readonly notes: readonly string[];
}

export interface RunFacts {
  readonly startedAt: string;
  readonly tookS: number;
  readonly machine: string;
  readonly loadBefore: string;
  readonly command: string;
  readonly commit: string;
  readonly asterisk: string;
}

const CAUSES = 'test/bench/causes.json';

/** Markdown. `causes` holds, by the words of a bar, why it is missed and what was tried. */
export function renderResults(facts: RunFacts, parts: readonly Part[], causes: Readonly<Record<string, string>>): string {
  const bars = parts.flatMap((part) => part.bars);
  const missed = bars.filter((bar) => !bar.isMet);
  const short = bars.filter((bar) => bar.isMet && bar.shortOf !== undefined);
  return [
    '# Bench results',
    '',
    `Written by \`${facts.command}\` on ${facts.startedAt}, ${facts.tookS} s. ${facts.machine}. ${facts.asterisk}. Commit ${facts.commit}.`,
    `Load average before the run: ${facts.loadBefore}. A load above 0.5 per core before a round means that somebody else was using the machine: read the ratios, not the absolute figures.`,
    '',
    `**${bars.length - missed.length - short.length} of ${bars.length} bars met${short.length === 0 ? '' : `, ${short.length} kept only under easier conditions (short)`}${missed.length === 0 ? '' : `, ${missed.length} missed`}.**`,
    '',
    '| | bar | measured |', '|---|---|---|',
    ...bars.map((bar) => `| ${verdictOf(bar)} | ${bar.text} | ${bar.measured}${bar.shortOf === undefined ? '' : ` (measured with ${bar.shortOf})`} |`),
    '',
    ...(missed.length === 0 ? [] : ['## Missed bars', '', ...missed.flatMap((bar) => [`- **FAIL** ${bar.text}: ${bar.measured}. Cause: ${causes[bar.text] ?? `not yet known (write it into ${CAUSES} under these words)`}`]), '']),
    'Columns: **native** = plain Asterisk dialplan (native.conf: GotoIfTime, Answer, Background, key, Playback, Hangup); **bare** = the least Stasis application (bare-stasis.ts: answer, play, key, play, hang up); **ours** = src/main.ts with its plan, trace, state, records and log. Same Asterisk modules and settings, same A-law bytes, same key at the same moment, SIPp pinned to the last processor. Figures: median (min to max) of the rounds.',
    '',
    ...parts.flatMap(renderPart),
  ].join('\n');
}

/** PASS, FAIL, or short: kept, but not under the bar's own conditions. */
function verdictOf(bar: Bar): string {
  if (!bar.isMet) return '**FAIL**';
  return bar.shortOf === undefined ? 'PASS' : 'short';
}

function renderPart(part: Part): string[] {
  return [
    `## ${part.title}`, '',
    ...part.figures.flatMap(renderFigure),
    ...part.notes.map((note) => `- ${note}`),
    ...(part.commands.length === 0 ? [] : ['', '```', ...part.commands, '```']),
    '',
  ];
}

function renderFigure(figure: Figure): string[] {
  const names = Object.keys(figure.rounds);
  const cell = (name: string): string => spread(figure.rounds[name] ?? [], figure.digits ?? 1);
  return [`| ${figure.name} (${figure.unit}) | ${names.join(' | ')} |`, `|---|${names.map(() => '---').join('|')}|`, `| | ${names.map(cell).join(' | ')} |`, ''];
}

/** `median (min to max)`. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return 'not measured';
  const middle = rounded(median(values), digits);
  return values.length === 1 ? String(middle) : `${middle} (${rounded(Math.min(...values), digits)} to ${rounded(Math.max(...values), digits)})`;
}
