/** From what the SDK throws to the few kinds of trouble that a workflow tells apart. */
import { AccessDenied, NotFound, Rejected, type SluiceError, Throttled, Unavailable } from '../contract/errors.ts';

const THROTTLING = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceededException',
  'LimitExceededException',
  'SlowDown',
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'ResourceContention',
  'ResourceContentionFault',
]);

/** Refusals in the words of a client's fault, which pass all the same. */
const TRANSIENT = new Set(['RequestTimeout', 'RequestTimeoutException', 'PriorRequestNotComplete']);

const DENIED =
  /^(AccessDenied.*|UnauthorizedOperation|UnauthorizedException|AuthFailure|NotAuthorized|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|ExpiredToken.*|RequestExpired|OptInRequired|IncompleteSignature)$/;

/** The code of AWS's answer, or of the network's failure: `ClusterNotFoundException`, `ECONNRESET`. */
export function codeOf(error: unknown): string {
  const source = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(source instanceof Error)) return 'Unknown';
  const code = 'code' in source && typeof source.code === 'string' ? source.code : undefined;
  return code ?? source.name;
}

/**
 * @param what the operation, for the message: `ECS ListTasks`
 * @returns Throttled and Unavailable for what passes; AccessDenied, NotFound and Rejected for what does not.
 */
export function translate(error: unknown, what: string): SluiceError {
  const code = codeOf(error);
  const message = `${what}: ${error instanceof Error ? error.message : String(error)} (${code})`;
  const options = { cause: error };
  const status = statusOf(error);
  if (THROTTLING.has(code) || status === 429) return new Throttled(message, options);
  if (TRANSIENT.has(code)) return new Unavailable(message, options);
  if (DENIED.test(code) || status === 401 || status === 403) return new AccessDenied(message, options);
  if (isPassing(error, code, status)) return new Unavailable(message, options);
  if (/NotFound(Exception|Fault)?$/.test(code)) return new NotFound(message, options);
  return new Rejected(message, options);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** No answer at all, an answer that nobody can read, and every 5xx; credentials that could not be fetched, too. */
function isPassing(error: unknown, code: string, status: number | undefined): boolean {
  if (status !== undefined) return status >= 500 || (status < 300 && error instanceof SyntaxError);
  if (
    /^E[A-Z_]{3,}$/.test(code) ||
    /^(TimeoutError|AbortError|NetworkingError|CredentialsProviderError|ProviderError)$/.test(code)
  ) {
    return true;
  }
  return typeof error === 'object' && error !== null && '$fault' in error && error.$fault === 'server';
}
