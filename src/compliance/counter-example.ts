// The simplest way on which a caller is left without having been told, found in the graph and put into words: the fewest
// acts of the caller, then the fewest steps. Read `counterExample` first.
import { clockText, dateText, isoDate } from '../routing/local-time.ts';
import type { HoursTable, RoutingPlan, StepId } from '../routing/plan.ts';
import { ANY_EXTENSION, type CallerWay } from './caller-ways.ts';
import type { Calendar, Span } from './hour-classes.ts';
import { endlessOf, type ReturnGraph } from './return-graph.ts';

/** Plain data. */
export interface CounterExample {
  /** `Sundays after 17:00`; made of the hours on the way alone. */
  readonly when: string;
  /** Switches on the way and their positions. */
  readonly switches: Readonly<Record<string, string>>;
  /** Keys that the caller pressed; empty = silence. */
  readonly keys: readonly string[];
  readonly path: readonly { readonly step: StepId; readonly outcome: string }[];
  readonly endsAt: StepId;
  /** `Sundays after 17:00 with no key pressed ends in congestion at "support-queue"`, without a full stop. */
  readonly text: string;
}

export interface Path {
  readonly hops: readonly { readonly at: number; readonly way: CallerWay }[];
  /** Steps that the call goes round through in the end; empty = it ends. */
  readonly round: readonly number[];
}

/** The simplest way from `start` to a bad end by open ways. There is one, or the number would not be refuted. */
export function findPath(graph: ReturnGraph, start: number, isOpen: (way: CallerWay) => boolean): Path {
  const { ways, targets, before, endless } = graph;
  const mayRound = [...endless.keys()].filter((at) => endless[at] === 1);
  const rounds = mayRound.length === 0 ? endless : endlessOf(ways, targets, before, isOpen, mayRound);
  const cameBy = new Map<number, { readonly from: number; readonly way: CallerWay; readonly acts: number }>();
  const seen = new Set<number>();
  let level = [start];
  for (let acts = 0; level.length > 0; acts += 1) {
    const later: number[] = [];
    for (const at of level) {
      if (seen.has(at)) continue;
      seen.add(at);
      if (rounds[at] === 1) return { hops: unwind(cameBy, start, at), round: roundFrom(graph, rounds, at, isOpen) };
      for (const [index, way] of (ways[at] ?? []).entries()) {
        if (!isOpen(way)) continue;
        const to = targets[at]?.[index] ?? -1;
        if (to < 0) return { hops: [...unwind(cameBy, start, at), { at, way }], round: [] };
        if (seen.has(to)) continue;
        // Dialling an extension is one act, although it takes two ways.
        const isAct = way.isByCaller && at !== ways.length - 1;
        if ((cameBy.get(to)?.acts ?? Infinity) <= acts + (isAct ? 1 : 0)) continue;
        cameBy.set(to, { from: at, way, acts: acts + (isAct ? 1 : 0) });
        (isAct ? later : level).push(to);
      }
    }
    level = later;
  }
  return { hops: [], round: [] };
}

function unwind(cameBy: ReadonlyMap<number, { readonly from: number; readonly way: CallerWay }>, start: number, end: number): { at: number; way: CallerWay }[] {
  const hops: { at: number; way: CallerWay }[] = [];
  for (let at = end; at !== start;) {
    const came = cameBy.get(at);
    if (came === undefined) break;
    hops.unshift({ at: came.from, way: came.way });
    at = came.from;
  }
  return hops;
}

function roundFrom({ ways, targets }: ReturnGraph, rounds: Uint8Array, start: number, isOpen: (way: CallerWay) => boolean): readonly number[] {
  const order: number[] = [];
  let at: number | undefined = start;
  while (at !== undefined && !order.includes(at)) {
    order.push(at);
    const here: number = at;
    at = (targets[here] ?? []).find((to, index) => to >= 0 && rounds[to] === 1 && ways[here]?.[index]?.isByCaller === false && isOpen(ways[here]?.[index] as CallerWay));
  }
  return at === undefined ? order : order.slice(order.indexOf(at));
}

export function counterExample({ plan, ids }: ReturnGraph, calendar: Calendar, { hops, round }: Path, isApproximate: boolean): CounterExample {
  const nameAt = (at: number): StepId => ids[at] ?? '';
  const when = whenText(calendar, tablesOf(plan, hops.map(({ way }) => way)), hops.map(({ way }) => way));
  const switches = Object.fromEntries(hops.flatMap(({ way }) => (way.switch === null ? [] : [[way.switch.name, way.switch.position]])));
  const keys = hops.flatMap(({ way }) => (way.keys === '' ? [] : [way.keys]));
  const notes = [...new Set(hops.flatMap(({ way }) => (way.note === '' ? [] : [way.note])))];
  const last = hops.at(-1);
  const endsAt = round.length > 0 ? nameAt(round[0] ?? 0) : last === undefined ? '' : nameAt(last.at);
  const path = hops.flatMap(({ at, way }) => (nameAt(at) === ANY_EXTENSION ? [] : [{ step: nameAt(at), outcome: way.outcome }]));
  const where = Object.entries(switches).map(([name, position]) => `, with "${plan.switches.get(name)?.label ?? name}" at "${position}",`).join('').replaceAll(',,', ',');
  const aside = notes.length === 0 ? '' : `, ${notes.join(', ')},`;
  const ending = round.length > 0 ? `goes round for ever through ${round.slice(0, 8).map((at) => `"${nameAt(at)}"`).join(', ')}` : endText(plan, endsAt, last?.way.ends ?? null);
  const doubt = isApproximate ? ', hours and switches taken as free choices' : '';
  return { when, switches, keys, path, endsAt, text: `${when}${where} ${keysText(keys)}${aside} ${ending}${doubt}` };
}

