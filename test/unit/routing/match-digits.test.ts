import { describe, expect, test } from 'vitest';
import { collectOutcome, collectValue, matchCollect, matchDigits, menuOutcome } from '../../../src/routing/match-digits.ts';
import type { CollectStep, MenuStep } from '../../../src/routing/plan.ts';
import { compileFile } from './read-plan.ts';

const plan = compileFile('test/plans/good/every-kind.json');
const baseMenu = plan.steps.get('menu') as MenuStep;
const baseCollect = plan.steps.get('ask') as CollectStep;
const menu = (choices: readonly string[], dialExtension = false): MenuStep =>
  ({ ...baseMenu, choices: Object.fromEntries(choices.map((keys) => [keys, 'sales'])), dialExtension });
const collect = (part: Partial<CollectStep>): CollectStep => ({ ...baseCollect, ...part });
const extensions = new Map([['201', 1], ['2022', 1]]);

describe('a menu', () => {
  test.each([
    [menu(['1', '2']), '', 'wait', 'no-input'],
    [menu(['1', '2']), '1', 'match', 'choice'],
    [menu(['1', '2']), '3', 'no-match', 'no-match'],
    [menu(['1', '12']), '1', 'wait', 'choice'],
    [menu(['1', '12']), '12', 'match', 'choice'],
    [menu(['1', '12']), '13', 'no-match', 'no-match'],
    [menu(['1', '12']), '1#', 'match', 'choice'],
    [menu(['123']), '12', 'wait', 'no-match'],
    [menu(['#', '*']), '#', 'match', 'choice'],
    [menu(['#', '*']), '*', 'match', 'choice'],
    [menu(['1']), '#', 'no-match', 'no-match'],
    [menu(['1#2']), '1#', 'wait', 'no-match'],
    [menu(['1'], true), '2', 'wait', 'no-match'],
    [menu(['1'], true), '20', 'wait', 'no-match'],
    [menu(['1'], true), '201', 'match', 'extension'],
    [menu(['1'], true), '202', 'wait', 'no-match'],
    [menu(['1'], true), '2022', 'match', 'extension'],
    [menu(['1'], true), '201#', 'match', 'extension'],
    [menu(['1'], true), '21', 'no-match', 'no-match'],
    [menu(['201'], true), '201', 'match', 'choice'],
    [menu(['2'], true), '2', 'wait', 'choice'],
    [menu(['1']), '201', 'no-match', 'no-match'],
    [menu(['1']), 'constructor', 'no-match', 'no-match'],
  ])('%# after %j: %s, and %s when the timer ends', (step, keys, state, name) => {
    expect(matchDigits(step, keys, extensions)).toBe(state);
    expect(menuOutcome(step, keys, extensions).name).toBe(name);
  });
  test('an extension leads to its own step', () => {
    expect(menuOutcome(menu([], true), '2022#', extensions)).toEqual({ name: 'extension', digits: '2022', to: '@2022' });
  });
  test('keys that were no choice are not repeated: they may be a PIN', () => {
    expect(JSON.stringify(menuOutcome(menu(['1']), '4711', extensions))).not.toContain('4711');
  });
});

describe('an entry', () => {
  const upTo6 = collect({ minDigits: 4, maxDigits: 6, terminator: '#' });
  const exactly6 = collect({ minDigits: 6, maxDigits: 6, terminator: null });
  test.each([
    [upTo6, '', 'wait', 'no-input'], [upTo6, '123', 'wait', 'no-match'], [upTo6, '1234', 'wait', 'collected'],
    [upTo6, '1234#', 'match', 'collected'], [upTo6, '123#', 'no-match', 'no-match'], [upTo6, '#', 'no-match', 'no-match'],
    [upTo6, '123456', 'wait', 'collected'], [upTo6, '123456#', 'match', 'collected'], [upTo6, '1234567', 'no-match', 'no-match'],
    [upTo6, '12*', 'no-match', 'no-match'], [exactly6, '123456', 'match', 'collected'], [exactly6, '12345#', 'no-match', 'no-match'],
    [collect({ terminator: '*', minDigits: 1, maxDigits: 20 }), '1*', 'match', 'collected'],
  ])('%# after %j: %s, and %s when the timer ends', (step, keys, state, name) => {
    expect(matchCollect(step, keys)).toBe(state);
    expect(collectOutcome(step, keys).name).toBe(name);
  });
  test('the terminator is no part of the value', () => expect(collectValue(upTo6, '1234#')).toBe('1234'));
});
