// Positions of the plans' switches (night, closed …): in memory for deciding, in the state port for keeps.
import type { Clock } from '../ports/clock.ts';
import type { StatePort, SwitchPosition } from '../ports/state.ts';
import type { RoutingPlan } from '../routing/plan.ts';

const NONE: ReadonlyMap<string, string> = new Map();

export class SwitchBoard {
  readonly #state: StatePort;
  readonly #clock: Clock;
  readonly #positions = new Map<string, Map<string, string>>();

  constructor(state: StatePort, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** Reads what was kept; positions survive restarts. */
  async load(): Promise<void> {
    for (const kept of await this.#state.listSwitches()) this.#remember(kept);
  }

  /** Name -> position for one customer; a name that is missing is in its first position. */
  positions(customer: string): ReadonlyMap<string, string> {
    return this.#positions.get(customer) ?? NONE;
  }

  /** Takes effect for the next decision; rejects when it could not be kept (it holds until the restart all the same). */
  async set(customer: string, name: string, position: string, setBy: string): Promise<void> {
    const kept: SwitchPosition = { customer, name, position, setAtMs: this.#clock.nowMs(), setBy };
    this.#remember(kept);
    await this.#state.putSwitch(kept);
  }

  /** The position after the one that holds; the first one again after the last. */
  after(plan: RoutingPlan, name: string): string {
    const positions = plan.switches.get(name)?.positions ?? [];
    const now = this.positions(plan.customer).get(name) ?? positions[0] ?? '';
    return positions[(positions.indexOf(now) + 1) % Math.max(1, positions.length)] ?? now;
  }

  #remember(kept: SwitchPosition): void {
    let map = this.#positions.get(kept.customer);
    if (map === undefined) {
      map = new Map();
      this.#positions.set(kept.customer, map);
    }
    map.set(kept.name, kept.position);
  }
}
