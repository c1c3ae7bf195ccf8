import { ec2Client } from '../../src/aws/ec2.ts';
import { readInstances } from '../../src/aws/termination-facts.ts';
import { TerminationData } from '../../src/contract/termination-data.ts';
import { afterRequests, isOpen, readyToTerminate } from '../../src/core/termination/progress.ts';
import { step } from '../../src/lambda/step.ts';
import { requestTermination } from './gather/terminations.ts';

const BUDGET_SECONDS = 20;

/** The one step that cannot be undone: the time, the deadline and the guards are checked again first. */
export const handler = step(
  TerminationData,
  async (data, environment) => {
    const { aws, settings, now, random } = environment;
    const open = data.progress.instances.filter(isOpen).map(({ id }) => id);
    const facts = await readInstances(ec2Client(aws, data.plan.region), open);
    const { progress, ready } = readyToTerminate(data, facts, settings, now());
    const requested = await requestTermination(data.plan, ready, facts, environment);
    return afterRequests(data.plan, progress, requested, now(), random());
  },
  () => BUDGET_SECONDS,
);
