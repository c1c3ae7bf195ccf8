/** Results as text, for a terminal and for Markdown. */
import type { Figure, Result, Row } from './bench.ts';

export function formatFigure(figure: Figure): string {
  if (figure === undefined) return '—';
  if (typeof figure === 'string') return figure;
  if (Number.isInteger(figure)) return figure.toLocaleString('en-US');
  const digits = Math.abs(figure) < 0.1 ? 5 : Math.abs(figure) < 10 ? 2 : 1;
  return figure.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @returns the lines of a table whose columns are padded: `| way | requests dropped |` */
export function tableOf(result: Result): string[] {
  const columns = [...new Set(result.lines.flatMap(({ figures }) => Object.keys(figures)))];
  const cells = [
    ['way', ...columns],
    ...result.lines.map(({ way, figures }) => [way, ...columns.map((column) => formatFigure(figures[column]))]),
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

/** Puts a row's text between its marks. @throws Error when the document has no place for it */
export function withRow(document: string, name: string, text: string): string {
  const [begin, end] = marksOf(name);
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}: ${begin} ${end}`);
  return document.slice(0, from + begin.length) + text + document.slice(to);
}

/** @returns the text between a row's marks. @throws Error as above */
export function rowIn(document: string, name: string): string {
  const [begin, end] = marksOf(name);
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}`);
  return document.slice(from + begin.length, to);
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

function marksOf(name: string): readonly [string, string] {
  return [`<!-- row ${name} -->\n`, `<!-- end of ${name} -->`];
}
