/**
 * Pages over records that are numbered as they are made. A token names the last record that was given, not a position,
 * so that what vanishes between two pages moves nothing into or out of the next one.
 */
export interface Numbered {
  readonly sequence: number;
}

/**
 * @param items in the order of their numbers
 * @param refuse makes the service's own error for a token that it never gave out
 */
export function page<T extends Numbered>(
  items: Iterable<T>,
  token: string | undefined,
  size: number,
  refuse: (token: string) => Error,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const after = token === undefined || token === '' ? 0 : decode(token, refuse);
  const given: T[] = [];
  for (const item of items) {
    if (item.sequence <= after) continue;
    if (given.length === size) return { items: given, next: encode(given.at(-1)?.sequence ?? after) };
    given.push(item);
  }
  return { items: given, next: undefined };
}

function encode(sequence: number): string {
  return Buffer.from(`after:${sequence}`).toString('base64url');
}

function decode(token: string, refuse: (token: string) => Error): number {
  const match = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match === null) throw refuse(token);
  return Number(match[1]);
}
