// Rows as aligned text: two spaces between columns, no boxes, figures right. Cuts only on a terminal. Read `table`.
import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly head: string;
  readonly align?: 'right';
  /** May be shortened with … when the terminal is narrow; ids and numbers may not. */
  readonly mayCut?: true;
}

const GAP = '  ';
const LEAST_CUT_WIDTH = 8;

/** Lines with a heading on a terminal of `width`; with `width` null (piped) no heading and every value in full. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number | null): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => columns.map((_, at) => oneLine(row[at] ?? '')));
  const all = width === null ? cells : [columns.map((column) => column.head), ...cells];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => length(row[at] ?? ''))));
  if (width !== null) narrow(columns, widths, width);
  return all
    .map(
      (row) =>
        `${row
          .map((cell, at) => fill(cell, widths[at] ?? 0, columns[at]))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

/** Takes what is too much from the widest columns that may be cut. */
function narrow(columns: readonly Column[], widths: number[], width: number): void {
  let over = widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1)) - width;
  while (over > 0) {
    const widest = columns.reduce(
      (best, column, at) =>
        column.mayCut === true && (best < 0 || (widths[at] ?? 0) > (widths[best] ?? 0)) ? at : best,
      -1,
    );
    if (widest < 0 || (widths[widest] ?? 0) <= LEAST_CUT_WIDTH) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
}

function fill(cell: string, width: number, column: Column | undefined): string {
  const points = Array.from(cell);
  if (column?.mayCut === true && points.length > width) return `${points.slice(0, width - 1).join('')}…`;
  const space = ' '.repeat(Math.max(0, width - length(cell)));
  return column?.align === 'right' ? space + cell : cell + space;
}

function length(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** A name with a line break must not make a row of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ');
}
