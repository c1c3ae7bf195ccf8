/** Every route with what goes in and what comes out: the one table from which the description is generated. */
import * as z from 'zod/mini';
import { DelegatedTermination } from '../../contract/http/delayed-termination.ts';
import { DrainDelayQuery } from '../../contract/http/drain-delay.ts';
import {
  ChangeTargetsQuery,
  ListTargetsQuery,
  LoadBalancerName,
  MachineId,
  MachineInfo,
  TargetInfo,
} from '../../contract/http/elb.ts';
import type { ErrorCode } from '../../contract/http/error.ts';
import {
  Execution,
  ExecutionList,
  ListQuery,
  Started,
  StartQuery,
  Stopped,
  StopQuery,
} from '../../contract/http/executions.ts';
import { INPUTS } from '../../contract/inputs.ts';

export interface Answer {
  readonly description: string;
  readonly schema?: z.ZodMiniType;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/elb/{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly open?: true;
  readonly parameters?: Readonly<Record<string, z.ZodMiniType>>;
  readonly query?: z.ZodMiniObject;
  readonly body?: z.ZodMiniType;
  readonly idempotent?: true;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What may go wrong beside what may everywhere: 401, 429, 503. */
  readonly problems?: Readonly<
    Partial<Record<Exclude<ErrorCode, 'unauthenticated' | 'throttled' | 'unavailable'>, string>>
  >;
}

const NAMES = {
  Location: 'The execution: /executions/{id}.',
  'X-Sluice-Execution': 'Its name.',
};
const up = z.object({ status: z.literal('ok') });
const ExecutionId = z.string().check(z.describe('Name or ARN of an execution.'));
const waited = {
  refused: 'With wait=true: it was refused. A guard said no; or the region is not allowed.',
  stopped: 'With wait=true: somebody stopped it.',
  failed: 'With wait=true: it failed for good; the receipt says why.',
  'aws-refused': 'AWS refuses what the service asks: most often a permission is missing.',
  'timed-out': 'With wait=true: its deadline came first.',
} as const;

const startOperations: Operation[] = Object.entries(INPUTS).map(([workflow, schema]) => ({
  method: 'post',
  path: `/workflows/${workflow}`,
  summary: `Starts ${workflow}`,
  query: StartQuery,
  body: schema,
  idempotent: true,
  answers: {
    200: { description: 'With wait=true: it has succeeded.', schema: Execution },
    202: { description: 'It has been accepted, and outlives this service.', schema: Started, headers: NAMES },
  },
  problems: {
    'invalid-request': 'The document cannot be used; every fault is named. `region` may be left out.',
    forbidden: 'The credential is not for this workflow.',
    'not-found': 'With wait=true: what it names does not exist.',
    conflict: 'The Idempotency-Key stands for another request.',
    'too-large': 'The document is larger than 64 KiB.',
    ...waited,
  },
}));

const changeOfTargets = (method: 'post' | 'delete', summary: string, done: string): Operation => ({
  method,
  path: '/elb/{name}',
  summary,
  parameters: { name: LoadBalancerName },
  query: ChangeTargetsQuery,
  body: MachineId,
  idempotent: true,
  answers: {
    201: { description: `${done} With wait=true: its end was seen.`, schema: MachineInfo, headers: NAMES },
    202: {
      description: 'AWS has not taken the change yet; the execution goes on trying.',
      schema: MachineInfo,
      headers: NAMES,
    },
  },
  problems: {
    'invalid-request': 'The document or the query cannot be used.',
    forbidden: 'The credential is not for this workflow.',
    'not-found': 'There is no such load balancer, target group or instance.',
    conflict:
      method === 'post'
        ? 'It is registered already; or several target groups could be meant, which the message names.'
        : 'It is not registered.',
    'too-large': 'The document is larger than 64 KiB.',
    ...waited,
  },
});

export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/delayed-termination',
    summary: 'Tells whether terminations are accepted',
    description: 'The engine is asked, not just the process; its answer stands for 5 seconds.',
    open: true,
    answers: { 200: { description: 'The service is available.', contentType: 'text/plain' } },
  },
  {
    method: 'post',
    path: '/delayed-termination',
    summary: 'Terminates instances after a delay',
    description: 'The document of asg-delegated-destroy. All instances are accepted, or none.',
    body: DelegatedTermination,
    idempotent: true,
    answers: {
      202: { description: 'The termination has been accepted, durably.', contentType: 'text/plain', headers: NAMES },
    },
    problems: {
      'invalid-request': 'The document cannot be used; every fault is named.',
      forbidden: 'The credential is not for delayed-termination.',
      'not-found': 'An instance is unknown in its region; each is named.',
      refused: 'An instance is protected, lacks the required tag, has another address, or its region is not allowed.',
      conflict: 'The Idempotency-Key stands for another request.',
      'too-large': 'The document is larger than 64 KiB.',
      'aws-refused': 'AWS refuses what the service asks: most often a permission is missing.',
    },
  },
  {
    method: 'get',
    path: '/drain-delay',
    summary: 'Answers once an address is drained everywhere',
    description:
      'Held open for as long as the host can, then redirected to itself: follow redirects without a limit (curl -L --max-redirs -1). For a Kubernetes preStop hook; terminationGracePeriodSeconds must be max-delay plus the time that the process itself needs to stop.',
    query: DrainDelayQuery,
    answers: {
      200: {
        description: 'It is drained in every target group, or registered in none.',
        schema: z.object({
          status: z.enum(['drained', 'draining']),
          ip: z.string(),
          waitedSeconds: z.number(),
          reason: z.string(),
          execution: z.string(),
        }),
      },
      307: {
        description: 'Not yet; ask again there.',
        headers: { Location: 'This route with the same query, and since.' },
      },
    },
    problems: {
      'invalid-request': 'The query cannot be used; every fault is named.',
      forbidden: 'The credential is not for await-drained.',
      'not-found': 'Nothing matches; said after max-delay unless fail-fast=true.',
      refused: 'The region is not allowed; said after max-delay unless fail-fast=true.',
      conflict: 'The load balancer is not named exactly; said after max-delay unless fail-fast=true.',
      stopped: 'Somebody stopped the execution that waited.',
      'aws-refused': 'AWS refuses what the service asks; said after max-delay unless fail-fast=true.',
      failed: 'It cannot be looked up; said after max-delay unless fail-fast=true.',
      'timed-out': 'max-delay has passed; the message names the deregistration delay and what would have been enough.',
    },
  },
  {
    method: 'get',
    path: '/elb/{name}',
    summary: 'Lists the instances of a load balancer',
    parameters: { name: LoadBalancerName },
    query: ListTargetsQuery,
    answers: {
      200: {
        description: 'Its instances; with targets=all every registration, whatever it is.',
        schema: z.union([z.array(MachineInfo), z.array(TargetInfo)]),
      },
    },
    problems: {
      'invalid-request': 'The name or the query cannot be used.',
      forbidden: 'The credential is for neither register-targets nor deregister-targets.',
      'not-found': 'There is no such load balancer.',
      refused: 'The region is not allowed.',
      conflict: 'A Classic load balancer and another one have this name: give the ARN.',
      'aws-refused': 'AWS refuses what the service asks: most often a permission is missing.',
    },
  },
  changeOfTargets('post', 'Registers an instance with a load balancer', 'RegisterTargets was accepted.'),
  changeOfTargets(
    'delete',
    'Takes an instance out of a load balancer',
    'DeregisterTargets was accepted, in every group and on every port.',
  ),
  ...startOperations,
  {
    method: 'get',
    path: '/executions',
    summary: 'Lists executions, newest first',
    query: ListQuery,
    answers: { 200: { description: 'A page of one workflow, or the newest of all.', schema: ExecutionList } },
    problems: { 'invalid-request': 'The query cannot be used.', forbidden: 'The credential is not for this workflow.' },
  },
  {
    method: 'get',
    path: '/executions/{id}',
    summary: 'Describes an execution, with its progress while it runs',
    parameters: { id: ExecutionId },
    query: StartQuery,
    answers: { 200: { description: 'How it stands, or how it ended.', schema: Execution } },
    problems: {
      'invalid-request': 'The query cannot be used.',
      forbidden: 'The credential is not for its workflow.',
      'not-found': 'There is no such execution.',
      conflict: 'With wait=true: somebody undid the work meanwhile.',
      ...waited,
      stopped: 'Somebody stopped it.',
    },
  },
  {
    method: 'delete',
    path: '/executions/{id}',
    summary: 'Stops an execution',
    parameters: { id: ExecutionId },
    query: StopQuery,
    answers: { 200: { description: 'It is stopped.', schema: Stopped } },
    problems: {
      'invalid-request': 'The query cannot be used, or there is no lifecycle action to complete.',
      forbidden: 'The credential is not for its workflow.',
      'not-found': 'There is no such execution.',
      conflict: 'It has ended by itself.',
      'aws-refused': 'It is stopped, but AWS refuses to complete its lifecycle action.',
    },
  },
  {
    method: 'get',
    path: '/health',
    summary: 'Tells that the process answers',
    open: true,
    answers: { 200: { description: 'It does.', schema: up } },
  },
  {
    method: 'get',
    path: '/healthcheck',
    summary: 'Tells that the process answers',
    open: true,
    answers: { 200: { description: 'It does.', schema: up } },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Measurements in the format of Prometheus',
    answers: { 200: { description: 'Only of `sluice serve`.', contentType: 'text/plain' } },
    problems: { 'not-found': 'There are none here.' },
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This description',
    answers: { 200: { description: 'OpenAPI 3.1.', contentType: 'application/json' } },
  },
  {
    method: 'get',
    path: '/docs',
    summary: 'A page that renders this description',
    answers: { 200: { description: 'HTML.', contentType: 'text/html' } },
  },
];
