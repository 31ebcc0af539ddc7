// What the application and its Asterisk hold after a load: records page by page, live calls, channels, bridges.
import { held, type Application } from './application.ts';
import { pause } from './responses.ts';

export interface Ended {
  readonly id: string;
  readonly caller: string;
  readonly dialled: string;
  readonly endCode: string;
}
export interface Trace {
  readonly step: string | null;
  readonly kind: string;
  readonly outcome: string;
  readonly atMs: number;
}

interface Summary { id: string; dialled: string; caller: { number: string | null }; end: { code: string } | null }
interface Page { live: Summary[]; recent: Summary[]; next: string | null }
const PAGE = 500;
const DRAIN_MS = 20_000;

/** Every record since `since`, newest first. A record is there a moment after its call. */
export async function recordsSince(application: Application, since: number): Promise<Ended[]> {
  const found: Ended[] = [];
  let after = '';
  for (;;) {
    const page = (await application.api(`/v1/calls?state=ended&limit=${PAGE}&since=${new Date(since).toISOString()}${after}`)) as Page;
    found.push(...page.recent.map((one) => ({ id: one.id, caller: one.caller.number ?? '', dialled: one.dialled, endCode: one.end?.code ?? '' })));
    if (page.next === null) return found;
    after = `&after=${page.next}`;
  }
}

/** Ids of the calls being served. */
export async function liveIds(application: Application): Promise<string[]> {
  return ((await application.api('/v1/calls?state=live')) as Page).live.map((one) => one.id);
}

export async function traceOf(application: Application, id: string): Promise<{ caller: string; trace: Trace[] }> {
  const detail = (await application.api(`/v1/calls/${id}`)) as { caller: { number: string | null }; trace: { at: string; step: string | null; kind: string; outcome: string }[] };
  return { caller: detail.caller.number ?? '', trace: detail.trace.map((line) => ({ step: line.step, kind: line.kind, outcome: line.outcome, atMs: Date.parse(line.at) })) };
}

/** Waits until nothing is live any more, at most 20 s, and says what is left then. */
export async function leftovers(application: Application): Promise<{ live: number; channels: number; bridges: number }> {
  const untilMs = performance.now() + DRAIN_MS;
  for (;;) {
    const live = (await liveIds(application).catch(() => ['?'])).length;
    const asterisk = await held(application.asterisk).catch(() => ({ channels: -1, bridges: -1 }));
    if ((live === 0 && asterisk.channels === 0 && asterisk.bridges === 0) || performance.now() > untilMs) return { live, ...asterisk };
    await pause(200);
  }
}

export function leftText(left: { live: number; channels: number; bridges: number }): string {
  return `${left.live} live calls, ${left.channels} channels, ${left.bridges} bridges left`;
}
