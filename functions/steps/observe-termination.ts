import { ec2Client } from '../../src/aws/ec2.ts';
import { readInstances } from '../../src/aws/termination-facts.ts';
import { TerminationData } from '../../src/contract/termination-data.ts';
import { decideTermination, isOpen } from '../../src/core/termination/progress.ts';
import { step } from '../../src/lambda/step.ts';

/** Sees the terminations through: the end is that EC2 says terminated. */
export const handler = step(TerminationData, async (data, { aws, now, random }) => {
  const open = data.progress.instances.filter(isOpen).map(({ id }) => id);
  const facts = await readInstances(ec2Client(aws, data.plan.region), open);
  return decideTermination(data, facts, now(), random());
});
