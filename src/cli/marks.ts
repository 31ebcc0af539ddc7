// The three marks and their colours: the only coloured things there are. ASCII where the terminal has no UTF-8.
import { styleText } from 'node:util';

export type Mark = 'yes' | 'warn' | 'no';

const SIGNS: Readonly<
  Record<Mark, { readonly utf8: string; readonly ascii: string; readonly colour: 'green' | 'yellow' | 'red' }>
> = {
  yes: { utf8: '✓', ascii: 'ok', colour: 'green' },
  warn: { utf8: '!', ascii: '!', colour: 'yellow' },
  no: { utf8: '✗', ascii: 'x', colour: 'red' },
};

export interface MarkStyle {
  readonly isUtf8: boolean;
  readonly hasColour: boolean;
}

/** The sign with its word, in the mark's colour where colour is wanted. */
export function mark(kind: Mark, style: MarkStyle, word = ''): string {
  const { utf8, ascii, colour } = SIGNS[kind];
  const text = `${style.isUtf8 ? utf8 : ascii}${word === '' ? '' : ` ${word}`}`;
  return style.hasColour ? styleText(colour, text, { validateStream: false }) : text;
}

/** Text of ours for a terminal without UTF-8: the few signs that we write, replaced; the rest as ?. */
export function toAscii(text: string): string {
  return text
    .replaceAll('…', '...')
    .replaceAll('·', '-')
    .replaceAll('•', '*')
    .replaceAll('→', '->')
    .replaceAll(/[^\p{ASCII}]/gu, '?');
}
