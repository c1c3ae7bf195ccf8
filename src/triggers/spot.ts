/** From EC2's warnings that spot capacity is about to be taken to executions of `drain-instance`. */
import { autoScalingClient, groupOfInstance, hooksOfGroup } from '../aws/auto-scaling.ts';
import { describeInstance, ec2Client } from '../aws/ec2.ts';
import { TERMINATING } from '../contract/drain-instance.ts';
import { INTERRUPTION, SpotEvent } from '../contract/events.ts';
import { parse } from '../contract/parse.ts';
import { isOurHook } from '../core/hooks.ts';
import { iso, millis, SECOND } from '../core/time.ts';
import { admit } from '../engine/admission.ts';
import { executionName } from '../engine/names.ts';
import type { Taken } from './lifecycle.ts';
import type { TriggerEnvironment } from './trigger.ts';

const NOTICE_SECONDS = 120;
const OUR_TAG = 'sluice:';

/**
 * Only instances that are ours are drained: those of a group with a terminate hook of ours, and those with a `sluice:` tag.
 * @throws InvalidInput @throws Throttled @throws Unavailable
 */
export async function takeSpotEvent(document: unknown, environment: TriggerEnvironment): Promise<Taken> {
  const event = parse(SpotEvent, document, 'the event');
  const { region, time } = event;
  const instanceId = event.detail['instance-id'];
  if (!(await isOurs(region, instanceId, environment))) {
    return { ignored: `${instanceId} is in no group with a hook of ours, and has no ${OUR_TAG} tag` };
  }
  // A rebalance recommendation names no time: the instance may stay for hours.
  const interruption =
    event['detail-type'] === INTERRUPTION ? { interruptionAt: iso(millis(time) + NOTICE_SECONDS * SECOND) } : {};
  return admit(environment.engine, {
    workflow: 'drain-instance',
    name: executionName('drain-instance', instanceId, `${event['detail-type']} ${instanceId} ${time}`),
    input: { region, instanceId, ...interruption, requestedBy: event['detail-type'] },
  });
}

async function isOurs(region: string, instanceId: string, { aws, settings }: TriggerEnvironment): Promise<boolean> {
  const autoScaling = autoScalingClient(aws, region);
  const group = await groupOfInstance(autoScaling, instanceId);
  const hooks = group === undefined ? [] : await hooksOfGroup(autoScaling, group);
  if (hooks.some(({ name, transition }) => transition === TERMINATING && isOurHook(name, settings))) return true;
  const instance = await describeInstance(ec2Client(aws, region), instanceId);
  return (instance?.Tags ?? []).some(({ Key }) => Key?.startsWith(OUR_TAG) === true);
}
