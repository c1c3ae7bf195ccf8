/** What went wrong, in one annotation that a person can act upon. */
import { translate } from '../aws/errors.ts';
import { AccessDenied, InvalidInput, SluiceError, Throttled, Unavailable } from '../contract/errors.ts';
import { StateMachineDoesNotExist } from '../engine/errors.ts';

export function explained(error: unknown): string {
  if (error instanceof InvalidInput) {
    const faults = error.faults.map(({ field, expected, found }) => `${field} ${expected}, got ${found}`);
    const [subject = error.message] = error.message.split(' cannot be used: ');
    return [`${subject} cannot be used; nothing was done:`, ...faults.map((fault) => `- ${fault}`)].join('\n');
  }
  if (error instanceof StateMachineDoesNotExist) {
    return `${error.message}. Check state-machine-arn, the account and the region of the credentials.`;
  }
  if (error instanceof SluiceError) return error.message;
  if (!isFromAws(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const known = translate(error, 'Step Functions');
  if (known instanceof Throttled || known instanceof Unavailable) return `${known.message}. Run the job again.`;
  if (known instanceof AccessDenied) {
    return `${known.message}. Check the credentials of the job, and that their role may call states:StartExecution and states:DescribeExecution.`;
  }
  return known.message;
}

function isFromAws(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return '$metadata' in error || '$fault' in error || 'code' in error || error.name === 'CredentialsProviderError';
}
