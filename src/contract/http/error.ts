/** Every answer from 400 up has this body. */
import * as z from 'zod/mini';

export const ERROR_CODES = {
  'invalid-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  refused: 409,
  stopped: 410,
  'too-large': 413,
  throttled: 429,
  internal: 500,
  failed: 502,
  'aws-refused': 502,
  unavailable: 503,
  'timed-out': 504,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export const ErrorBody = z.object({
  error: z
    .enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])
    .check(z.describe('What kind of trouble, for programs.')),
  message: z.string().check(z.describe('What was found, what was expected and what to do, for people.')),
  execution: z.optional(z.string()).check(z.describe('The execution that it is about: the id in /executions/{id}.')),
  receipt: z.optional(z.unknown()).check(z.describe('What came of that execution.')),
});
export type ErrorBody = z.output<typeof ErrorBody>;
