// What is wrong now and needs a person, by name. Raised and cleared by the parts that know; shown by the API and
// logged once per raising. It sends nothing anywhere. Read `createAlarms` first.

/** Something that needs a person. `code` is kebab-case and names the cause, not the place. */
export interface Alarm {
  readonly code: string;
  /** What happened, to what. */
  readonly text: string;
  /** What to do about it. */
  readonly mend: string;
  /** Epoch milliseconds of the first raising without a clearing between. */
  readonly sinceMs: number;
}
export interface Alarms {
  /** Raises or updates; the time of the first raising stays. Cheap enough to be called on every failure. */
  raise(code: string, text: string, mend: string): void;
  /** Nothing happens when it is not raised. */
  clear(code: string): void;
  /** Raised now, oldest first. */
  list(): readonly Alarm[];
  /** Told of each raising and clearing, not of updates. */
  onChange(listener: (alarm: Alarm, raised: boolean) => void): void;
}

const MAX_ALARMS = 200;

export function createAlarms(nowMs: () => number): Alarms {
  const raised = new Map<string, Alarm>();
  const listeners: ((alarm: Alarm, raised: boolean) => void)[] = [];
  const tell = (alarm: Alarm, isRaised: boolean): void => {
    for (const listener of listeners) listener(alarm, isRaised);
  };
  return {
    raise(code, text, mend) {
      const before = raised.get(code);
      // A code made from outside input by mistake must not fill the memory.
      if (before === undefined && raised.size >= MAX_ALARMS) return;
      const alarm: Alarm = Object.freeze({ code, text: text.slice(0, 1000), mend: mend.slice(0, 1000), sinceMs: before?.sinceMs ?? nowMs() });
      raised.set(code, alarm);
      if (before === undefined) tell(alarm, true);
    },
    clear(code) {
      const alarm = raised.get(code);
      if (alarm === undefined) return;
      raised.delete(code);
      tell(alarm, false);
    },
    list: () => [...raised.values()],
    onChange: (listener) => void listeners.push(listener),
  };
}
