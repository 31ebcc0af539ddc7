// /healthz: the process works. /readyz: calls would be taken now, which needs events that really arrive from Asterisk.
// Neither needs a key, so neither says more than yes or no with a reason.
import type { Health, HttpDeps } from './deps.ts';
import { route } from './route.ts';
import type { Reply, Route } from './route.ts';
import { HealthWire } from './wire.ts';

/** A quiet link is asked for an event of our own every 5 s; a second one that is missed is no hiccup. */
export const EVENTS_WITHIN_MS = 10_000;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What has to be true for calls to be taken. */
export function readiness(health: Health): readonly Check[] {
  const ago = health.eventsArriveAgoMs;
  const hasEvents = ago !== null && ago <= EVENTS_WITHIN_MS;
  return [
    {
      name: 'asterisk',
      ok: health.isAsteriskUp,
      detail: health.isAsteriskUp ? 'connected' : 'no link to Asterisk: calls follow the last known route',
    },
    {
      name: 'events',
      ok: hasEvents,
      detail: ago === null ? 'no event has arrived yet' : `newest event ${Math.round(ago)} ms ago`,
    },
    {
      name: 'store',
      ok: health.isStoreOk,
      detail: health.isStoreOk ? 'writes work' : 'the store cannot write: records wait in a file',
    },
    { name: 'plans', ok: health.livePlans > 0, detail: `${health.livePlans} live` },
    {
      name: 'taking-calls',
      ok: !health.isDraining,
      detail: health.isDraining ? 'stopping: live calls are let finish' : 'yes',
    },
  ];
}

export function healthRoutes(deps: HttpDeps): readonly Route[] {
  const version = deps.productVersion;
  return [
    route({
      method: 'get',
      path: '/healthz',
      id: 'getHealth',
      tag: 'health',
      summary: 'Whether the process works',
      guard: 'open',
      answer: HealthWire,
      handle: async () => ({ kind: 'json', body: { status: 'ok', version, checks: [] } }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      id: 'getReadiness',
      tag: 'health',
      summary: 'Whether calls would be taken now; 503 when not, with the same body',
      guard: 'open',
      answer: HealthWire,
      handle: async (): Promise<Reply> => {
        const checks = readiness(await deps.health());
        const ok = checks.every((check) => check.ok);
        return {
          kind: 'json',
          status: ok ? 200 : 503,
          body: { status: ok ? 'ok' : 'not-ready', version, checks },
          headers: ok ? {} : { 'Retry-After': '5' },
        };
      },
    }),
  ];
}
