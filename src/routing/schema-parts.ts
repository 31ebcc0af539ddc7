// Pieces that the schema of the admin's JSON is made of: ids, numbers, times, things to say. The descriptions and
// examples are the admin manual and appear in the editor.
import { z } from 'zod';

const ID = /^[a-z][a-z0-9-]{0,63}$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const ID_WORDS = 'is written in small letters, digits and hyphens, begins with a letter, and has at most 64 characters';
const NAME_WORDS = 'is written in small letters, digits and hyphens and has at most 64 characters';

/** Longest spoken or shown text. */
export const TEXT_MAX = 2000;
/** Silence that a caller may be given for pressing a key. */
export const FIRST_DIGIT_MAX_MS = 7000;

export const stepId = z.string().regex(ID, `a step id ${ID_WORDS}`).meta({
  id: 'StepId',
  description: 'Id of a step, as it stands under "steps".',
  examples: ['main-menu'],
});
export const name = z.string().regex(NAME, `a name ${NAME_WORDS}`).meta({
  id: 'Name',
  description: 'A name that other parts of the plan refer to.',
  examples: ['office-hours'],
});
export const label = z.string().min(1).max(120).meta({
  description: 'What people see in lists and traces.',
  examples: ['Main line'],
});
export const ddi = z.string().regex(/^\+[1-9]\d{6,14}$/, 'a number is written with + and the country code, without spaces').meta({
  description: 'A phone number with + and the country code.',
  examples: ['+441632960018'],
});
export const extensionNumber = z.string().regex(/^[1-9]\d{1,5}$/, 'an extension has 2 to 6 digits and does not begin with 0').meta({
  description: 'An extension: 2 to 6 digits, the first not 0.',
  examples: ['201'],
});
export const variableName = z.string().regex(/^[a-z][a-zA-Z0-9]{0,39}$/, 'a variable is written in letters and digits and begins with a small letter').meta({
  description: 'Name under which digits or an answer are kept for the rest of the call.',
  examples: ['account'],
});
export const interval = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'opening times are written as "09:00-17:30"')
  .meta({
    description: 'From and to, local time, 24-hour clock. An end before the beginning runs past midnight; 24:00 is midnight.',
    examples: ['09:00-17:30', '22:00-06:00'],
  });
export const intervals = z.array(interval).max(20).meta({
  description: 'Open times of one day; an empty list is a closed day.',
  examples: [['09:00-12:30', '13:30-17:30'], []],
});
export const isoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date is written as "2026-12-24"').meta({
  description: 'A local date: year, month, day.',
  examples: ['2026-12-24'],
});

/** Whole milliseconds from `min` to `max`. */
export function milliseconds(min: number, max: number, description: string, example: number): z.ZodInt {
  return z.int().min(min).max(max).meta({ description: `${description} In milliseconds, ${min} to ${max}.`, examples: [example] });
}
/** A whole number from `min` to `max`. */
export function count(min: number, max: number, description: string, example: number): z.ZodInt {
  return z.int().min(min).max(max).meta({ description: `${description} ${min} to ${max}.`, examples: [example] });
}
/** A switch of the plan that is on or off. */
export function flag(description: string, example: boolean): z.ZodBoolean {
  return z.boolean().meta({ description, examples: [example] });
}

const spoken = (description: string, example: string) => z.string().min(1).max(200).meta({ description, examples: [example] });

export const sayItem = z
  .union([
    name.describe('Name of a prompt of this plan.'),
    z.strictObject({ prompt: name.describe('Name of a prompt of this plan.') }),
    z.strictObject({ phrase: z.string().regex(NAME, `a phrase ${NAME_WORDS}`).meta({ description: "A phrase of the product's own voice.", examples: ['goodbye'] }) }),
    z.strictObject({ digits: spoken('Said digit by digit.', '{{account}}') }),
    z.strictObject({ number: spoken('Said as a number.', '{{balance}}') }),
    z.strictObject({ date: spoken('Said as a date: YYYY-MM-DD, or a variable.', '{{today}}') }),
    z.strictObject({ time: spoken('Said as a time of day: HH:MM, or a variable.', '{{now}}') }),
  ])
  .meta({
    id: 'SayItem',
    description: 'Something the caller hears: a prompt by name, a phrase, or a value that is spoken. {{name}} puts in a variable; {{today}}, {{now}}, {{caller}} and {{dialled}} are always there.',
    examples: ['welcome', { digits: '{{account}}' }],
  });
export const say = z.array(sayItem).max(50).meta({
  description: 'What the caller hears, in this order.',
  examples: [['welcome', 'main-menu']],
});
export type SayItemJson = z.output<typeof sayItem>;
