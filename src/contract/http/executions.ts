/** `/workflows/{workflow}` and `/executions`: what is asked, and what is answered. */
import * as z from 'zod';
import { oneOf, Status } from '../common.ts';
import { WORKFLOWS } from './credentials.ts';
import { wordFlag } from './drain-delay.ts';

const PAGE = 'must be a whole number from 1 to 1000';

export const StartQuery = z.strictObject({
  wait: wordFlag.describe('Answer when it has ended, with the status of its outcome.'),
});

export const ExecutionState = z.enum(['running', ...Status.options]);
export type ExecutionState = z.output<typeof ExecutionState>;

export const ListQuery = z.strictObject({
  workflow: oneOf(...WORKFLOWS)
    .optional()
    .describe('Only its executions; the newest of all workflows when absent.'),
  status: oneOf('running', 'succeeded', 'failed', 'timed-out', 'stopped')
    .optional()
    .describe('Only those that stand so with the engine: a receipt that says timed-out or refused counts as failed.'),
  'max-results': z
    .string()
    .regex(/^\d{1,4}$/, { error: PAGE })
    .transform(Number)
    .pipe(z.number().min(1, { error: PAGE }).max(1000, { error: PAGE }))
    .default(100),
  'next-token': z.string().max(4096, { error: 'must be the token of a page' }).optional(),
});

export const StopQuery = z.strictObject({
  lifecycle: oneOf('leave', 'continue', 'abandon')
    .default('leave')
    .describe(
      'What becomes of the lifecycle action of a drain: its hook runs into its own default, or it is completed.',
    ),
});

export const Execution = z.object({
  execution: z.string().describe('Its name: the id in /executions/{id}.'),
  workflow: z.string(),
  status: ExecutionState,
  startedAt: z.string(),
  endedAt: z.string().optional(),
  input: z.unknown().optional(),
  state: z.string().optional().describe('The state of the machine in which it stands.'),
  progress: z.unknown().optional().describe('What it has observed so far; long lists are cut and keep their count.'),
  receipt: z.unknown().optional().describe('What came of it.'),
});
export type Execution = z.output<typeof Execution>;

export const ExecutionList = z.object({ executions: z.array(Execution), nextToken: z.string().optional() });

export const Started = z.object({ execution: z.string(), workflow: z.string(), status: ExecutionState });

export const Stopped = z.object({
  execution: z.string(),
  status: z.literal('stopped'),
  lifecycle: z.enum(['none', 'left', 'continued', 'abandoned', 'gone']),
});
