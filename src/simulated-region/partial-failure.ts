/** Splits one item off a batch, and reports it among the failures of the answer to the others. */
import { batchOperations } from './faults.ts';
import type { Structure } from './wire/shapes.ts';

type Batch = (input: Structure) => unknown;

/** @returns the answer with the first item failed; what comes after it was carried out. */
export async function failFirstItem(
  service: string,
  operation: string,
  input: Structure,
  carryOut: Batch,
): Promise<unknown> {
  const member = batchOperations.get(`${service}:${operation}`) ?? '';
  const items = input[member];
  if (!Array.isArray(items) || items.length === 0) return carryOut(input);
  const [failed, ...rest] = items as readonly unknown[];
  // An empty batch would be refused as a whole, which is another fault.
  const answer = rest.length === 0 ? {} : ((await carryOut({ ...input, [member]: rest })) as Structure);
  if (service === 'events') {
    return {
      FailedEntryCount: Number(answer.FailedEntryCount ?? 0) + 1,
      Entries: [
        { ErrorCode: 'InternalFailure', ErrorMessage: 'An internal error has occurred' },
        ...list(answer.Entries),
      ],
    };
  }
  return {
    ...answer,
    [member]: list(answer[member]),
    failures: [{ arn: failed, reason: 'MISSING' }, ...list(answer.failures)],
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
