// Long work on the main thread, cut so that calls are served between.

/** Work done in one go; the main thread's tasks stay under 20 ms with the rest of a turn beside it. */
const BUDGET_MS = 4;
let turnBeganMs = performance.now();
let isMarked = false;

/**
 * Resolves at once while this turn of the event loop is young, else in a later turn. Awaits that only wait for each
 * other all run in one turn, so that a thousand small steps are one long task without this.
 */
export async function breathe(): Promise<void> {
  const nowMs = performance.now();
  if (!isMarked) {
    // The first call of a turn starts its clock; the mark goes when the turn ends.
    isMarked = true;
    turnBeganMs = nowMs;
    setImmediate(() => (isMarked = false));
  } else if (nowMs - turnBeganMs > BUDGET_MS) await new Promise(setImmediate);
}
