import type { Context, Hono } from 'hono';
import { autoScalingClient, completeLifecycleAction } from '../../aws/auto-scaling.ts';
import { withinBudget } from '../../aws/clients.ts';
import { DrainInstanceInput } from '../../contract/drain-instance.ts';
import { WORKFLOWS } from '../../contract/http/credentials.ts';
import { type Execution, ListQuery, StartQuery, StopQuery } from '../../contract/http/executions.ts';
import type {
  ExecutionDescription,
  ExecutionPage,
  ExecutionStatus,
  WorkflowName,
} from '../../engine/workflow-engine.ts';
import { readQuery } from '../body.ts';
import { mayUse, permit } from '../credentials.ts';
import { detailed, locate, problemOfOutcome, stateOf, stoppedMessage, summary } from '../executions.ts';
import { Problem } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';
import { untilEnded } from '../start.ts';

const BY_WORD = {
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  'timed-out': 'TIMED_OUT',
  stopped: 'ABORTED',
} as const satisfies Record<string, ExecutionStatus>;

const AWS_BUDGET_MS = 15_000;

/** `GET /executions`, `GET /executions/{id}`, `DELETE /executions/{id}`. */
export function executions(app: Hono<AppEnv>, services: HttpServices): void {
  app.get('/executions', (context) => list(context, services));
  app.get('/executions/:id', (context) => show(context, services));
  app.delete('/executions/:id', (context) => stop(context, services));
}

async function list(context: Context<AppEnv>, services: HttpServices): Promise<Response> {
  const query = readQuery(context, ListQuery);
  const credential = context.get('credential');
  const maxResults = query['max-results'];
  const status = query.status === undefined ? {} : { status: BY_WORD[query.status] };
  if (query.workflow !== undefined) {
    permit(credential, query.workflow);
    const token = query['next-token'];
    const nextToken = token === undefined ? {} : { nextToken: token };
    const page = await services.engine.list({ workflow: query.workflow, ...status, maxResults, ...nextToken });
    return context.json({
      executions: page.executions.map(summary),
      ...(page.nextToken && { nextToken: page.nextToken }),
    });
  }
  if (query['next-token'] !== undefined) {
    throw new Problem('invalid-request', 'next-token belongs to the pages of one workflow: give its workflow, too');
  }
  const seen = WORKFLOWS.filter((workflow) => mayUse(credential, workflow));
  const pages = await Promise.all(seen.map((workflow) => pageOf(services, { workflow, ...status, maxResults })));
  const newest = pages
    .flatMap((page) => page.executions)
    .sort((one, other) => other.startDate.getTime() - one.startDate.getTime())
    .slice(0, maxResults);
  return context.json({ executions: newest.map(summary) });
}

/** A stack may leave a workflow out. */
async function pageOf(
  services: HttpServices,
  request: { readonly workflow: WorkflowName; readonly status?: ExecutionStatus; readonly maxResults: number },
): Promise<ExecutionPage> {
  try {
    return await services.engine.list(request);
  } catch (error) {
    if (error instanceof Error && error.name === 'StateMachineDoesNotExist') return { executions: [] };
    throw error;
  }
}

async function find(context: Context<AppEnv>, services: HttpServices): Promise<ExecutionDescription> {
  const { workflow, name, executionArn } = locate(services.engine, context.req.param('id') ?? '');
  permit(context.get('credential'), workflow);
  context.set('execution', name);
  return services.engine.describe(executionArn);
}

/** The answer is 200 however it ended, but 410 for what somebody stopped; `?wait=true` answers with its outcome. */
async function show(context: Context<AppEnv>, services: HttpServices): Promise<Response> {
  const { wait } = readQuery(context, StartQuery);
  let description = await find(context, services);
  if (wait) description = (await untilEnded(services, context, description.executionArn)) ?? description;
  if (stateOf(description) === 'stopped') throw problemOfOutcome(description) ?? gone(description);
  const body: Execution = await detailed(services.engine, description);
  return context.json(body);
}

function gone(description: ExecutionDescription): Problem {
  return new Problem('stopped', stoppedMessage(description), { execution: description.name });
}

/** First the machine, so that it neither completes the lifecycle action itself nor keeps it alive any more. */
async function stop(context: Context<AppEnv>, services: HttpServices): Promise<Response> {
  const { lifecycle } = readQuery(context, StopQuery);
  const description = await find(context, services);
  const { name: execution } = description;
  const action = lifecycleOf(description);
  if (lifecycle !== 'leave' && action === undefined) {
    throw new Problem('invalid-request', `lifecycle=${lifecycle}: ${execution} has no lifecycle action to complete`);
  }
  const state = stateOf(description);
  if (state !== 'running' && state !== 'stopped') {
    throw new Problem('conflict', `it has ended already: ${state}`, { execution });
  }
  const who = context.get('credential')?.id;
  const cause = `DELETE /executions/${execution}${who === undefined ? '' : ` by ${who}`}, lifecycle=${lifecycle}`;
  await services.engine.stop(description.executionArn, { error: 'Stopped', cause });
  const after = stateOf(await services.engine.describe(description.executionArn));
  if (after !== 'stopped')
    throw new Problem('conflict', `it ended before it could be stopped: ${after}`, { execution });
  if (action === undefined) return context.json({ execution, status: 'stopped', lifecycle: 'none' });
  if (lifecycle === 'leave') return context.json({ execution, status: 'stopped', lifecycle: 'left' });
  const result = lifecycle === 'continue' ? 'CONTINUE' : 'ABANDON';
  const client = autoScalingClient(services.aws, action.region);
  const answer = await withinBudget(AWS_BUDGET_MS, () =>
    completeLifecycleAction(client, action.lifecycle, action.instanceId, result),
  );
  const outcome = answer === 'gone' ? 'gone' : lifecycle === 'continue' ? 'continued' : 'abandoned';
  return context.json({ execution, status: 'stopped', lifecycle: outcome });
}

function lifecycleOf(description: ExecutionDescription) {
  if (description.workflow !== 'drain-instance') return undefined;
  const { data } = DrainInstanceInput.safeParse(description.input);
  return data?.lifecycle === undefined
    ? undefined
    : { region: data.region, instanceId: data.instanceId, lifecycle: data.lifecycle };
}
