import type { FilterCondition, OperationFilter } from '@aws-sdk/client-servicediscovery';
import { ServiceError } from '../service.ts';
import type { OperationRecord } from './records.ts';

interface Filter {
  readonly Name: string | undefined;
  readonly Values: readonly string[] | undefined;
  readonly Condition?: FilterCondition | undefined;
}

const invalid = (message: string) => new ServiceError('InvalidInput', message);

/** @throws ServiceError InvalidInput for a filter that the call does not know, or that has several values for EQ. */
export function matcher<T>(
  filters: readonly Filter[] | undefined,
  known: Readonly<Record<string, (item: T) => string>>,
): (item: T) => boolean {
  const tests = (filters ?? []).map(({ Name: name = '', Values: values = [], Condition: condition = 'EQ' }) => {
    const read = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!read) throw invalid(`The filter name ${name} is not valid`);
    if (condition === 'EQ' && values.length !== 1)
      throw invalid(`EQ takes one value, and ${name} has ${values.length}`);
    if (condition === 'BEGINS_WITH') return (item: T) => values.some((value) => read(item).startsWith(value));
    return (item: T) => values.includes(read(item));
  });
  return (item) => tests.every((test) => test(item));
}

/** @throws ServiceError InvalidInput */
export function operationMatcher(filters: readonly OperationFilter[] | undefined): (item: OperationRecord) => boolean {
  const dates = (filters ?? []).filter(({ Name }) => Name === 'UPDATE_DATE').map(window);
  const others = matcher<OperationRecord>(
    (filters ?? []).filter(({ Name }) => Name !== 'UPDATE_DATE'),
    {
      NAMESPACE_ID: (operation) => operation.namespaceId,
      SERVICE_ID: (operation) => operation.serviceId,
      STATUS: (operation) => operation.status,
      TYPE: (operation) => operation.type,
    },
  );
  return (operation) =>
    others(operation) && dates.every(([from, to]) => operation.updatedAt >= from && operation.updatedAt <= to);
}

/** BETWEEN two points in seconds since the epoch. */
function window({ Condition, Values = [] }: OperationFilter): readonly [number, number] {
  const [from, to] = Values.map(Number);
  if (Condition !== 'BETWEEN' || Values.length !== 2 || from === undefined || to === undefined || !(from <= to)) {
    throw invalid('UPDATE_DATE takes BETWEEN, and a start and an end in Unix time');
  }
  return [from * 1000, to * 1000];
}
