/** What the GitHub Action takes beside the inputs of the workflow, and what it gives back. */
import * as z from 'zod/mini';
import { Flag, oneOf } from './common.ts';
import { INPUTS } from './inputs.ts';

const WORKFLOWS = Object.keys(INPUTS) as [string, ...string[]];
const STATE_MACHINE = 'must be the ARN of a state machine';
const STACK = 'must be a stack name: a letter, then up to 39 letters, digits or hyphens';
const MINUTES = 'must be a number of minutes, more than 0 and at most 33333';
const NAME = 'must be 1 to 72 letters, digits, hyphens, dots or underscores';
const DEPLOYMENT = 'must be the id of a deployment: a whole number';

const ownInputs = z.strictObject({
  workflow: oneOf(...WORKFLOWS).check(z.describe(`What to do: ${WORKFLOWS.map((name) => `\`${name}\``).join(', ')}.`)),
  stateMachineArn: z
    .optional(
      z.string({ error: STATE_MACHINE }).check(
        z.regex(/^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}$/, {
          error: STATE_MACHINE,
        }),
      ),
    )
    .check(
      z.describe(
        'The deployed state machine to start. With neither this nor a stack, the work is done inside the runner.',
      ),
    ),
  stack: z
    .optional(z.string({ error: STACK }).check(z.regex(/^[a-zA-Z][a-zA-Z0-9-]{0,39}$/, { error: STACK })))
    .check(
      z.describe(
        'The deployed stack, in the region of AWS_REGION, whose state machine is started: `<stack>-<workflow>`.',
      ),
    ),
  wait: z
    ._default(Flag, true)
    .check(z.describe('Wait for the end; `false` only starts it, and needs a deployed stack.')),
  waitTimeoutMinutes: z
    .optional(z.number({ error: MINUTES }).check(z.gt(0, { error: MINUTES }), z.lte(33_333, { error: MINUTES })))
    .check(
      z.describe('How long to wait; for as long as the job may run when absent. What is deployed goes on after it.'),
    ),
  onCancel: z
    ._default(oneOf('stop', 'leave'), 'stop')
    .check(z.describe('What becomes of the work when the job is cancelled; `leave` needs a deployed stack.')),
  name: z
    .optional(z.string({ error: NAME }).check(z.regex(/^[A-Za-z0-9._-]{1,72}$/, { error: NAME })))
    .check(
      z.describe(
        'Name of the execution. From repository, run, job, step and subject when absent, without the attempt: a re-run finds its execution again.',
      ),
    ),
  failOnTimeout: z._default(Flag, true).check(z.describe('Fail when the deadline came before the end.')),
  summary: z._default(Flag, true).check(z.describe('Write a job summary.')),
  githubToken: z
    .optional(z.string())
    .check(z.describe('Token that may write deployments; only used with `deployment-id`.')),
  deploymentId: z
    .optional(z.number({ error: DEPLOYMENT }).check(z.int({ error: DEPLOYMENT }), z.gte(1, { error: DEPLOYMENT })))
    .check(z.describe('The deployment on GitHub whose status is to follow the work.')),
});

type Given = Readonly<Partial<Record<keyof z.output<typeof ownInputs>, unknown>>>;

const isDeployed = ({ stateMachineArn, stack }: Given): boolean => stateMachineArn !== undefined || stack !== undefined;

/** What no single input can say, and where it is told. */
const RULES: readonly { readonly at: keyof Given; readonly expected: string; holds(given: Given): boolean }[] = [
  {
    at: 'stack',
    expected: 'must not be given together with state-machine-arn',
    holds: ({ stateMachineArn, stack }) => stateMachineArn === undefined || stack === undefined,
  },
  {
    at: 'wait',
    expected: 'must be true without a stack or a state machine: the work is done in this job, and ends with it',
    holds: (given) => given.wait !== false || isDeployed(given),
  },
  {
    at: 'onCancel',
    expected: 'must be "stop" without a stack or a state machine: the work is done in this job, and ends with it',
    holds: (given) => given.onCancel !== 'leave' || isDeployed(given),
  },
  {
    at: 'githubToken',
    expected: 'must be given with a deployment-id',
    holds: ({ githubToken, deploymentId }) => githubToken !== undefined || deploymentId === undefined,
  },
  {
    at: 'stateMachineArn',
    expected: 'must be the state machine of the workflow that is asked for',
    holds: ({ workflow, stateMachineArn }) => otherWorkflow(String(stateMachineArn), String(workflow)) === undefined,
  },
];

/** A machine may have any name, but one that ends in another workflow's name is a mistake. */
function otherWorkflow(arn: string, workflow: string): string | undefined {
  return WORKFLOWS.find((name) => name !== workflow && arn.endsWith(`-${name}`));
}

/** Checked even where single inputs are wrong, so that all faults are told at once. */
export const ActionInput = RULES.reduce(
  (schema, { at, expected, holds }) =>
    schema.check(z.refine((given) => holds(given), { path: [at], error: expected, when: () => true })),
  ownInputs,
);
export type ActionInput = z.output<typeof ActionInput>;

export const ACTION_OUTPUTS = {
  status: '`succeeded`, `timed-out`, `refused`, `failed` or `stopped`; `running` when its end was not awaited.',
  'execution-arn': 'ARN of the execution.',
  receipt: 'What happened, as JSON; empty when there is no receipt.',
  'started-at': 'When the execution began, ISO 8601 in UTC.',
  'finished-at': 'When it ended; empty while it runs.',
} as const;
export type ActionOutput = keyof typeof ACTION_OUTPUTS;
