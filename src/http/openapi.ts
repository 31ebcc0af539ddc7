// The OpenAPI 3.1 description, made from the very routes that are served. Read `describe` first.
import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { ProblemWire } from './wire.ts';

const PROBLEM_SAYS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'The key is missing or wrong',
  404: 'There is no such thing',
  409: 'Something is in the way',
  412: 'Another version is live than the one this write is based on',
  413: 'The body is too large',
  422: 'The request can be read, but not carried out as it is',
  429: 'Too many wrong keys from this address',
  500: 'A fault of the server',
  503: 'Not available now',
};

/** The description of `routes` as a JSON-safe object. */
export function describe(version: string, routes: readonly Route[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const one of routes) paths[one.path] = { ...paths[one.path], [one.method]: operation(one) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'GENVoice',
      version,
      description:
        'Call control of GENVoice. Numbers are E.164, times ISO 8601, durations ms. Keys are only ever added to answers. Every refusal is application/problem+json.',
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'The key that was made at first start: file api-key in the data folder',
        },
      },
    },
  });
}

/** /v1/openapi.json, which describes itself too. */
export function openApiRoutes(version: string, others: readonly Route[]): readonly Route[] {
  let made: object | null = null;
  const own: Route = route({
    method: 'get',
    path: '/v1/openapi.json',
    id: 'getDescription',
    tag: 'settings',
    summary: 'This description',
    answerTypes: ['application/json'],
    handle: async () => {
      made ??= describe(version, [...others, own]);
      return json(made);
    },
  });
  return [own];
}

function operation(one: Route): ZodOpenApiOperationObject {
  const headers = Object.entries(one.headers ?? {});
  return {
    operationId: one.id,
    tags: [one.tag],
    summary: one.summary,
    ...(one.guard === 'open' || one.guard === 'path-token' ? { security: [] } : {}),
    requestParams: {
      ...(one.params === null ? {} : { path: one.params }),
      ...(one.query === null ? {} : { query: one.query }),
      ...(headers.length === 0
        ? {}
        : {
            header: z.object(
              Object.fromEntries(
                headers.map(([name, description]) => [
                  name,
                  one.requiredHeaders?.includes(name) === true ? z.string().meta({ description }) : z.string().optional().meta({ description }),
                ]),
              ),
            ),
          }),
    },
    ...(one.body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema:
                  one.body === 'plan'
                    ? z
                        .looseObject({})
                        .meta({ description: 'A plan; its own JSON Schema is published with the product' })
                    : one.body,
              },
            },
          },
        }),
    responses: { [`${one.status ?? 200}`]: success(one), ...refusals(one) },
  };
}

function success(one: Route): ZodOpenApiResponseObject {
  const isStreamOnly = one.method === 'get' && (one.answerTypes ?? []).includes('text/event-stream');
  const content: Record<string, { schema?: z.ZodType }> = {};
  if (one.answer !== undefined && !isStreamOnly) content['application/json'] = { schema: one.answer };
  for (const type of one.answerTypes ?? [])
    content[type] = one.answer !== undefined && isStreamOnly ? { schema: one.answer } : {};
  return { description: one.summary, content: content as NonNullable<ZodOpenApiResponseObject['content']> };
}

function refusals(one: Route): Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> {
  const guarded = one.guard === undefined || one.guard === 'key' ? [401, 429] : [];
  const statuses = [...new Set([400, ...guarded, ...(one.problems ?? []), 500, 503])].toSorted((a, b) => a - b);
  const refusal = (status: number): ZodOpenApiResponseObject => ({
    description: PROBLEM_SAYS[status] ?? 'Refused',
    content: { 'application/problem+json': { schema: ProblemWire } },
  });
  return Object.fromEntries(statuses.map((status) => [`${status}`, refusal(status)]));
}
