// Every fixture of test/plans: good ones compile without a word, bad ones give exactly the problems beside them.
import { describe, expect, test } from 'vitest';
import { readdirSync } from 'node:fs';
import { destinationOfNumber } from '../../../src/numbering/destination.ts';
import type { Destination } from '../../../src/numbering/destination.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import { permit } from '../../../src/routing/permission.ts';
import { crossCheck } from '../../../src/routing/check.ts';
import { planJsonSchema } from '../../../src/routing/schema.ts';
import { FIXTURE_OPTIONS, compileFile, compileText, filesIn, phrases, readText } from './read-plan.ts';

const bad = filesIn('test/plans/bad/', '.json').filter((file) => !file.endsWith('.problems.json'));

describe('good plans', () => {
  test.each(filesIn('test/plans/good/', '.json'))('%s compiles', (file) => {
    const { plan, problems } = compileText(readText(`test/plans/good/${file}`));
    expect(problems).toEqual([]);
    expect(plan?.customer).toBe('acme');
  });
});

describe('bad plans', () => {
  test.each(bad)('%s gives the problems beside it', (file) => {
    const { plan, problems } = compileText(readText(`test/plans/bad/${file}`));
    expect(problems).toEqual(JSON.parse(readText(`test/plans/bad/${file.replace('.json', '.problems.json')}`)));
    expect(problems.length).toBeGreaterThan(0);
    expect(plan === null).toBe(problems.some(({ severity }) => severity === 'problem'));
  });

  test('every problem says how to mend it, in words that blame nobody', () => {
    for (const file of bad) {
      for (const { message, hint } of compileText(readText(`test/plans/bad/${file}`)).problems) {
        expect(message, file).not.toMatch(/invalid|please|sorry|oops|undefined|\[object/i);
        expect(message, file).not.toMatch(/\.$/);
        expect(hint.length, file).toBeGreaterThan(5);
      }
    }
  });
});

describe('sample plans', () => {
  test.each(['bramley-finch', 'harbour-dental'])('%s compiles without a warning, its recordings all there', (customer) => {
    const media = new Set(readdirSync(new URL(`../../../dialplan/plans/media/${customer}`, import.meta.url)));
    const plan = compileFile(`dialplan/plans/${customer}.json`, { customer, version: 1, hash: 'x', media, phrases: phrases() });
    expect(plan.numbers.size).toBeGreaterThan(0);
  });

  test('Bramley and Finch may call France and no other country, with a number for each phone', () => {
    const plan = compileFile('dialplan/plans/bramley-finch.json', { customer: 'bramley-finch', version: 1, hash: 'x' });
    const may = (number: string) => permit(plan, '201', destinationOfNumber(number as E164) as Destination).permission;
    expect(['+441632960200', '+447700900123', '+33123456789', '+4915112345678', '+18765550123', '+449098790123'].map(may)).toEqual(['allowed', 'allowed', 'allowed', 'denied', 'denied', 'denied']);
    expect([...plan.extensions.values()].map(({ outbound }) => outbound.cli ?? plan.sites.get(outbound.site ?? '')?.cli ?? plan.outbound.cli)).toEqual(['+441632960019', '+441632960018', '+441632960018']);
    expect([...plan.registry.values()].map(({ heldSince }) => heldSince)).not.toContain(null);
  });

  test('without a section nothing leaves', () => {
    const plan = compileFile('test/plans/good/small.json');
    expect(plan.outbound).toMatchObject({ trunks: [], cli: null, fallBackTo: null, alsoShow: [], isSuspended: false });
  });

  test('a return call to an outbound-only number begins where its return number does', () => {
    const plan = compileFile('test/plans/good/outbound.json');
    expect(plan.numbers.get('+441632960019' as E164)?.entry).toBe(plan.numbers.get('+441632960018' as E164)?.entry);
    expect(plan.extensions.get('201')?.outbound.groups).toEqual(['sales']);
  });

  test('what prompts say in the plan is what was recorded', () => {
    for (const customer of ['bramley-finch', 'harbour-dental']) {
      const manifest = JSON.parse(readText(`dialplan/plans/media/${customer}/manifest.json`)) as { prompts: { id: string; text: string }[] };
      const spoken = new Map(manifest.prompts.map(({ id, text }) => [id, text]));
      const plan = compileFile(`dialplan/plans/${customer}.json`, { customer, version: 1, hash: 'x' });
      for (const { name, text } of plan.prompts.values()) expect(text).toBe(spoken.get(name));
    }
  });

  test('a number of two customers is told to the second', () => {
    const acme = compileFile('test/plans/good/small.json');
    const other = compileFile('test/plans/good/small.json', { ...FIXTURE_OPTIONS, customer: 'other' });
    expect(crossCheck([acme, other])).toMatchObject([{ customer: 'other', path: '/numbers/+441632960018', code: 'number-of-another-customer' }]);
    expect(crossCheck([acme])).toEqual([]);
  });
});

test('the committed JSON Schema is the one that the code makes', () => {
  expect(JSON.parse(readText('dialplan/plan.schema.json'))).toEqual(planJsonSchema());
});

test('every field of the JSON Schema has a description and an example', () => {
  const schema = planJsonSchema();
  const missing: string[] = [];
  const definitions = schema['$defs'] as Record<string, Record<string, unknown>>;
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties } = node as { properties?: Record<string, Record<string, unknown>> };
    for (const [name, field] of Object.entries(properties ?? {})) {
      const target = typeof field['$ref'] === 'string' ? definitions[field['$ref'].replace('#/$defs/', '')] : undefined;
      const isOutcome = at.endsWith('/on');
      if (name !== 'kind' && !isOutcome && (field['description'] ?? target?.['description']) === undefined) missing.push(`${at}/${name}: description`);
      if (name !== 'kind' && !isOutcome && !('const' in field) && (field['examples'] ?? target?.['examples'] ?? exampleWithin(field)) === undefined) missing.push(`${at}/${name}: example`);
      visit(field, `${at}/${name}`);
    }
  };
  for (const [name, definition] of Object.entries(definitions)) visit(definition, name);
  expect(missing).toEqual([]);
});

/** Sections show the example of their entries. */
function exampleWithin(field: Record<string, unknown>): unknown {
  const entries = field['additionalProperties'];
  return typeof entries === 'object' && entries !== null ? entries : undefined;
}
