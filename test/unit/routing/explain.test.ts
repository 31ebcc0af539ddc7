import { describe, expect, test } from 'vitest';
import { explain } from '../../../src/routing/explain.ts';
import type { Question } from '../../../src/routing/explain.ts';
import { explainText } from '../../../src/routing/explain-text.ts';
import { explainMermaid, flowMermaid } from '../../../src/routing/mermaid.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import { compile } from '../../../src/routing/compile.ts';
import { compileFile, readText } from './read-plan.ts';
import { checkText, ASCII_MARKS } from '../../../src/cli/check-text.ts';

const firm = compileFile('dialplan/plans/bramley-finch.json', { customer: 'bramley-finch', version: 41, hash: 'x' });
const every = compileFile('test/plans/good/every-kind.json');
const MAIN = '+441632960018';
const TUESDAY = Date.parse('2026-11-24T10:00:00Z');
const ask = (part: Partial<Question>, plan = firm) => explain(plan, { to: MAIN, atMs: TUESDAY, from: { number: { kind: 'e164', e164: '+447700900123' as E164 } }, ...part });
const steps = (part: Partial<Question>) => ask(part).path.map(({ step }) => step);

describe('the path of a call', () => {
  test('Christmas Day, key 1, as text', () => {
    const text = explainText(ask({ atMs: Date.parse('2026-12-25T10:00:00Z'), keys: ['1'] }));
    expect(text).toBe([
      '01632 960018 from 07700 900123, Fri 25 Dec 2026 10:00 London, keys 1, bramley-finch version 41',
      '  1  switch     night-switch      off           Night switch',
      '  2  hours      opening           closed        Christmas Day, bank holiday in England',
      '  3  play       closed            played',
      '  4  menu       closed-menu       key 1',
      '  5  voicemail  office-voicemail  message left  for Office',
      'Ends: message left at office-voicemail, goodbye',
      'Assumed: the switch "night" is off; the caller leaves a message',
      '',
    ].join('\n'));
  });
  test('keys typed ahead serve the next menu', () => expect(steps({ keys: ['11'] })).toEqual(steps({ keys: ['1', '1'] })));
  test('nothing pressed, then a key: the menu is offered again', () => {
    expect(steps({ keys: ['', '9', '2', '1'] }).slice(-3)).toEqual(['main-menu', 'family-menu', 'aisha']);
  });
  test('silence runs through every offer', () => {
    const { path, assumed } = ask({});
    expect(path.find(({ step }) => step === 'main-menu')).toMatchObject({ outcome: 'no-input', text: 'nothing pressed, offered 3 times', tookFallback: false });
    expect(assumed).toContain('nothing is pressed');
  });
  test('the terminator that the prompt asks for does not fall into the confirmation', () => {
    expect(steps({ to: '+442079460018', keys: ['123456#', '1'] })).toEqual(['matter-number', 'by-matter', 'conveyancing']);
    expect(steps({ to: '+442079460018', keys: ['123456', '1'] })).toEqual(['matter-number', 'by-matter', 'conveyancing']);
    expect(steps({ to: '+442079460018', keys: ['123456#', '2', '223456#', '1'] })).toEqual(['matter-number', 'by-matter', 'aisha']);
  });
  test('who answers is said or assumed', () => {
    expect(ask({ to: '201' })).toMatchObject({ end: { kind: 'answered', extension: '201', name: 'Priya Shah' }, assumed: ['201 Priya Shah answers'] });
    expect(ask({ to: '201', answers: { 201: 'busy' } })).toMatchObject({ end: { kind: 'goodbye', step: '@201-voicemail' } });
    const { path } = ask({ keys: ['1', '1'], answers: { 201: 'unreachable', 202: 'no-answer' } });
    expect(path.find(({ kind }) => kind === 'ring')).toMatchObject({ outcome: 'no-answer', next: 'nobody-free' });
  });
  test('people outside are asked about as extensions are', () => {
    const json = JSON.parse(readText('test/plans/good/every-kind.json')) as { steps: Record<string, unknown>; numbers: Record<string, { entry: string }> };
    json.steps['outside'] = { kind: 'ring', targets: [{ outside: '+447700900124', name: 'Anna mobile' }], fallback: Object.keys(json.steps)[0] };
    const { plan } = compile({ ...json, numbers: { [MAIN]: { label: 'Main', entry: 'outside' } } }, { customer: 'acme', version: 1, hash: 'x' });
    if (plan === null) throw new Error('the plan does not compile');
    expect(ask({}, plan)).toMatchObject({ end: { kind: 'answered', extension: '+447700900124', name: 'Anna mobile' }, assumed: ['+447700900124 Anna mobile answers'] });
    expect(ask({ answers: { '+447700900124': 'busy' } }, plan).path[0]).toMatchObject({ outcome: 'busy', text: 'busy, Anna mobile: busy' });
  });
  test('switches and lookups are said or assumed', () => {
    expect(ask({ switches: { night: 'on' } })).toMatchObject({ end: { kind: 'hang-up', step: 'goodbye' }, assumed: [] });
    const question = { from: { number: { kind: 'withheld' as const } }, keys: ['4711#', '1'] };
    expect(ask(question, every).assumed).toContain('the lookup "crm" fails');
    const found = ask({ ...question, lookups: { crm: { values: { tier: 'gold' } } } }, every);
    expect(found.path.map(({ step }) => step)).toContain('read');
    expect(found.assumed).toContain('the lookup "crm" gives no debt');
    expect(JSON.stringify({ path: found.path, assumed: found.assumed })).not.toContain('4711');
  });
  test('a number that is not of the plan', () => expect(ask({ to: '+442079460099' })).toMatchObject({ path: [], end: { kind: 'not-a-number-of-this-plan' } }));

  test('a loop is shown as one', () => {
    // Such a plan does not compile; a stored version of an older rule set might still hold one.
    const steps = new Map(firm.steps);
    const opening = firm.steps.get('opening');
    if (opening) steps.set('who-calls', { kind: 'goto', id: 'who-calls', label: 'x', on: {}, fallback: 'opening', to: 'opening' });
    const result = explain({ ...firm, steps }, { to: MAIN, atMs: TUESDAY });
    expect(result.end).toEqual({ kind: 'loop', steps: ['opening', 'who-calls'] });
    expect(explainText(result)).toContain('opening → who-calls → opening');
  });
});

