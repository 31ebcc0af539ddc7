// Says something to the served party: turns the plan's words into media and plays them as one gapless playback.
// The call is answered first, because a caller who is not answered may not hear it. Read `speak`.
import { localTime, isoDate, weekday, dayOf } from '../../routing/local-time.ts';
import type { RoutingPlan, SayItem } from '../../routing/plan.ts';
import { sayDate, sayDigits, sayNumber, sayTime } from '../../routing/say.ts';
import type { MediaUri } from '../../ports/telephony.ts';
import type { Call } from '../call.ts';
import { StepFault } from '../step-fault.ts';
import { DEADLINE, wait } from '../wait.ts';

export interface Speech {
  readonly media: readonly MediaUri[];
  readonly durationMs: number;
}
export type Played = 'finished' | 'interrupted';

/** A playback that has not finished this long after its length never will (ASTERISK.md section 7). */
const OVERDUE_MS = 2_000;
/** Asterisk drops what it cannot hold; nobody listens to more clips than this at once. */
const MAX_CLIPS = 200;

/** Throws StepFault naming what cannot be said; an empty list is silence and means "nothing to say". */
export function render(call: Call, plan: RoutingPlan, items: readonly SayItem[]): Speech {
  const clips: { media: MediaUri; durationMs: number }[] = [];
  for (const item of items) {
    if (item.kind === 'prompt') {
      const prompt = call.deps.media.prompt(plan, item.name);
      if (prompt === null) throw new StepFault(`prompt "${item.name}" cannot be played`);
      clips.push(prompt);
    } else {
      for (const id of phrasesOf(call, plan, item)) clips.push(phrase(call, id));
    }
  }
  return speech(clips);
}

/** Phrases of the product's own voice by id. */
export function phrases(call: Call, ids: readonly string[]): Speech {
  return speech(ids.map((id) => phrase(call, id)));
}

/** Two speeches without a gap between them. */
export function joined(...parts: readonly Speech[]): Speech {
  return { media: parts.flatMap((part) => part.media), durationMs: parts.reduce((sum, part) => sum + part.durationMs, 0) };
}

/** Plays to the end, or until a key is pressed when `bargeIn`. Throws StepFault when Asterisk could not play it. */
export async function play(call: Call, what: Speech, bargeIn: boolean): Promise<Played> {
  if (what.media.length === 0) return 'finished';
  await call.answer();
  if (bargeIn && call.digits.pending > 0) return 'interrupted';
  const { clock, hub, telephony } = call.deps;
  const playback = call.newId('pb');
  let result: 'done' | 'failed' | null = null;
  // Listening comes first: a short prompt can finish before the request's own answer.
  let onResult: () => void = () => {};
  const off = hub.on(playback, (event) => {
    if (event.type === 'playback-ended') {
      result = event.result;
      onResult();
    }
  });
  try {
    await call.savePlayback(playback);
    await call.onParty(telephony.play(call.party.channel, playback, what.media));
    const seen = await wait<'ended' | 'key'>(clock, call.signal, what.durationMs + OVERDUE_MS, (settle) => {
      onResult = () => settle('ended');
      if (result !== null) settle('ended');
      const offKey = bargeIn ? call.digits.onDigit(() => settle('key')) : () => {};
      if (bargeIn && call.digits.pending > 0) settle('key');
      return offKey;
    });
    if (seen === 'key') {
      // Not awaited: the next prompt's request goes out at once, and Asterisk plays it when this one has stopped.
      telephony.stopPlayback(playback).catch(() => {});
      return 'interrupted';
    }
    if (seen === DEADLINE) {
      telephony.stopPlayback(playback).catch(() => {});
      // Its end was missed (the link was away, or Asterisk lost it): the caller must not pay for that with a fallback.
      call.deps.observer.note(`playback ${playback} did not report its end`, { call: call.id });
      return 'finished';
    }
    if (result === 'failed') throw new StepFault('Asterisk could not play a prompt');
    return 'finished';
  } finally {
    off();
  }
}

/** `{{name}}` replaced by what the call gathered; built in: caller, dialled, today, now. */
export function expand(call: Call, plan: RoutingPlan, text: string, encode: (value: string) => string = (value) => value): string {
  return text.replaceAll(/\{\{\s*([a-zA-Z][\w-]{0,63})\s*\}\}/g, (_, name: string) => encode(variable(call, plan, name)));
}

function variable(call: Call, plan: RoutingPlan, name: string): string {
  const gathered = call.variables.get(name);
  if (gathered !== undefined) return gathered;
  const local = localTime(call.deps.clock.nowMs(), plan.organisation.timeZone);
  switch (name) {
    case 'caller': return call.origin.caller.number.kind === 'e164' ? call.origin.caller.number.e164 : '';
    case 'dialled': return call.origin.ddi ?? call.origin.dialled;
    case 'today': return isoDate(local.day);
    case 'now': return `${String(Math.floor(local.minute / 60)).padStart(2, '0')}:${String(local.minute % 60).padStart(2, '0')}`;
    default: return '';
  }
}

function phrasesOf(call: Call, plan: RoutingPlan, item: Exclude<SayItem, { kind: 'prompt' }>): readonly string[] {
  if (item.kind === 'phrase') return [item.id];
  const value = expand(call, plan, item.value);
  const ids = item.kind === 'digits' ? sayDigits(value) : item.kind === 'number' ? sayNumber(amount(value)) : item.kind === 'date' ? date(value) : time(value);
  if (ids.length === 0) throw new StepFault(`there is nothing to say in the ${item.kind} "${item.value}"`);
  return ids;
}

/** NaN for anything but plain digits: no value is not "zero". */
function amount(value: string): number {
  return /^\s*-?\d{1,15}(\.\d{1,15})?\s*$/.test(value) ? Number(value) : Number.NaN;
}

function date(value: string): readonly string[] {
  const day = dayOf(value);
  if (day === null) return [];
  const [year, month, dayOfMonth] = value.split('-').map(Number);
  return sayDate({ year: year ?? 0, month: month ?? 0, day: dayOfMonth ?? 0, weekday: weekday(day) + 1 });
}

function time(value: string): readonly string[] {
  const match = /^(\d\d):(\d\d)$/.exec(value);
  return match === null ? [] : sayTime({ hour: Number(match[1]), minute: Number(match[2]) });
}

function phrase(call: Call, id: string): { media: MediaUri; durationMs: number } {
  const found = call.deps.media.phrase(id);
  if (found === null) throw new StepFault(`the phrase "${id}" is missing`);
  return found;
}

function speech(clips: readonly { media: MediaUri; durationMs: number }[]): Speech {
  const kept = clips.slice(0, MAX_CLIPS);
  return { media: kept.map((clip) => clip.media), durationMs: kept.reduce((sum, clip) => sum + clip.durationMs, 0) };
}
