// Trunks that calls go out over: which can be used now, which not and why.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { TrunkRow } from './wire.ts';

export function trunkRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/trunks',
      id: 'listTrunks',
      tag: 'trunks',
      summary: 'Trunks that calls go out over, with their state and what they carry now',
      answer: z.object({ trunks: z.array(TrunkRow) }),
      handle: async () => json({ trunks: await deps.trunks() }),
    }),
  ];
}
