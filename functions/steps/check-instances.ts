import { ec2Client } from '../../src/aws/ec2.ts';
import { readInstances, withProtection } from '../../src/aws/termination-facts.ts';
import { TerminationData } from '../../src/contract/termination-data.ts';
import { decideAdmission, instancesToCheck } from '../../src/core/termination/check.ts';
import { step } from '../../src/lambda/step.ts';

const BUDGET_SECONDS = 20;

/** Whether all may be terminated; nothing has been accepted by anybody where the execution was started by hand. */
export const handler = step(
  TerminationData,
  async (data, { aws, settings, now }) => {
    const ec2 = ec2Client(aws, data.plan.region);
    const facts = await readInstances(
      ec2,
      data.progress.instances.map(({ id }) => id),
    );
    const wanted = new Set(instancesToCheck(data));
    const checked = await withProtection(
      ec2,
      facts.filter(({ instanceId }) => wanted.has(instanceId)),
    );
    const others = facts.filter(({ instanceId }) => !wanted.has(instanceId));
    return decideAdmission(data, [...checked, ...others], settings, now());
  },
  () => BUDGET_SECONDS,
);
