// JSON from a system that nobody here wrote: bounded in depth, free of keys that change objects, or refused.

const MAX_DEPTH = 40;

/** The value, or the reason why it is not taken, as a sentence part that holds nothing of the text. */
export type ReadJson = { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly reason: string };

/** Reads at most 40 levels; `__proto__` as a key is refused wherever it stands. Never throws. */
export function readJson(bytes: Uint8Array): ReadJson {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, reason: 'its answer is not UTF-8 text' };
  }
  if (depthOf(text) > MAX_DEPTH) return { ok: false, reason: `its answer is nested deeper than ${MAX_DEPTH} levels` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'its answer is not JSON' };
  }
  return hasProto(json) ? { ok: false, reason: 'its answer has a key "__proto__"' } : { ok: true, json };
}

/** Levels of brackets outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (inString) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return deepest;
}

/** JSON.parse makes `__proto__` an own property, also when it was written with escapes. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  for (const inner of Object.values(value)) if (hasProto(inner)) return true;
  return false;
}
