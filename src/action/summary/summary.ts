/** The job summary: the receipt as a table, what happened when, and what to do next. */
import { advice, type Outcome } from '../outcome.ts';
import { gantt } from './gantt.ts';
import { code, escaped, table } from './markdown.ts';

export interface SummaryFacts {
  readonly workflow: string;
  readonly subject: string;
  readonly outcome: Outcome;
  readonly failOnTimeout: boolean;
  /** Where to look at the execution. */
  readonly link?: string;
}

const MARKS: Readonly<Record<Outcome['status'], string>> = {
  succeeded: '✅',
  running: '⏳',
  'timed-out': '⌛',
  refused: '🚫',
  failed: '❌',
  stopped: '🛑',
};

/** Told in the heading, or of no use to people. */
const UNTOLD = new Set(['workflow', 'status', 'reason', 'execution']);
const MOST_CELLS = 8;

export function summaryText(facts: SummaryFacts): string {
  const { workflow, subject, outcome, link } = facts;
  const { status, reason, receipt } = outcome;
  const next = advice(outcome, facts.failOnTimeout);
  const chart = receipt === undefined ? undefined : gantt(receipt);
  const parts = [
    `### ${MARKS[status]} ${escaped(workflow)} ${escaped(subject)}: ${status}`,
    escaped(`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`),
    ...(next.length === 0 ? [] : ['**What to do next**', next.map((step) => `- ${step}`).join('\n')]),
    ...(receipt === undefined ? [] : [receiptTable(receipt), ...listTables(receipt)]),
    ...(chart === undefined ? [] : [`\`\`\`mermaid\n${chart}\n\`\`\``]),
    ...(link === undefined ? [] : [`[Execution in the console](${link})`]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function receiptTable(receipt: Readonly<Record<string, unknown>>): string {
  return table(
    ['', ''],
    Object.entries(receipt)
      .filter(([name]) => !UNTOLD.has(name))
      .flatMap(([name, value]) => rowsOf(name, value)),
  );
}

function rowsOf(name: string, value: unknown): string[][] {
  if (value === undefined || value === null || isTabular(value)) return [];
  const items = itemsOf(value);
  if (items !== undefined) {
    return items.length === 0 ? [] : [[escaped(words(name)), items.map((item) => escaped(textOf(item))).join('<br>')]];
  }
  if (typeof value !== 'object') return [[escaped(words(name)), cell(value)]];
  const inner = Object.entries(value);
  if (inner.every(([, member]) => typeof member === 'number')) {
    return [[escaped(words(name)), inner.map(([key, member]) => `${escaped(words(key))} ${member}`).join(', ')]];
  }
  return inner.flatMap(([key, member]) => rowsOf(`${name} ${words(key)}`, member));
}

/** Lists of objects have a table each: one row an item. */
function listTables(receipt: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(receipt).flatMap(([name, value]) => {
    const items = isTabular(value) ? (itemsOf(value) ?? []) : [];
    if (items.length === 0) return [];
    const columns = [...new Set(items.flatMap((item) => Object.keys(Object(item))))].slice(0, MOST_CELLS);
    const rows = items.map((item) => columns.map((column) => shortCell(Reflect.get(Object(item), column))));
    const more = countOf(value) - items.length;
    return [
      `**${escaped(words(name))}**${more > 0 ? ` (the first ${items.length} of ${countOf(value)})` : ''}`,
      table(
        columns.map((column) => escaped(words(column))),
        rows,
      ),
    ];
  });
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = textOf(value);
  // Identifiers and times are read letter by letter.
  return /^(arn:|[a-z]+-[0-9a-f]{8}|\d)/.test(text) && typeof value === 'string' ? code(text) : escaped(text);
}

/** In a row of many columns: of a time the time of day, of an ARN what it names. */
function shortCell(value: unknown): string {
  const [, time] = typeof value === 'string' ? (/^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)/.exec(value) ?? []) : [];
  const [, named] = typeof value === 'string' ? (/^arn:[^:]+:[^:]*:[^:]*:[^:]*:(.+)$/.exec(value) ?? []) : [];
  if (time !== undefined || named !== undefined) return code(time ?? named ?? '');
  return cell(value);
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const first: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'first') : undefined;
  return Array.isArray(first) ? first : undefined;
}

function countOf(value: unknown): number {
  const count: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'count') : undefined;
  return typeof count === 'number' ? count : (itemsOf(value)?.length ?? 0);
}

function isTabular(value: unknown): boolean {
  const items = itemsOf(value);
  return items !== undefined && items.length > 0 && items.every((item) => typeof item === 'object' && item !== null);
}

/** `lastStoppedAt` → `last stopped at` */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
