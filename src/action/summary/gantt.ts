/** A Mermaid gantt of what happened when: every time that a receipt tells, whatever the workflow. */
import { oneLine } from './markdown.ts';

interface Moment {
  readonly name: string;
  readonly at: number;
}

const TIME = /At$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Of one item: what tells it from others. */
const LABELS = ['id', 'instanceId', 'serviceId', 'name'];
const MOST_ROWS = 60;

/** What began, what ended it, and what to call the time between; in the order of preference where a beginning is told twice. */
const STRETCHES = [
  { from: 'registeredAt', to: 'healthyAt', name: 'becomes healthy' },
  { from: 'deregisteredAt', to: 'drainedAt', name: 'drains' },
  { from: 'drainingAt', to: 'drainedAt', name: 'drains' },
  { from: 'terminationRequestedAt', to: 'terminatedAt', name: 'shuts down' },
] as const;
const IN_STRETCHES = new Set<string>(STRETCHES.flatMap(({ from, to }) => [from, to]));

/** @returns undefined when the receipt tells no stretch of time */
export function gantt(receipt: Readonly<Record<string, unknown>>): string | undefined {
  const moments = momentsOf(receipt);
  const from = at(moments, 'startedAt');
  const to = at(moments, 'finishedAt');
  if (from === undefined || to === undefined) return undefined;
  const inner = moments.filter(({ name }) => name !== 'startedAt' && name !== 'finishedAt');
  const rows = [
    'section Execution',
    bar(String(receipt.workflow ?? 'execution'), from, to, receipt.status === 'succeeded' ? 'done' : 'crit'),
    ...inner.map(({ name, at: moment }) => milestone(words(name), moment)),
    ...Object.entries(receipt).flatMap(([name, value]) => section(name, value, to)),
  ];
  return ['gantt', '  dateFormat x', `  axisFormat ${to - from >= 86_400_000 ? '%m-%d %H:%M' : '%H:%M:%S'}`]
    .concat(rows.slice(0, MOST_ROWS).map((row) => `  ${row}`))
    .join('\n');
}

function section(name: string, value: unknown, end: number): string[] {
  const items = listIn(value);
  const rows =
    items === undefined
      ? momentsOf(value).map((moment) => milestone(words(moment.name), moment.at))
      : items.flatMap((item) => itemRows(item, end));
  return rows.length === 0 ? [] : [`section ${plain(words(name))}`, ...rows];
}

/** What had not ended by the end of the execution goes on until there. */
function itemRows(item: unknown, end: number): string[] {
  const moments = momentsOf(item);
  const label = labelOf(item);
  const told = new Set<string>();
  const bars = STRETCHES.flatMap(({ from, to, name }) => {
    const began = at(moments, from);
    if (began === undefined || told.has(to)) return [];
    told.add(to);
    const ended = at(moments, to);
    return [
      ended === undefined
        ? bar(`${label} ${name} (no end)`, began, end, 'crit')
        : bar(`${label} ${name}`, began, ended, 'active'),
    ];
  });
  const others = moments.filter(({ name }) => !IN_STRETCHES.has(name));
  return [...bars, ...others.map((moment) => milestone(`${label} ${words(moment.name)}`, moment.at))];
}

function momentsOf(value: unknown): Moment[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, text]) =>
    TIME.test(name) && typeof text === 'string' && ISO.test(text) ? [{ name, at: Date.parse(text) }] : [],
  );
}

function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const first: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'first') : undefined;
  return Array.isArray(first) ? first : undefined;
}

function labelOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return '';
  const fields = new Map<string, unknown>(Object.entries(item));
  const id = LABELS.map((name) => fields.get(name)).find((value) => typeof value === 'string') ?? '';
  const port = fields.get('port');
  return typeof port === 'number' ? `${String(id)} port ${port}` : String(id);
}

function at(moments: readonly Moment[], name: string): number | undefined {
  return moments.find((moment) => moment.name === name)?.at;
}

/** A bar that takes no time would not be seen. */
function bar(name: string, from: number, to: number, kind: 'done' | 'active' | 'crit'): string {
  return `${plain(name)} :${kind}, ${from}, ${Math.max(to, from + 1)}`;
}

function milestone(name: string, moment: number): string {
  return `${plain(name)} :milestone, ${moment}, 0ms`;
}

/** `lastStoppedAt` → `last stopped` */
function words(name: string): string {
  return name.replace(TIME, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** At the beginning of a line mermaid takes these, and what begins with them, for its own. */
const KEYWORDS = /^(gantt|date|top|axis|tick|inclu|exclu|today|week|title|section|click|href|call|acc|end|\d{4}-\d\d)/i;

/** What is left cannot end a name, begin a comment or be taken for a keyword. */
function plain(text: string): string {
  const kept = oneLine(text)
    .replace(/[^\p{L}\p{N} ./_()-]+/gu, ' ')
    .replace(/-{2,}/g, '-')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 60);
  if (kept === '') return 'unnamed';
  return KEYWORDS.test(kept) ? `· ${kept}` : kept;
}