describe('drawings', () => {
  test('hold every step of the admin and escape labels', () => {
    const json = JSON.parse(readText('test/plans/good/small.json')) as { steps: Record<string, { label?: string }> };
    Object.assign(json.steps['menu'] ?? {}, { label: '"]; click s0 "javascript:alert(1)" <b>' });
    const { plan } = compile(json, { customer: 'acme', version: 1, hash: 'x' });
    const drawing = plan === null ? '' : flowMermaid(plan);
    expect(drawing.split('\n')[0]).toBe('flowchart TD');
    expect(drawing).not.toMatch(/click s0 "|<b>/);
    expect(drawing.match(/s\d+[[{(]+"/g)).toHaveLength(5);
  });
  test('show outside members and numbers that are only called back', () => {
    const drawing = flowMermaid(compileFile('test/plans/good/outbound.json'));
    expect(drawing).toContain('(["+441632960019 Second line"]) -->|"called back"|');
    expect(drawing.match(/-\.->\|"outside"\| o\d\(\["[^"]*"\]\)/g)).toEqual(['-.->|"outside"| o0(["+447700900124 On call"])', '-.->|"outside"| o1(["+33123456781 Paris office"])']);
  });
  test('a dry run rings people outside too, and takes them to answer unless it is told otherwise', () => {
    const plan = compileFile('test/plans/good/outbound.json');
    const found = explain(plan, { to: '+441632960018', atMs: Date.UTC(2026, 10, 23, 12), keys: ['1'], answers: { '201': 'busy', '202': 'no-answer' } });
    expect(found.path.find(({ kind }) => kind === 'ring')?.reason).toBe('On call answered');
  });
  test('a path leads from the number to its end', () => {
    const drawing = explainMermaid(ask({ switches: { night: 'on' } }));
    expect(drawing).toContain('start -->');
    expect(drawing.trimEnd().split('\n').at(-1)).toMatch(/--> ?\|".*"\| ending$/);
  });
});

test('a check as text: problems first, columns aligned', () => {
  const { problems } = compile({ ...JSON.parse(readText('test/plans/good/small.json')) as object, failsafe: 'sale', numbers: {} }, { customer: 'acme', version: 1, hash: 'x' });
  expect(checkText({ file: 'acme.json', steps: 5, ddis: 0, tookMs: 3.4 }, problems, ASCII_MARKS)).toBe([
    'acme.json: 1 problem, 1 warning (5 steps, 0 DDIs, 3 ms)',
    '  x /failsafe  goes to "sale", which is no step. Did you mean "sales"?',
    '  ! /numbers   has no phone number, so that nobody can call in from outside. Add a number with its "label" and "entry".',
    '',
  ].join('\n'));
});
