// The lookup step: asks another system and keeps fields of its answer as variables. Nobody waits in silence for it.
import type { LookupStep, Outcome, RoutingPlan } from '../../routing/plan.ts';
import type { Call } from '../call.ts';
import { hearWaiting, type Waiting } from './hear-waiting.ts';
import { expand } from './speak.ts';

/** A quick answer needs no music; a slow one must not be silence. */
const MUSIC_AFTER_MS = 700;
const MAX_VALUE_LENGTH = 256;

export async function lookup(call: Call, plan: RoutingPlan, step: LookupStep): Promise<Outcome> {
  let waiting: Promise<Waiting | null> = Promise.resolve(null);
  const cancel = call.deps.clock.after(call.isAnswered ? MUSIC_AFTER_MS : 0, () => {
    waiting = hearWaiting(call, 'music').catch(() => null);
  });
  try {
    const result = await call.deps.lookup.ask(
      {
        method: step.method,
        url: expand(call, plan, step.url, encodeURIComponent),
        headers: step.headers,
        body: step.body === null ? null : expand(call, plan, step.body, (value) => JSON.stringify(value).slice(1, -1)),
        timeoutMs: step.timeoutMs,
        maxBytes: step.maxBytes,
      },
      call.signal,
    );
    call.signal.throwIfAborted();
    if (result.kind === 'failed') return { name: 'failed', detail: result.reason };
    if (result.kind === 'not-found') return { name: 'not-found' };
    const missing: string[] = [];
    for (const [name, pointer] of Object.entries(step.save)) {
      const value = at(result.json, pointer);
      if (value === null) missing.push(pointer);
      else call.variables.set(name, value);
    }
    return { name: 'found', ...(missing.length === 0 ? {} : { detail: `${missing.join(', ')} was not in the answer` }) };
  } finally {
    cancel();
    await (await waiting)?.stop();
  }
}

/** Text at a JSON pointer, cut to a bounded length; null when there is none or it is no plain value. */
function at(json: unknown, pointer: string): string | null {
  let here: unknown = json;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return null;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  if (typeof here !== 'string' && typeof here !== 'number' && typeof here !== 'boolean') return null;
  // Cut first: a long text must hold nobody up. Control characters have no business in a spoken or compared value, and
  // half a surrogate pair cannot be put into an address.
  return String(here).slice(0, MAX_VALUE_LENGTH).replaceAll(/\p{Cc}/gu, ' ').toWellFormed();
}
