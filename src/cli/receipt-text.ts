/** A receipt, or any other document, as lines for people. What is empty is left out. */
const CAPPED = ['count', 'first'];
/** As many items of a list as a receipt has itself. */
const ALL = 20;

export interface ReceiptTextOptions {
  /** How many items of a list are shown, at most. */
  readonly most?: number;
}

/** @returns lines such as `lifecycle.outcome    continued`, nested names joined by dots */
export function receiptLines(receipt: unknown, { most = ALL }: ReceiptTextOptions = {}): string[] {
  const rows = flatten(receipt, '', most);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function flatten(value: unknown, name: string, most: number): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [[name, String(value)]];
  if (Array.isArray(value)) return list(value, value.length, name, most);
  if (isCapped(value)) return list(value.first, value.count, name, most);
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, name === '' ? key : `${name}.${key}`, most));
}

/** An item is one line: its fields' values, in their order. */
function list(items: readonly unknown[], count: number, name: string, most: number): [string, string][] {
  const rows = items.slice(0, most).map((item, index): [string, string] => [`${name}[${index}]`, itemText(item)]);
  return count > rows.length ? [...rows, [name, `and ${count - rows.length} more`]] : rows;
}

function itemText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  return Object.entries(item)
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

function isCapped(value: object): value is { readonly count: number; readonly first: readonly unknown[] } {
  return Object.keys(value).every((key) => CAPPED.includes(key)) && 'first' in value && Array.isArray(value.first);
}
