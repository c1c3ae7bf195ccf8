/** Asks for terminations: many in a call, one by one where that failed, or by way of the Auto Scaling group. */
import { autoScalingClient, lifecycleStates, terminateInGroup } from '../../../src/aws/auto-scaling.ts';
import { batches } from '../../../src/aws/batches.ts';
import { ec2Client, terminateInstance, terminateInstances } from '../../../src/aws/ec2.ts';
import { Rejected } from '../../../src/contract/errors.ts';
import type { InstanceRecord, TerminationPlan } from '../../../src/contract/termination-data.ts';
import { type InstanceFacts, isGoing } from '../../../src/core/termination/admission.ts';
import { ALONE_AT_A_TIME, type Requested } from '../../../src/core/termination/progress.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

const IN_A_CALL = 100;
const IN_GROUPS_AT_A_TIME = 20;

type Answer = Requested extends ReadonlyMap<string, infer V> ? V : never;

export async function requestTermination(
  plan: TerminationPlan,
  ready: readonly InstanceRecord[],
  facts: readonly InstanceFacts[],
  environment: Pick<StepEnvironment, 'aws'>,
): Promise<Requested> {
  const going = new Set(facts.filter(isGoing).map(({ instanceId }) => instanceId));
  const answers = new Map<string, Answer>();
  for (const { id } of ready) if (going.has(id)) answers.set(id, 'requested');
  const standing = ready.filter(({ id }) => !going.has(id));
  const rest = plan.decrementDesiredCapacity ? await inGroups(plan, standing, answers, environment) : standing;
  const ec2 = ec2Client(environment.aws, plan.region);
  const together = rest.filter(({ alone }) => alone !== true).map(({ id }) => id);
  for (const batch of batches(together, IN_A_CALL)) {
    const answer = await all(() => terminateInstances(ec2, batch));
    for (const id of batch) answers.set(id, answer);
  }
  for (const { id } of rest.filter(({ alone }) => alone === true).slice(0, ALONE_AT_A_TIME)) {
    const answer = await terminateInstance(ec2, id);
    answers.set(id, answer === 'terminating' ? 'requested' : answer);
  }
  return answers;
}

/** One bad or protected instance fails a call for many; some of them may be terminating nevertheless. */
async function all(ask: () => Promise<void>): Promise<'requested' | 'alone'> {
  try {
    await ask();
    return 'requested';
  } catch (error) {
    if (error instanceof Rejected) return 'alone';
    throw error;
  }
}

/** @returns those that are in no group, and are left to EC2 */
async function inGroups(
  { region }: TerminationPlan,
  instances: readonly InstanceRecord[],
  answers: Map<string, Answer>,
  { aws }: Pick<StepEnvironment, 'aws'>,
): Promise<InstanceRecord[]> {
  const autoScaling = autoScalingClient(aws, region);
  const now = instances.slice(0, IN_GROUPS_AT_A_TIME);
  const states = await lifecycleStates(
    autoScaling,
    now.map(({ id }) => id),
  );
  const none: InstanceRecord[] = [];
  for (const instance of now) {
    // It is on its way already: a second call would lower the desired capacity once more.
    const leaving = states.get(instance.id)?.startsWith('Terminating') === true;
    const answer = leaving ? 'terminating' : await terminateInGroup(autoScaling, instance.id);
    if (answer === 'in no group') none.push(instance);
    else answers.set(instance.id, answer === 'terminating' ? 'in group' : answer);
  }
  return none;
}
