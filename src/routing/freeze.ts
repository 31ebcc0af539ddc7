// Deep freezing of a compiled plan. Object.freeze does not stop Map.set, so that frozen maps also lose their setters.

function refuse(): never {
  throw new TypeError('A compiled plan cannot be changed.');
}

/**
 * The same value, unchangeable all the way down: objects, arrays and maps. Cyclic values are fine. Structured clones
 * (worker boundary) are not frozen any more: freeze them again on arrival.
 */
export function deepFreeze<T>(value: T): T {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const at = open.pop();
    if (typeof at !== 'object' || at === null || Object.isFrozen(at)) continue;
    if (at instanceof Map) {
      for (const entry of at.values()) if (typeof entry === 'object') open.push(entry);
      for (const method of ['set', 'delete', 'clear']) Object.defineProperty(at, method, { value: refuse, enumerable: false });
    } else {
      for (const key in at) {
        const entry = (at as Record<string, unknown>)[key];
        if (typeof entry === 'object') open.push(entry);
      }
    }
    Object.freeze(at);
  }
  return value;
}
