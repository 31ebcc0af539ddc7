// /metrics: Prometheus text as telemetry makes it. Needs the key like everything but health: figures tell a lot.
import type { HttpDeps } from './deps.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';

export function metricsRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/metrics',
      id: 'getMetrics',
      tag: 'health',
      summary: 'Prometheus metrics',
      answerTypes: ['text/plain'],
      handle: async () => ({ kind: 'text', ...(await deps.metrics()) }),
    }),
  ];
}
