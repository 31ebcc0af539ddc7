// Waiting for a condition, always with a limit: no test sleeps for a guessed time. Read `until`.

/** Between two looks. */
const LOOK_EVERY_MS = 15;

/**
 * The first value that is neither undefined, null nor false. Rejects after `limitMs` with what was waited for and, from
 * `shown`, how it looked last.
 */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | Promise<T>,
  shown?: () => unknown,
): Promise<Exclude<T, undefined | null | false>> {
  const endMs = performance.now() + limitMs;
  let fault: unknown;
  for (;;) {
    try {
      const found = await look();
      fault = undefined;
      if (found !== undefined && found !== null && found !== false) return found as Exclude<T, undefined | null | false>;
    } catch (error) {
      fault = error;
    }
    if (performance.now() > endMs) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const last = shown === undefined ? '' : `\nLast seen: ${JSON.stringify(shown(), null, 1)}`;
  throw new Error(`not within ${limitMs} ms: ${what}${fault === undefined ? '' : ` (${fault instanceof Error ? fault.message : JSON.stringify(fault)})`}${last}`);
}

/** `promise`, or a rejection that says what did not happen within `limitMs`. */
export async function within<T>(what: string, limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
