/** What is answered when something is wrong: always the same shape, never a status without an explanation. */
import { ERROR_CODES, type ErrorBody, type ErrorCode } from '../contract/http/error.ts';

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ErrorCode;
  readonly more: Omit<ErrorBody, 'error' | 'message'>;
  constructor(code: ErrorCode, message: string, more: Omit<ErrorBody, 'error' | 'message'> = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }
}

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  InvalidInput: 'invalid-request',
  InvalidName: 'invalid-request',
  InvalidToken: 'invalid-request',
  InvalidExecutionInput: 'too-large',
  NotFound: 'not-found',
  ExecutionDoesNotExist: 'not-found',
  StateMachineDoesNotExist: 'not-found',
  Refused: 'refused',
  UndoneByOthers: 'conflict',
  AmbiguousTargetGroup: 'conflict',
  TooManyAttempts: 'conflict',
  ExecutionAlreadyExists: 'conflict',
  Throttled: 'throttled',
  ThrottlingException: 'throttled',
  Unavailable: 'unavailable',
  JournalUnavailable: 'unavailable',
  EngineClosed: 'unavailable',
  AccessDenied: 'aws-refused',
  AccessDeniedException: 'aws-refused',
  Rejected: 'aws-refused',
};

/** What the SDK's own clients throw where nothing translates it: the Step Functions client, credentials, the network. */
const PASSING =
  /^(TimeoutError|AbortError|NetworkingError|CredentialsProviderError|E[A-Z]{4,}|.*Unavailable.*|InternalError|InternalFailure|ServiceException)$/;

/** @returns undefined for what nobody has foreseen. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return undefined;
  const known = BY_NAME[error.name];
  if (known !== undefined) return new Problem(known, error.message);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (PASSING.test(code)) return new Problem('unavailable', `AWS did not answer as it should: ${error.message}`);
  return undefined;
}

/** Seconds after which it may be tried again. */
const RETRY_AFTER: Readonly<Partial<Record<ErrorCode, string>>> = { throttled: '5', unavailable: '5' };

export function problemResponse(problem: Problem): Response {
  const retryAfter = RETRY_AFTER[problem.code];
  const headers = new Headers({ 'content-type': 'application/json; charset=utf-8' });
  if (retryAfter !== undefined) headers.set('retry-after', retryAfter);
  if (problem.code === 'unauthenticated') {
    headers.append('www-authenticate', 'Basic realm="sluice", charset="UTF-8"');
    headers.append('www-authenticate', 'Bearer realm="sluice"');
  }
  const body: ErrorBody = { error: problem.code, message: problem.message, ...problem.more };
  return new Response(`${JSON.stringify(body)}\n`, { status: ERROR_CODES[problem.code], headers });
}
