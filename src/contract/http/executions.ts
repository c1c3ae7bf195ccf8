/** `/workflows/{workflow}` and `/executions`: what is asked, and what is answered. */
import * as z from 'zod/mini';
import { oneOf, Status } from '../common.ts';
import { WORKFLOWS } from './credentials.ts';
import { wordFlag } from './drain-delay.ts';

const PAGE = 'must be a whole number from 1 to 1000';

export const StartQuery = z.strictObject({
  wait: wordFlag.check(z.describe('Answer when it has ended, with the status of its outcome.')),
});

export const ExecutionState = z.enum(['running', ...Status.options]);
export type ExecutionState = z.output<typeof ExecutionState>;

export const ListQuery = z.strictObject({
  workflow: z
    .optional(oneOf(...WORKFLOWS))
    .check(z.describe('Only its executions; the newest of all workflows when absent.')),
  status: z
    .optional(oneOf('running', 'succeeded', 'failed', 'timed-out', 'stopped'))
    .check(
      z.describe(
        'Only those that stand so with the engine: a receipt that says timed-out or refused counts as failed.',
      ),
    ),
  'max-results': z._default(
    z.pipe(
      z.pipe(z.string().check(z.regex(/^\d{1,4}$/, { error: PAGE })), z.transform(Number)),
      z.number().check(z.gte(1, { error: PAGE }), z.lte(1000, { error: PAGE })),
    ),
    100,
  ),
  'next-token': z.optional(z.string().check(z.maxLength(4096, { error: 'must be the token of a page' }))),
});

export const StopQuery = z.strictObject({
  lifecycle: z
    ._default(oneOf('leave', 'continue', 'abandon'), 'leave')
    .check(
      z.describe(
        'What becomes of the lifecycle action of a drain: its hook runs into its own default, or it is completed.',
      ),
    ),
});

export const Execution = z.object({
  execution: z.string().check(z.describe('Its name: the id in /executions/{id}.')),
  workflow: z.string(),
  status: ExecutionState,
  startedAt: z.string(),
  endedAt: z.optional(z.string()),
  input: z.optional(z.unknown()),
  state: z.optional(z.string()).check(z.describe('The state of the machine in which it stands.')),
  progress: z
    .optional(z.unknown())
    .check(z.describe('What it has observed so far; long lists are cut and keep their count.')),
  receipt: z.optional(z.unknown()).check(z.describe('What came of it.')),
});
export type Execution = z.output<typeof Execution>;

export const ExecutionList = z.object({ executions: z.array(Execution), nextToken: z.optional(z.string()) });

export const Started = z.object({ execution: z.string(), workflow: z.string(), status: ExecutionState });

export const Stopped = z.object({
  execution: z.string(),
  status: z.literal('stopped'),
  lifecycle: z.enum(['none', 'left', 'continued', 'abandoned', 'gone']),
});
