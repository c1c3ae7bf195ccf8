/** What the ways to drain have come to, side by side. */
import { clockTime, describeEnd, whole } from './verdict.ts';
import type { Testimony } from './witness.ts';

export interface Contender {
  readonly name: string;
  readonly testimonies: readonly Testimony[];
  /** Messages that it has published to its own topic, which the region's count of calls does not have. */
  readonly publishes: number;
}

/** @returns the lines of a table: one contender a column. */
export function comparison(contenders: readonly Contender[]): string[] {
  const rows: [string, (contender: Contender) => string][] = [
    ['', ({ name }) => name],
    ['requests dropped', ({ testimonies }) => whole(sum(testimonies, 'requestsDropped'))],
    ['  of requests sent', ({ testimonies }) => whole(sum(testimonies, 'requestsSent'))],
    ['first instance: ended after', ({ testimonies }) => endedAfter(testimonies[0])],
    ['  tasks still alive then', ({ testimonies }) => String(testimonies[0]?.tasksAlive.length ?? 0)],
    ['  targets still in service or draining', ({ testimonies }) => String(testimonies[0]?.targetsRegistered ?? 0)],
    ['second instance: ended after', ({ testimonies }) => endedAfter(testimonies[1])],
    ['  tasks still alive then', ({ testimonies }) => String(testimonies[1]?.tasksAlive.length ?? 0)],
    ['  targets still in service or draining', ({ testimonies }) => String(testimonies[1]?.targetsRegistered ?? 0)],
    ['calls to AWS, both drains', ({ testimonies, publishes }) => whole(sum(testimonies, 'calls') + publishes)],
  ];
  const table = rows.map(([label, cell]) => [label, ...contenders.map(cell)]);
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}

function endedAfter(testimony: Testimony | undefined): string {
  if (testimony?.action?.completedAt === undefined) return 'never';
  return `${clockTime(testimony.action.completedAt - testimony.announcedAt)}, ${describeEnd(testimony)}`;
}

function sum(testimonies: readonly Testimony[], field: 'requestsDropped' | 'requestsSent' | 'calls'): number {
  return testimonies.reduce((total, testimony) => total + testimony[field], 0);
}
