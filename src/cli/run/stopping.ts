/** Stopping by hand: the execution first, so that nothing acts any more; then what was asked for its lifecycle action. */
import { autoScalingClient, completeLifecycleAction } from '../../aws/auto-scaling.ts';
import { type AwsAccess, withinBudget } from '../../aws/clients.ts';
import { DrainInstanceInput } from '../../contract/drain-instance.ts';
import type { WorkflowEngine } from '../../engine/workflow-engine.ts';
import type { LifecycleLeft } from './outcome.ts';

export const LIFECYCLE_POLICIES = ['leave', 'continue', 'abandon'] as const;
export type LifecyclePolicy = (typeof LIFECYCLE_POLICIES)[number];

/** Somebody is waiting at a terminal. */
const BUDGET_MS = 20_000;

/** @returns what became of the lifecycle action. @throws Throttled @throws Unavailable when it could not be completed */
export async function stopByHand(
  engine: WorkflowEngine,
  executionArn: string,
  policy: LifecyclePolicy,
  access: AwsAccess,
  cause: string,
): Promise<LifecycleLeft> {
  await engine.stop(executionArn, { error: 'Stopped', cause });
  const { input, status } = await engine.describe(executionArn);
  const parsed = DrainInstanceInput.safeParse(input);
  // It may have ended by itself a moment before: then it has done what it does with the action.
  if (status !== 'ABORTED' || !parsed.success || parsed.data.lifecycle === undefined || parsed.data.dryRun)
    return 'none';
  if (policy === 'leave') return 'left';
  const { region, instanceId, lifecycle } = parsed.data;
  const result = policy === 'continue' ? 'CONTINUE' : 'ABANDON';
  const answer = await withinBudget(BUDGET_MS, () =>
    completeLifecycleAction(autoScalingClient(access, region), lifecycle, instanceId, result),
  );
  if (answer === 'gone') return 'gone';
  return policy === 'continue' ? 'continued' : 'abandoned';
}
