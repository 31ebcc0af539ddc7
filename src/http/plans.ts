// Plans as text with their hash: a write says which plan it is based on, so that nobody's edit is lost.
// The text is never parsed here; the plan source compiles it off this thread and reports every problem at once.
import { z } from 'zod';
import type { HttpDeps, PublishResult } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { Reply, Route } from './route.ts';
import { customerName, PlanChecked, PlanRow, PlanVersionRow, Published } from './wire.ts';

const ByCustomer = z.object({ customer: customerName });
const versionNumber = z.coerce.number().int().min(1).max(1_000_000_000);
const WHY_IF_MATCH =
  '"<hash>" of the plan that was edited, from its ETag; or If-None-Match: * for a customer without a plan';
const MAX_MESSAGE = 200;

export function planRoutes(deps: HttpDeps): readonly Route[] {
  return [...readRoutes(deps), ...writeRoutes(deps)];
}

function readRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/plans',
      id: 'listPlans',
      tag: 'plans',
      summary: 'The live plan of each customer',
      answer: z.object({ plans: z.array(PlanRow) }),
      handle: async () => json({ plans: await deps.plans.list() }),
    }),
    route({
      method: 'get',
      path: '/v1/plans/{customer}',
      id: 'getPlan',
      tag: 'plans',
      summary: 'A plan, byte for byte as it was published; its hash is the ETag',
      params: ByCustomer,
      query: z.strictObject({ version: versionNumber.optional() }),
      answerTypes: ['application/json'],
      problems: [404],
      handle: async ({ params, query }): Promise<Reply> => {
        const plan = await deps.plans.get(params.customer, query.version ?? null);
        if (plan === null) throw noPlan(params.customer, query.version);
        return {
          kind: 'text',
          contentType: 'application/json; charset=utf-8',
          text: plan.source,
          headers: { ETag: `"${plan.hash}"`, 'GENVoice-Plan-Version': String(plan.version) },
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/plans/{customer}/versions',
      id: 'listPlanVersions',
      tag: 'plans',
      summary: 'All versions, newest first',
      params: ByCustomer,
      answer: z.object({ versions: z.array(PlanVersionRow) }),
      problems: [404],
      handle: async ({ params }) => {
        const versions = await deps.plans.versions(params.customer);
        if (versions === null) throw noPlan(params.customer, undefined);
        return json({ versions });
      },
    }),
    route({
      method: 'post',
      path: '/v1/plans/check',
      id: 'checkPlan',
      tag: 'plans',
      summary: 'All problems of a plan at once; changes nothing',
      body: 'plan',
      query: z.strictObject({ customer: customerName.optional() }),
      answer: PlanChecked,
      problems: [413],
      hasDeadline: false,
      handle: async ({ body, query }) => json(await deps.plans.check(body, query.customer ?? null)),
    }),
  ];
}

function writeRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'put',
      path: '/v1/plans/{customer}',
      id: 'publishPlan',
      tag: 'plans',
      summary: 'Publishes a plan as a new version; live calls keep theirs',
      params: ByCustomer,
      query: z.strictObject({ message: z.string().max(MAX_MESSAGE).optional() }),
      body: 'plan',
      answer: Published,
      problems: [409, 412, 413, 422],
      headers: { 'If-Match': WHY_IF_MATCH, 'If-None-Match': '* = only when the customer has no plan yet' },
      hasDeadline: false,
      handle: async ({ params, query, body, header }) => {
        const expectedHash = expected(header('if-match'), header('if-none-match'));
        const result = await deps.plans.publish({
          customer: params.customer,
          source: body,
          expectedHash,
          by: 'api',
          message: query.message ?? '',
        });
        return publishedReply(result, params.customer);
      },
    }),
    route({
      method: 'post',
      path: '/v1/plans/{customer}/versions/{version}/restore',
      id: 'restorePlan',
      tag: 'plans',
      summary: 'Publishes an old version again, as a new version',
      params: z.object({ customer: customerName, version: versionNumber }),
      answer: Published,
      problems: [404, 409, 412, 422],
      headers: { 'If-Match': '"<hash>" that must be live; leave it out to restore over whatever is' },
      hasDeadline: false,
      handle: async ({ params, header }) => {
        const ifMatch = header('if-match');
        const result = await deps.plans.restore({
          customer: params.customer,
          version: params.version,
          expectedHash: ifMatch === undefined ? null : hashIn(ifMatch),
          by: 'api',
        });
        if (result.kind === 'unknown') throw noPlan(params.customer, params.version);
        return publishedReply(result, params.customer);
      },
    }),
  ];
}

function expected(ifMatch: string | undefined, ifNoneMatch: string | undefined): string | null {
  if (ifMatch !== undefined) return hashIn(ifMatch);
  if (ifNoneMatch?.trim() === '*') return null;
  throw new HttpProblem(412, 'if-match-missing', 'This write does not say which plan it is based on.', {
    path: 'If-Match',
    hint: 'Send If-Match with the ETag of the plan that was edited, or If-None-Match: * for a first plan.',
  });
}

function hashIn(ifMatch: string): string {
  const hash = /^\s*"([0-9A-Za-z_-]{1,128})"\s*$/.exec(ifMatch)?.[1];
  if (hash === undefined) {
    throw new HttpProblem(412, 'if-match-form', 'If-Match does not hold one ETag in double quotes.', {
      path: 'If-Match',
      hint: 'Send the ETag of GET /v1/plans/<customer> exactly as it came.',
    });
  }
  return hash;
}

function publishedReply(result: PublishResult, customer: string): Reply {
  switch (result.kind) {
    case 'published':
      return json(result.published, { ETag: `"${result.published.hash}"` });
    case 'problems': {
      const { problems } = result;
      const count = problems.filter((problem) => problem.severity === 'problem').length;
      throw new HttpProblem(
        422,
        'plan-problems',
        `The plan has ${count} ${count === 1 ? 'problem' : 'problems'}. Nothing was changed.`,
        { problems, hint: 'Mend each at its path; `genvoice check FILE` shows the same list.' },
      );
    }
    case 'conflict':
      throw new HttpProblem(
        412,
        'plan-changed',
        `${result.publishedBy} published version ${result.liveVersion} of ${customer} in the meantime. Nothing was changed.`,
        {
          hint: 'Read the plan again, put your change into it, and publish with its new ETag.',
          headers: { ETag: `"${result.liveHash}"` },
        },
      );
    case 'unpublished-edit':
      throw new HttpProblem(
        409,
        'unpublished-edit',
        `${result.file} has an edit that was saved but does not compile; publishing would write over it.`,
        { hint: 'Mend the file or take the edit back, then publish again.' },
      );
    case 'unknown':
      throw noPlan(customer, undefined);
  }
}

function noPlan(customer: string, version: number | undefined): HttpProblem {
  return version === undefined
    ? new HttpProblem(404, 'no-such-plan', `${customer} has no plan here.`, {
        path: 'customer',
        hint: 'GET /v1/plans (genvoice plans list) has the customers there are.',
      })
    : new HttpProblem(404, 'no-such-version', `${customer} has no version ${version}.`, {
        path: 'version',
        hint: `GET /v1/plans/${customer}/versions has the versions there are.`,
      });
}
