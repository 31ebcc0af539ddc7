// The description says what is served: every route, every parameter, every refusal, nothing unresolved.
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../src/http/event-log.ts';
import { allRoutes } from '../../../src/http/server.ts';
import { fakeDeps } from './fake-deps.ts';
import { ask, withServer } from './http-helpers.ts';

interface Document {
  openapi: string;
  security: unknown[];
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        security?: unknown[];
        responses: Record<string, { content?: Record<string, unknown> }>;
        parameters?: { in: string; name: string }[];
        requestBody?: unknown;
      }
    >
  >;
  components: { schemas: Record<string, unknown> };
}

async function served(): Promise<{ document: Document; text: string }> {
  let result: { document: Document; text: string } | null = null;
  await withServer(fakeDeps(), async (server) => {
    const answer = await ask(server, 'GET', '/v1/openapi.json');
    result = { document: answer.body as Document, text: answer.text };
  });
  if (result === null) throw new Error('no description');
  return result;
}

describe('/v1/openapi.json', () => {
  test('has exactly the routes that are served', async () => {
    const { document } = await served();
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const routes = allRoutes(fakeDeps(), new EventLog(0)).map((route) => `${route.method} ${route.path}`);
    expect(described.toSorted()).toEqual(routes.toSorted());
    expect(document.openapi).toBe('3.1.0');
  });

  test('operation ids are unique, path parameters are described, refusals are problems', async () => {
    const { document } = await served();
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    );
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1] ?? '');
      const described = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name);
      expect(described.toSorted(), path).toEqual(named.toSorted());
      const open = path === '/healthz' || path === '/readyz' || path.startsWith('/media/');
      expect(operation.security, path).toEqual(open ? [] : undefined);
      for (const status of open ? ['400', '500'] : ['400', '401', '429', '500']) {
        expect(Object.keys(operation.responses[status]?.content ?? {}), `${path} ${status}`).toEqual([
          'application/problem+json',
        ]);
      }
    }
    expect(document.security).toEqual([{ key: [] }]);
  });

  test('every reference is resolved', async () => {
    const { document, text } = await served();
    const named = [...text.matchAll(/"#\/components\/schemas\/([A-Za-z]+)"/g)].map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(20);
    for (const name of new Set(named)) expect(document.components.schemas).toHaveProperty(name);
  });
});
