import { positionOf, tokenAt } from './paging.ts';

/**
 * Pages over records that are numbered as they are made. A token names the next record's number, not a place in the
 * list, so that what vanishes between two pages moves nothing into or out of the next one.
 */
export interface Numbered {
  readonly sequence: number;
}

/**
 * @param items in the order of their numbers
 * @throws ServiceError with the service's own code for a token that it never gave
 */
export function page<T extends Numbered>(
  items: Iterable<T>,
  token: string | undefined,
  size: number,
  code: string,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const start = positionOf(token, code);
  const given: T[] = [];
  for (const item of items) {
    if (item.sequence < start) continue;
    if (given.length === size) return { items: given, next: tokenAt(item.sequence) };
    given.push(item);
  }
  return { items: given, next: undefined };
}
