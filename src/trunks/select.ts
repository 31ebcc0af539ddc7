// Which trunks a call may try, and in which order. Chance and time are arguments; it reserves nothing and asks nobody.
// Read `order` first.
import type { DestinationClass } from '../numbering/destination.ts';
import { mayUse, type Breaker } from './breaker.ts';
import type { OutboundTrunk } from './trunk.ts';

/** What is known of a trunk at this moment. */
export interface TrunkState {
  readonly trunk: OutboundTrunk;
  /** null = nobody looks, or nobody has looked yet. */
  readonly isReachable: boolean | null;
  readonly breaker: Breaker;
  /** Legs towards it that are placed and not ended. */
  readonly channels: number;
  /** Legs that were placed within the last second. */
  readonly callsThisSecond: number;
}

export interface Wanted {
  readonly class: DestinationClass | 'emergency';
  /** Trunk ids of the customer's plan. */
  readonly trunks: readonly string[];
  /** `listed`: as the plan lists them. `cheapest`: by cost, then priority, then weight. */
  readonly order: 'listed' | 'cheapest';
}

export type SkippedWhy = 'not-carried' | 'known-down' | 'breaker-open' | 'full' | 'too-fast';
export interface Order {
  readonly trunks: readonly OutboundTrunk[];
  /** Trunks that the customer may use and this call does not. */
  readonly skipped: readonly { readonly trunk: string; readonly why: SkippedWhy }[];
}

/**
 * Trunks to try, first to last. A known dead one is left out, which costs the caller nothing. An emergency call is given
 * every trunk there is: the ones marked for it first, dead, open or full ones behind (RULES F8). `draw` returns 0 <= n < 1.
 */
export function order(states: readonly TrunkState[], wanted: Wanted, nowMs: number, draw: () => number): Order {
  if (wanted.class === 'emergency') return { trunks: forEmergency(states, nowMs), skipped: [] };
  const cls = wanted.class;
  const skipped: { trunk: string; why: SkippedWhy }[] = [];
  const usable = states.filter((state) => wanted.trunks.includes(state.trunk.id)).filter((state) => {
    const why = hindrance(state, cls, nowMs);
    if (why !== null) skipped.push({ trunk: state.trunk.id, why });
    return why === null;
  });
  const position = (state: TrunkState): number => wanted.trunks.indexOf(state.trunk.id);
  if (wanted.order === 'listed') return { trunks: usable.toSorted((a, b) => position(a) - position(b)).map(({ trunk }) => trunk), skipped };
  const rank = ({ trunk }: TrunkState): string => `${costOf(trunk, cls) ?? 0}/${trunk.priority}`;
  const ranked = usable.toSorted((a, b) => (costOf(a.trunk, cls) ?? 0) - (costOf(b.trunk, cls) ?? 0) || a.trunk.priority - b.trunk.priority || position(a) - position(b));
  const groups = Map.groupBy(ranked, rank);
  return { trunks: [...groups.values()].flatMap((group) => byWeight(group, draw)).map(({ trunk }) => trunk), skipped };
}

/** Pence a minute; undefined = this trunk does not carry the class. */
export function costOf(trunk: OutboundTrunk, cls: DestinationClass): number | undefined {
  return trunk.cost[cls] ?? trunk.cost.default;
}

function hindrance({ trunk, isReachable, breaker, channels, callsThisSecond }: TrunkState, cls: DestinationClass, nowMs: number): SkippedWhy | null {
  if (costOf(trunk, cls) === undefined) return 'not-carried';
  if (isReachable === false) return 'known-down';
  if (!mayUse(breaker, nowMs)) return 'breaker-open';
  if (trunk.maxChannels !== null && channels >= trunk.maxChannels) return 'full';
  if (trunk.maxCallsPerSecond !== null && callsThisSecond >= trunk.maxCallsPerSecond) return 'too-fast';
  return null;
}

/** Marked ones first: another carrier may answer 999 with an announcement. Among equals the ones that work, then by priority. */
function forEmergency(states: readonly TrunkState[], nowMs: number): readonly OutboundTrunk[] {
  const doubt = ({ trunk, isReachable, breaker, channels }: TrunkState): number =>
    isReachable === false ? 3 : mayUse(breaker, nowMs) ? (trunk.maxChannels !== null && channels >= trunk.maxChannels ? 1 : 0) : 2;
  return states.toSorted((a, b) => Number(b.trunk.emergency) - Number(a.trunk.emergency) || doubt(a) - doubt(b) || a.trunk.priority - b.trunk.priority).map(({ trunk }) => trunk);
}

/** A drawing without putting back: each place goes to one of those left, by its share. Those of weight 0 come last. */
function byWeight(group: readonly TrunkState[], draw: () => number): TrunkState[] {
  const left = group.filter(({ trunk }) => trunk.weight > 0);
  const drawn: TrunkState[] = [];
  while (left.length > 1) {
    const total = left.reduce((sum, { trunk }) => sum + trunk.weight, 0);
    let mark = draw() * total;
    const at = left.findIndex(({ trunk }) => (mark -= trunk.weight) < 0);
    drawn.push(...left.splice(at === -1 ? left.length - 1 : at, 1));
  }
  return [...drawn, ...left, ...group.filter(({ trunk }) => trunk.weight === 0)];
}
