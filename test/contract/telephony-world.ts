// What the rows of the telephony contract stand on: a switch behind the port, people at both ends, and a log of events.
// Two worlds implement it: the fake switch in virtual time, and a real Asterisk with real SIP phones. Read `ContractWorld`.
import type { TrunkLegSpec } from '../../src/trunks/header-recipe.ts';
import type { Refusal } from '../fakes/fake-telephony.ts';
import type { ChannelId, LinkEvent, Telephony, TelephonyEvent } from '../../src/ports/telephony.ts';

/** Somebody who called in from a carrier and whose channel has entered. */
export interface Caller {
  readonly channel: ChannelId;
  /** Presses keys by RFC 4733, 100 ms each; resolves when they are sent. */
  press(keys: string): Promise<void>;
  /** BYE, or CANCEL before the answer. */
  hangUp(): Promise<void>;
  /** The SIP code before the answer (null after it) and the Q.850 cause with which the switch ended it. */
  ended(): Promise<{ sipCode: number | null; cause: number | null }>;
  /** Resolves when 180 has come. */
  heardRinging(): Promise<void>;
  answered(): Promise<void>;
  /** True when something other than silence reaches the caller within 2 s from now. */
  hears(): Promise<boolean>;
  /** Speech for so long from now on, then silence again. */
  speak(ms: number): void;
  hold(isHeld: boolean): Promise<void>;
}

/** A phone that does what the row tells it and nothing else. */
export interface Phone {
  readonly endpoint: string;
  /** Resolves when the INVITE has come. */
  called(): Promise<void>;
  ring(): void;
  /** 183 with audio. */
  progress(): Promise<void>;
  /** 200; false when the switch took the call back first. */
  answer(): Promise<boolean>;
  refuse(code: 486 | 603 | 480 | 302): void;
  /** Presses keys by RFC 4733 after the answer; resolves when they are sent. */
  press(keys: string): Promise<void>;
  /** True when something other than silence reaches the phone within 2 s from now. */
  hears(): Promise<boolean>;
  hangUp(): Promise<void>;
  /** The SIP code that ended a call which was never answered (487 = taken back), null after an answer. */
  ended(): Promise<number | null>;
  /** REFER to an internal number; the code of the final report, or null when none came. */
  refer(target: string): Promise<number | null>;
}

/** A carrier that does what the row tells it and nothing else; one call at a time. */
export interface Carrier {
  /** A leg of an allowed call to it. */
  readonly spec: TrunkLegSpec;
  /** Resolves when the INVITE has come. */
  invited(): Promise<void>;
  /** 100 */
  trying(): void;
  /** 180 */
  ring(): void;
  refuse(code: Refusal, headers?: readonly string[]): void;
  /** 200; false when the switch had left before, and ends at once what it answers to. */
  answer(): Promise<boolean>;
}

export interface ContractWorld {
  readonly telephony: Telephony;
  readonly log: EventLog;
  readonly media: { readonly short: string; readonly long: string; readonly missing: string };
  /** About how long `media.short` plays. */
  readonly shortMs: number;
  callIn(): Promise<Caller>;
  phone(): Promise<Phone>;
  carrier(): Promise<Carrier>;
  /** Resolves when it is true. */
  until(isTrue: () => Promise<boolean>): Promise<void>;
  /** All link events so far. */
  readonly links: readonly LinkEvent[];
  /** Cuts or restores the connection between us and the switch; resolves when the link has told of it. */
  setLink(isUp: boolean): Promise<void>;
  /** A global variable as the switch has it. */
  globalOf(name: string): Promise<string>;
  /** An endpoint that exists and where no phone is registered. */
  offline(): Promise<string>;
  /** Everything that the switch still holds, once it has had time to let go; empty at the end of every row. */
  leftovers(): Promise<readonly string[]>;
  /** Ends every caller and phone of the row. */
  endRow(): Promise<void>;
  /** Removes by force what a failed row left. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export type Fits = (event: TelephonyEvent) => boolean;

/** All events in order. `wait` is how time passes in this world. */
export class EventLog {
  readonly all: TelephonyEvent[] = [];
  readonly #wait: (isDone: () => boolean) => Promise<void>;

  constructor(wait: (isDone: () => boolean) => Promise<void>) {
    this.#wait = wait;
  }

  /** The first event, past ones included, that fits. */
  async until(fits: Fits, what = String(fits)): Promise<TelephonyEvent> {
    let found: TelephonyEvent | undefined;
    try {
      await this.#wait(() => (found ??= this.all.find(fits)) !== undefined);
    } catch (error) {
      throw new Error(`no event for ${what}; the last ones were\n${this.all.slice(-15).map((one) => JSON.stringify(one)).join('\n')}`, { cause: error });
    }
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  on<T extends TelephonyEvent['type']>(type: T, channel: ChannelId): Promise<Extract<TelephonyEvent, { type: T }>> {
    return this.until((event) => event.type === type && 'channel' in event && event.channel === channel, `${type} of ${channel}`) as Promise<Extract<TelephonyEvent, { type: T }>>;
  }

  state(channel: ChannelId, state: string): Promise<TelephonyEvent> {
    return this.until((event) => event.type === 'state' && event.channel === channel && event.state === state, `state ${state} of ${channel}`);
  }

  /** What is known of one channel so far, in order, short. */
  of(channel: ChannelId): string[] {
    return this.all.flatMap((event) => {
      if (!('channel' in event) || event.channel !== channel) return [];
      if (event.type === 'state') return [`state ${event.state}`];
      if (event.type === 'dialling') return [`dialling ${event.status}`];
      if (event.type === 'digit') return [`digit ${event.digit}`];
      return [event.type];
    });
  }
}

let serial = 0;
/** An id of our own that no row uses twice. */
export function newId(prefix: 'leg' | 'pb' | 'br' | 'rec'): string {
  serial += 1;
  return `${prefix}-contract-${process.pid}-${serial}`;
}
