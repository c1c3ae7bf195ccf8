/**
 * Lifecycle events are best effort. So every five minutes it is asked which instances wait on a hook of ours, and those
 * that nobody drains are drained.
 */
import {
  autoScalingClient,
  type GroupHook,
  hooksOfGroup,
  recordHeartbeat,
  type WaitingInstance,
  waitingInstances,
} from '../aws/auto-scaling.ts';
import { DrainInstanceInput } from '../contract/drain-instance.ts';
import { InvalidInput } from '../contract/errors.ts';
import { fromWaitingInstance, mayWaitFor } from '../core/drain/lifecycle-request.ts';
import { isOurHook } from '../core/hooks.ts';
import { SECOND } from '../core/time.ts';
import { type Admission, admit } from '../engine/admission.ts';
import { executionName } from '../engine/names.ts';
import type { ExecutionStatus, WorkflowEngine } from '../engine/workflow-engine.ts';
import type { TriggerEnvironment } from './trigger.ts';

export interface Swept {
  readonly instanceId: string;
  readonly hook: string;
  /** An execution, or why there is none. */
  readonly outcome: Admission['outcome'] | 'running' | 'failed before' | 'not waiting on this hook' | 'not usable';
  readonly executionArn?: string;
  readonly reason?: string;
}

/** A lifecycle action lasts 48 h at most, and its last heartbeat 2 h at most after its execution has failed. */
const LONGEST_ACTION_SECONDS = 50 * 3600;
const MOST_CYCLES = 99;

/** @returns what became of each instance that waits on a hook of ours; nothing of others. */
export async function sweep(environment: TriggerEnvironment): Promise<Swept[]> {
  const { aws, settings, region, engine } = environment;
  const autoScaling = autoScalingClient(aws, region);
  const waiting = await waitingInstances(autoScaling);
  const hooks = new Map<string, GroupHook[]>();
  for (const group of new Set(waiting.map(({ autoScalingGroupName }) => autoScalingGroupName))) {
    hooks.set(group, await hooksOfGroup(autoScaling, group));
  }
  const candidates = waiting.flatMap((instance) =>
    (hooks.get(instance.autoScalingGroupName) ?? [])
      .filter((hook) => isOurHook(hook.name, settings) && mayWaitFor(instance.lifecycleState, hook.transition))
      .map((hook) => ({ instance, hook })),
  );
  if (candidates.length === 0) return [];
  const executions = await readExecutions(engine, environment.now());
  const swept: Swept[] = [];
  for (const { instance, hook } of candidates) {
    const found = await takeUp(instance, hook, executions, environment);
    swept.push({ instanceId: instance.instanceId, hook: hook.name, ...found });
  }
  return swept;
}

type Found = Omit<Swept, 'instanceId' | 'hook'>;

async function takeUp(
  instance: WaitingInstance,
  hook: GroupHook,
  executions: readonly KnownExecution[],
  { aws, engine, region, now }: TriggerEnvironment,
): Promise<Found> {
  const { instanceId, autoScalingGroupName } = instance;
  for (const known of executions.filter(({ name }) => name.startsWith(`drain-instance-${instanceId}-`))) {
    const failedLongAgo = (known.stopDate?.getTime() ?? 0) + hook.heartbeatTimeoutSeconds * SECOND < now();
    if (known.status !== 'RUNNING' && failedLongAgo) continue;
    if ((await hookOf(engine, known.executionArn)) !== hook.name) continue;
    // What failed was announced and left to the hook's default: starting it again would only hold the instance.
    return { outcome: known.status === 'RUNNING' ? 'running' : 'failed before', executionArn: known.executionArn };
  }
  let request: ReturnType<typeof fromWaitingInstance>;
  try {
    request = fromWaitingInstance({ ...instance, hook }, region);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { outcome: 'not usable', reason: error.message };
  }
  // Several hooks hold an instance, and only a heartbeat tells whether the one of this hook is still open.
  const action = { autoScalingGroupName, lifecycleHookName: hook.name } as const;
  const open = await recordHeartbeat(autoScalingClient(aws, region), action, instanceId);
  if (open === 'gone') return { outcome: 'not waiting on this hook' };
  // An instance of a warm pool waits again and again: a success of before is not that of now.
  for (let cycle = 1; cycle <= MOST_CYCLES; cycle += 1) {
    const name = executionName('drain-instance', request.subject, `${request.key} ${cycle}`);
    const { outcome, executionArn } = await admit(engine, { workflow: 'drain-instance', name, input: request.input });
    if (outcome !== 'succeeded') return { outcome, executionArn };
  }
  return { outcome: 'not usable', reason: `it has been swept up ${MOST_CYCLES} times within 90 days` };
}

interface KnownExecution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly stopDate?: Date;
}

/** What runs, and what ended badly and recently enough to be about an action that is still open. */
async function readExecutions(engine: WorkflowEngine, now: number): Promise<KnownExecution[]> {
  const found: KnownExecution[] = [];
  for (const status of ['RUNNING', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const) {
    let nextToken: string | undefined;
    do {
      const page = await engine.list({
        workflow: 'drain-instance',
        status,
        maxResults: 1000,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      found.push(...page.executions);
      const oldest = page.executions.at(-1)?.startDate.getTime() ?? 0;
      const over = status !== 'RUNNING' && oldest < now - LONGEST_ACTION_SECONDS * SECOND;
      nextToken = over ? undefined : page.nextToken;
    } while (nextToken !== undefined);
  }
  return found;
}

async function hookOf(engine: WorkflowEngine, executionArn: string): Promise<string | undefined> {
  const { input } = await engine.describe(executionArn);
  const read = DrainInstanceInput.safeParse(input);
  return read.success ? read.data.lifecycle?.lifecycleHookName : undefined;
}
