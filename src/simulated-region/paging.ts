import { ServiceError } from './service.ts';

/** Turns a position into the opaque token that a caller hands back. */
export function tokenAt(position: number): string {
  return Buffer.from(`position:${position}`).toString('base64url');
}

/** @returns 0 without a token. @throws ServiceError with the service's own code for a token that it never gave. */
export function positionOf(token: string | undefined, code = 'InvalidNextToken'): number {
  if (token === undefined || token === '') return 0;
  const position = /^position:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (position === undefined) throw new ServiceError(code, `The token '${token}' is invalid`);
  return Number(position);
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/** One page of a list that does not shrink between the pages. */
export function pageOf<T>(items: readonly T[], size: number, token: string | undefined, code?: string): Page<T> {
  const start = positionOf(token, code);
  const page = items.slice(start, start + size);
  return start + size < items.length ? { items: page, nextToken: tokenAt(start + size) } : { items: page };
}
