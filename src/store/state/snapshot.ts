// The JSON text of a live call, and the check that what comes back is one: a row written by another release or cut by a
// fault must be set aside, not thrown into a flow.
import type { CallActivity, CallSnapshot } from '../../ports/state.ts';

/** More text than this is no snapshot of ours. */
const MAX_SNAPSHOT_CHARACTERS = 8 * 1024 * 1024;
const ACTIVITIES: Readonly<Record<CallActivity['kind'], (activity: Record<string, unknown>) => boolean>> = {
  step: () => true,
  ringing: ({ legs, untilMs }) => Array.isArray(legs) && typeof untilMs === 'number',
  connected: ({ bridge, leg, extension }) =>
    typeof bridge === 'string' && typeof leg === 'string' && typeof extension === 'string',
  recording: ({ recording }) => typeof recording === 'string',
};

/** The snapshot in `text`, with `owner` in place of the one written there; null when it is none. Never throws. */
export function parseSnapshot(text: unknown, id: string, owner: string): CallSnapshot | null {
  if (typeof text !== 'string' || text.length > MAX_SNAPSHOT_CHARACTERS) return null;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  return isSnapshot(read) && read.id === id ? { ...read, owner } : null;
}

function isSnapshot(value: unknown): value is CallSnapshot {
  if (!isObject(value)) return false;
  const hasTexts = ['id', 'channel', 'dialled', 'direction'].every((field) => typeof value[field] === 'string');
  const hasLists = ['variables', 'secretVariables', 'trace', 'legs'].every((field) => Array.isArray(value[field]));
  return (
    hasTexts &&
    hasLists &&
    typeof value['startedAtMs'] === 'number' &&
    isObject(value['caller']) &&
    isObject(value['sip']) &&
    isActivity(value['activity'])
  );
}

function isActivity(value: unknown): boolean {
  if (!isObject(value) || typeof value['step'] !== 'string') return false;
  const { kind } = value;
  return typeof kind === 'string' && Object.hasOwn(ACTIVITIES, kind) && ACTIVITIES[kind as CallActivity['kind']](value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
