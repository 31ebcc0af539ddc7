// One text for one plan, whatever the order of its keys: what `plans/` hashes. Its form is for ever: hashes in version
// histories come from it.

/**
 * JSON without white space, object keys as JSON.stringify puts those of an object whose keys were added sorted by UTF-16
 * unit: array indices first by size, then the others. Equal for values that differ only in key order; what JSON cannot
 * say (undefined, functions) is left out as JSON.stringify does. Throws on values deeper than the stack, which
 * `parsePlanText` does not let through.
 */
export function canonical(json: unknown): string {
  return textOf(json) ?? 'null';
}

/** By hand: JSON.stringify with a function that sorts takes five times as long, and every plan of a start goes through here. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item) ?? 'null').join(',')}]`;
  let text = '';
  for (const key of sortedKeys(value)) {
    const inner = textOf((value as Record<string, unknown>)[key]);
    if (inner !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${inner}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  // The engine gives array indices first and by size; only what comes after them is in the order of writing.
  const from = keys.findIndex((key) => !isIndex(key));
  return from < 0 ? keys : [...keys.slice(0, from), ...keys.slice(from).sort()];
}

function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return index !== 0xffff_ffff && String(index) === key;
}
