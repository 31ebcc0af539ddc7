// Switches (night, closed): their positions and setting one, effective from the next call.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { done } from './set-result.ts';
import { customerName, objectName, SetSwitch, SwitchRow } from './wire.ts';

export function switchRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/switches',
      id: 'listSwitches',
      tag: 'switches',
      summary: 'Switches of all plans and their positions',
      query: z.strictObject({ customer: customerName.optional() }),
      answer: z.object({ switches: z.array(SwitchRow) }),
      handle: async ({ query }) => {
        const switches = await deps.switches();
        return json({
          switches: switches.filter((row) => query.customer === undefined || row.customer === query.customer),
        });
      },
    }),
    route({
      method: 'put',
      path: '/v1/switches/{customer}/{name}',
      id: 'setSwitch',
      tag: 'switches',
      summary: 'Sets a switch; it holds from the next call and over restarts',
      params: z.object({ customer: customerName, name: objectName }),
      body: SetSwitch,
      answer: SwitchRow,
      problems: [404, 422],
      handle: async ({ params, body }) => {
        const result = await deps.setSwitch(params.customer, params.name, body.position, 'api');
        return json(done(result, `switch "${params.name}" of ${params.customer}`, '/v1/switches'));
      },
    }),
  ];
}
