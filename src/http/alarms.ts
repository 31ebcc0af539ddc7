// What is wrong now, since when, and what to do about it.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { AlarmRow } from './wire.ts';

export function alarmRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/alarms',
      id: 'listAlarms',
      tag: 'health',
      summary: 'What is wrong now and what to do about it; empty when all is well',
      answer: z.object({ alarms: z.array(AlarmRow) }),
      handle: async () => json({ alarms: await deps.alarms() }),
    }),
  ];
}