function endText(plan: RoutingPlan, step: StepId, ends: CallerWay['ends']): string {
  const how = ends === 'congestion' ? 'congestion' : ends === 'busy' ? 'a busy tone' : 'a hang-up';
  const greeting = plan.steps.get(step)?.kind === 'voicemail' ? ', whose greeting does not give name and contact' : '';
  return `ends in ${how} at "${step}"${greeting}`;
}

function keysText(keys: readonly string[]): string {
  if (keys.length === 0) return 'with no key pressed';
  if (keys.every(isPlain)) return `after ${keys.join('').length === 1 ? 'key' : 'keys'} ${keys.join(', ')}`;
  return `after ${keys.map((one) => (isPlain(one) ? `${one.length === 1 ? 'key' : 'keys'} ${one}` : `keys ${one}`)).join(', then ')}`;
}

function isPlain(keys: string): boolean {
  return /^[0-9*#]+$/.test(keys);
}

function tablesOf(plan: RoutingPlan, ways: readonly CallerWay[]): readonly HoursTable[] {
  const names = new Set(ways.flatMap(({ hours }) => (hours === null ? [] : [hours.table])));
  return [...names].sort().flatMap((name) => plan.hours.get(name) ?? []);
}

const WEEK_MINUTES = 7 * 1440;
const DAYS = ['Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'] as const;

/** The times at which every opening-hours step on the way comes out as it does there. */
function whenText(calendar: Calendar, tables: readonly HoursTable[], ways: readonly CallerWay[]): string {
  const fits = calendar.spansOf(tables).filter(({ states }) => ways.every(({ hours }) => hours === null || states[tables.findIndex(({ name }) => name === hours.table)] === hours.state));
  const runs = runsOf(fits);
  if (runs.length === 0) return datesText(fits, tables);
  if (runs.some(({ from, to }) => to - from >= WEEK_MINUTES)) return 'At any time';
  const clock = runs.map(({ from, to }) => (to <= (Math.floor(from / 1440) + 1) * 1440 ? clockPart(from, to) : null));
  const [first] = clock;
  if (first !== null && first !== undefined && clock.every((part) => part === first)) return `${daysText(runs.map(({ from }) => Math.floor(from / 1440)))}${first}`;
  const longest = runs.reduce((best, run) => (run.to - run.from > best.to - best.from ? run : best));
  return `${runText(longest)}${runs.length > 1 ? ' and at other times' : ''}`;
}

interface Run {
  readonly from: number;
  to: number;
}

/** Stretches of the ordinary week, in minutes from Monday 00:00; one that runs past Sunday ends beyond the week. */
function runsOf(spans: readonly Span[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { on, from, to } of spans) {
    if ('day' in on) continue;
    const start = on.weekday * 1440 + from;
    const open = runs.at(-1);
    if (open?.to === start) open.to = on.weekday * 1440 + to;
    else runs.push({ from: start, to: on.weekday * 1440 + to });
  }
  const [first] = runs;
  const last = runs.at(-1);
  if (runs.length < 2 || first?.from !== 0 || last?.to !== WEEK_MINUTES) return runs;
  last.to += first.to;
  return runs.slice(1);
}

/** ` after 17:00`, ` 12:00 to 13:00`, '' for a whole day. */
function clockPart(from: number, to: number): string {
  const [start, end] = [from % 1440, to % 1440];
  if (start === 0 && end === 0) return '';
  if (end === 0) return ` after ${clockText(start)}`;
  return start === 0 ? ` before ${clockText(end)}` : ` ${clockText(start)} to ${clockText(end)}`;
}

function runText({ from, to }: Run): string {
  const [first, last] = [Math.floor(from / 1440), Math.floor((to - 1) / 1440)];
  if (first === last) return `${DAYS[first] ?? ''}${clockPart(from, to)}`;
  if (from % 1440 === 0 && to % 1440 === 0) return daysText(Array.from({ length: last - first + 1 }, (_, index) => (first + index) % 7));
  return `${short(first)} ${clockText(from % 1440)} to ${short(Math.floor(to / 1440))} ${clockText(to % 1440)}`;
}

function short(day: number): string {
  return (DAYS[day % 7] ?? '').slice(0, 3);
}

/** `Mondays to Fridays`, `Saturdays and Sundays`, `Mondays, Wednesdays and Fridays`. */
function daysText(days: readonly number[]): string {
  const names = days.map((day) => DAYS[day % 7] ?? '');
  const isRow = days.every((day, index) => index === 0 || day % 7 === ((days[index - 1] ?? 0) + 1) % 7);
  if (names.length > 2 && isRow) return `${names[0] ?? ''} to ${names.at(-1) ?? ''}`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function datesText(spans: readonly Span[], tables: readonly HoursTable[]): string {
  const [first] = spans;
  if (first === undefined || !('day' in first.on)) return 'At some time';
  const { day } = first.on;
  const date = isoDate(day);
  const table = tables.find((one) => one.dates.has(date) || one.bankHolidays.has(date));
  const label = table?.dates.get(date)?.label ?? table?.bankHolidays.get(date);
  const clock = first.from === 0 && first.to === 1440 ? '' : clockPart(first.from, first.to);
  const text = `${dateText(day)}${clock}${label === undefined ? '' : ` (${label})`}`;
  const count = new Set(spans.flatMap(({ on }) => ('day' in on ? [on.day] : []))).size;
  const isOne = count === 1 && first.on.alike === 1;
  return isOne ? `On ${text}` : `On bank holidays and listed dates, for example ${text},`;
}
