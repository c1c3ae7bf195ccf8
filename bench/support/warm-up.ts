/**
 * The SDK's clients load parts of themselves at their first call. That takes real time, in which virtual time would pass:
 * so each makes a call before any clock is moved by hand, and every run is like the others.
 */
import { attachedTargetGroups, autoScalingClient } from '../../src/aws/auto-scaling.ts';
import { describeInstances, ec2Client } from '../../src/aws/ec2.ts';
import { ecsClient, listClusters } from '../../src/aws/ecs.ts';
import { elbv2Client, pageOfTargetGroups } from '../../src/aws/elbv2.ts';
import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { taggedTargetGroups, taggingClient } from '../../src/aws/tagging.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

let warm: Promise<void> | undefined;

/** Once in a process, with the process's own clock. */
export function warmUp(): Promise<void> {
  warm ??= callEach();
  return warm;
}

async function callEach(): Promise<void> {
  const model = new SimulatedRegion();
  const { region, requestHandler, credentials, endpoint } = model.clientConfig();
  const access = { requestHandler, credentials, endpoint };
  await listClusters(ecsClient(access, region));
  await describeInstances(ec2Client(access, region), [model.ec2.launch()]);
  await pageOfTargetGroups(elbv2Client(access, region), 1, undefined);
  await attachedTargetGroups(autoScalingClient(access, region), 'none');
  await taggedTargetGroups(taggingClient(access, region), 'none');
  await putEvent(eventBridgeClient(access, region), 'default', { detailType: 'warm-up', resources: [], detail: {} });
}
