import type { Filter } from '@aws-sdk/client-ec2';
import { ServiceError } from '../service.ts';

/** AWS's limit of values in one call. */
const MOST_VALUES = 200;

/** The filters that a call knows: what an item has under each name. Any of several values may match. */
export interface KnownFilters<T> {
  readonly named: Readonly<Record<string, (item: T) => readonly (string | undefined)[]>>;
  /** The value of a tag, where the call takes `tag:<key>`. */
  readonly tag?: (item: T, key: string) => string | undefined;
}

/**
 * A predicate for EC2's filters: every filter must match, by any of its values; `*` and `?` are wildcards.
 * @throws ServiceError FilterLimitExceeded, or InvalidParameterValue for a filter that does not exist.
 */
export function filterBy<T>(filters: readonly Filter[] | undefined, known: KnownFilters<T>): (item: T) => boolean {
  const total = (filters ?? []).reduce((sum, each) => sum + (each.Values?.length ?? 0), 0);
  if (total > MOST_VALUES) {
    throw new ServiceError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${MOST_VALUES}`,
    );
  }
  const tests = (filters ?? []).map((filter) => {
    const read = reader(filter.Name ?? '', known);
    const exact = new Set(filter.Values);
    const patterns = (filter.Values ?? []).filter((value) => /[*?]/.test(value)).map(pattern);
    const matches = (found: string | undefined) =>
      found !== undefined && (exact.has(found) || patterns.some((each) => each.test(found)));
    return (item: T) => read(item).some(matches);
  });
  return (item) => tests.every((test) => test(item));
}

function reader<T>(name: string, known: KnownFilters<T>): (item: T) => readonly (string | undefined)[] {
  const { tag } = known;
  if (tag && name.startsWith('tag:')) return (item) => [tag(item, name.slice('tag:'.length))];
  const named = Object.hasOwn(known.named, name) ? known.named[name] : undefined;
  if (!named) throw new ServiceError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return named;
}

function pattern(value: string): RegExp {
  const escaped = value.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
