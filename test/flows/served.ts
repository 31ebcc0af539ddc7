// One call of a flow test from its arrival to its end, with what the caller heard and what was asked of the switch when.
// Every call served here must leave exactly one record and nothing in the switch. Read `serve` first.
import { expect } from 'vitest';
import type { CallRecord } from '../../src/ports/records.ts';
import type { TelephonyEvent } from '../../src/ports/telephony.ts';
import { TUESDAY_TEN_MS, World } from './world.ts';

/** A request or event, in ms after the start of the world. */
export interface Moment {
  readonly atMs: number;
  readonly what: string;
  readonly on: string;
}

export interface Served {
  readonly world: World;
  readonly channel: string;
  readonly record: CallRecord;
  /** What the caller heard, in order: `acme/welcome` for prompts, the bare id for phrases. */
  readonly heard: readonly string[];
  /** The sentences of the trace. */
  readonly texts: readonly string[];
  readonly moments: readonly Moment[];
}

/** `drive` prepares the world and starts the call; resolves when it has ended and everything is cleaned up. */
export async function serve(plan: unknown, drive: (world: World) => string): Promise<Served> {
  const world = new World({ acme: plan });
  const moments = follow(world);
  const channel = drive(world);
  await world.ended();
  return served(world, channel, moments);
}

/** The same for a world that the test drove by itself. */
export async function served(world: World, channel: string, moments: readonly Moment[] = []): Promise<Served> {
  const [record] = world.records;
  expect(world.records).toHaveLength(1);
  if (record === undefined) throw new Error('the call left no record');
  expect(await world.leftovers()).toEqual([]);
  expect(world.alarms.get('flow-bug')).toBeUndefined();
  return { world, channel, record, heard: heardBy(world, channel), texts: record.trace.map((line) => line.text), moments };
}

/** kill -9 now, and a new process `gapMs` later; resolves when it has taken over. */
export async function restart(world: World, gapMs = 300): Promise<void> {
  world.kill();
  await world.clock.pass(gapMs);
  let isUp = false;
  void world.restart().then(() => {
    isUp = true;
  });
  await world.clock.run(() => isUp);
}

/** Notes each request when it leaves and each event when it comes. */
export function follow(world: World): readonly Moment[] {
  const moments: Moment[] = [];
  const note = (what: string, on: string): void => void moments.push({ atMs: sinceStart(world), what, on });
  world.telephony.onRequest = (verb, target) => note(verb, target);
  world.telephony.afterEvent = (event) => note(event.type, objectOf(event));
  return moments;
}

/** Times of one kind of request or event, in ms after the start. */
export function timesOf(moments: readonly Moment[], what: string, on?: string): readonly number[] {
  return moments.filter((one) => one.what === what && (on === undefined || one.on === on)).map((one) => one.atMs);
}

/** Virtual ms since the world began. */
export function sinceStart(world: World): number {
  return world.clock.nowMs() - TUESDAY_TEN_MS;
}

/** What a channel heard, short. */
export function heardBy(world: World, channel: string): readonly string[] {
  return (world.telephony.heard.get(channel) ?? []).map((media) => media.replace(/^sound:(system\/)?/, ''));
}

function objectOf(event: TelephonyEvent): string {
  if ('channel' in event) return event.channel;
  return 'playback' in event ? event.playback : event.recording;
}
