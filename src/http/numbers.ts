// The DDIs of all live plans and what each does.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { customerName, NumberRow } from './wire.ts';

export function numberRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/numbers',
      id: 'listNumbers',
      tag: 'numbers',
      summary: 'The DDIs of the live plans and what each does',
      query: z.strictObject({ customer: customerName.optional() }),
      answer: z.object({ numbers: z.array(NumberRow) }),
      handle: async ({ query }) => {
        const numbers = await deps.numbers();
        return json({
          numbers: numbers.filter((row) => query.customer === undefined || row.customer === query.customer),
        });
      },
    }),
  ];
}
