/** In which ECS cluster an EC2 instance is. */
import type { Instance } from '@aws-sdk/client-ec2';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { batches } from '../../../src/aws/batches.ts';
import { type ContainerInstanceFacts, findContainerInstance, listClusters } from '../../../src/aws/ecs.ts';
import { NotFound } from '../../../src/contract/errors.ts';

export interface Membership extends ContainerInstanceFacts {
  readonly cluster: string;
}

const ASKED_AT_ONCE = 5;
/** The form of Name tag by which ecs-lifecycle-hook knew the cluster. */
const NAME_TAG = /^(\S+) ECS host$/;

export function clusterByTag(instance: Instance | undefined): string | undefined {
  const tag = (key: string) => instance?.Tags?.find(({ Key }) => Key === key)?.Value;
  return tag('sluice:cluster') ?? NAME_TAG.exec(tag('Name') ?? '')?.[1];
}

/**
 * The named cluster first, then the tagged one, then all: a name that is out of date must not make a drain end early.
 * @param notBefore ms: what other executions of this process have been told since then will do
 * @throws NotFound when the cluster that the input names does not exist
 */
export async function findMembership(
  ecs: ECSClient,
  instanceId: string,
  named: string | undefined,
  tagged: string | undefined,
  notBefore?: number,
): Promise<Membership | undefined> {
  if (named !== undefined) {
    const found = await findContainerInstance(ecs, named, instanceId, notBefore);
    if (found !== undefined) return { cluster: named, ...found };
  }
  if (tagged !== undefined && tagged !== named) {
    const found = await findWhereItExists(ecs, tagged, instanceId, notBefore);
    if (found !== undefined) return { cluster: tagged, ...found };
  }
  const asked = new Set([named, tagged]);
  const clusters = (await listClusters(ecs)).filter(
    (arn) => !asked.has(arn) && !asked.has(arn.slice(arn.lastIndexOf('/') + 1)),
  );
  for (const batch of batches(clusters, ASKED_AT_ONCE)) {
    const answers = await Promise.all(batch.map((cluster) => findWhereItExists(ecs, cluster, instanceId, notBefore)));
    for (const [index, found] of answers.entries()) {
      const cluster = batch[index];
      if (found !== undefined && cluster !== undefined) return { cluster, ...found };
    }
  }
  return undefined;
}

async function findWhereItExists(ecs: ECSClient, cluster: string, instanceId: string, notBefore?: number) {
  try {
    return await findContainerInstance(ecs, cluster, instanceId, notBefore);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
