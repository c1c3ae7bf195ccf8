/** Results as text, for a terminal and for Markdown. */
import type { Figure, Result, Row } from './bench.ts';

/** @param column its name has the unit */
export function formatFigure(figure: Figure, column: string): string {
  if (figure === undefined) return '—';
  if (typeof figure === 'string') return figure;
  if (Number.isInteger(figure)) return figure.toLocaleString('en-US');
  const digits = column.includes('$') ? 5 : column.endsWith(', s') ? 1 : 2;
  return figure.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @returns the lines of a table whose columns are padded: `| way | requests dropped |` */
export function tableOf(result: Result): string[] {
  // In the order of the line that has the most of them.
  const named = result.lines.map(({ figures }) => Object.keys(figures)).sort((a, b) => b.length - a.length);
  const columns = [...new Set(named.flat())];
  const cells = [
    ['way', ...columns],
    ...result.lines.map(({ way, figures }) => [way, ...columns.map((column) => formatFigure(figures[column], column))]),
  ];
  const widths = cells[0]?.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, index) => `${'-'.repeat(width + 1)}${index === 0 ? '-' : ':'}`).join('|')}|`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)];
}

/** @returns what is printed of one row */
export function printed(row: Row, result: Result, seconds: number): string[] {
  return [
    `## ${row.title}`,
    '',
    ...tableOf(result),
    '',
    ...result.notes.map((note) => `- ${note}`),
    ...result.bars.map(({ text, holds }) => `- ${holds ? '✓' : '✗'} ${text}`),
    `- \`${row.name}\`, ${seconds.toFixed(1)} s of real time`,
    '',
  ];
}

/** @returns what stands in `docs/performance.md` of one row: nothing that differs from machine to machine */
export function documented(result: Result): string {
  return ['', ...tableOf(result), '', ...result.notes.map((note) => `- ${note}`), ''].join('\n');
}

/** Puts a row's text between its marks; a document without them stays as it is. */
export function withRow(document: string, name: string, text: string): string {
  const place = placeOf(document, name);
  return place === undefined ? document : document.slice(0, place.from) + text + document.slice(place.to);
}

/** @returns the text between a row's marks; undefined where there are none */
export function rowIn(document: string, name: string): string | undefined {
  const place = placeOf(document, name);
  return place === undefined ? undefined : document.slice(place.from, place.to);
}

/** @returns the cells of one way's line by their column, as text */
export function cellsOf(table: string, way: string): Readonly<Record<string, string>> {
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [columns = []] = rows;
  const found = rows.find(([first]) => first === way) ?? [];
  return Object.fromEntries(columns.map((column, index) => [column, found[index] ?? '']));
}

function placeOf(document: string, name: string): { readonly from: number; readonly to: number } | undefined {
  const begin = `<!-- row ${name} -->\n`;
  const from = document.indexOf(begin);
  const to = document.indexOf(`<!-- end of ${name} -->`);
  return from < 0 || to < from ? undefined : { from: from + begin.length, to };
}
