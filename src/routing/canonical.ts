// One text for one plan, whatever the order of its keys: what `plans/` hashes.

/**
 * JSON without white space, object keys sorted by UTF-16 unit. Equal for values that differ only in key order; what JSON
 * cannot say (undefined, functions) is left out as JSON.stringify does. Throws on values deeper than the stack, which
 * `parsePlanText` does not let through.
 */
export function canonical(json: unknown): string {
  return JSON.stringify(json, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    // Without a prototype, so that a key named __proto__ stays a key.
    return Object.assign(Object.create(null), Object.fromEntries(sorted)) as unknown;
  }) ?? 'null';
}
