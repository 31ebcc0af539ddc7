// The real clock and ids behind ports/clock. No other file of a flow's world asks the operating system for the time.
import { createHash, randomFillSync } from 'node:crypto';
import type { Clock, Ids } from '../ports/clock.ts';

/** Longest delay that Node's timers keep; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Timers keep the process alive until they fire or are cancelled. */
export function realClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, act) {
      const timer = setTimeout(act, Math.min(MAX_TIMER_MS, Math.max(0, delayMs)));
      return () => clearTimeout(timer);
    },
  };
}

/** 32 letters and digits that cannot be mistaken for each other when read aloud: no i, l, o, u. In ASCII order. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 9 characters of 5 bits hold milliseconds until the year 3084. */
const TIME_CHARACTERS = 9;
/** 40 random bits: with 1,000 ids in one millisecond a collision has odds of 1 to 2,000,000. */
const RANDOM_CHARACTERS = 8;
/** Random words kept ready; an id takes two. */
const RANDOM_AT_ONCE = 512;

/** Asterisk's own name of a channel: epoch seconds, and a number that counts up from its start. */
const UNIQUE_ID = /(?:^|-)(\d{9,11})\.(\d{1,18})$/;

/**
 * Ids of 17 characters [0-9a-z] that sort by time of making: 9 of time, 8 of a random number that counts up inside one
 * millisecond. Within a process they never repeat, not even when the wall clock goes back. A channel that Asterisk named
 * gives an id that follows from its name and `salt` alone, in the order of the channels within a second.
 */
export function timeSortedIds(nowMs: () => number = Date.now, salt = ''): Ids {
  let lastMs = 0;
  let tail = 0;
  // One visit to the system for many ids.
  const random = new Uint32Array(RANDOM_AT_ONCE);
  let used = random.length;
  const limit = 2 ** (5 * RANDOM_CHARACTERS);
  return {
    callId(channel) {
      const named = UNIQUE_ID.exec(channel);
      if (named !== null) return idOfChannel(channel, salt, Number(named[1]), Number(named[2]));
      const now = Math.max(lastMs, Math.floor(nowMs()));
      if (now > lastMs || tail + 1 >= limit) {
        if (used >= random.length) {
          randomFillSync(random);
          used = 0;
        }
        // The top bit stays 0, so that counting up has room.
        tail = ((random[used] ?? 0) % 2 ** 7) * 2 ** 32 + (random[used + 1] ?? 0);
        used += 2;
        lastMs = now > lastMs ? now : lastMs + 1;
      } else tail += 1;
      return encode(lastMs, TIME_CHARACTERS) + encode(tail, RANDOM_CHARACTERS);
    },
  };
}

function idOfChannel(channel: string, salt: string, second: number, count: number): string {
  const tail = createHash('sha256').update(`${salt}:${channel}`).digest().readUIntBE(0, 5);
  return encode(second * 1_000 + (count % 1_000), TIME_CHARACTERS) + encode(tail, RANDOM_CHARACTERS);
}

function encode(value: number, characters: number): string {
  let text = '';
  let left = value;
  for (let at = 0; at < characters; at += 1) {
    text = ALPHABET.charAt(left % 32) + text;
    left = Math.floor(left / 32);
  }
  return text;
}
