// The settings in force, where each comes from; secrets only as "set" or "not set" (the rows come redacted).
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { SettingRow } from './wire.ts';

export function settingRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/settings',
      id: 'listSettings',
      tag: 'settings',
      summary: 'The settings in force and where each comes from',
      answer: z.object({ settings: z.array(SettingRow) }),
      handle: async () => json({ settings: deps.settings() }),
    }),
  ];
}
