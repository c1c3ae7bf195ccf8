/** What EC2 says of instances that are to be terminated. */
import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { type InstanceFacts, isGoing } from '../core/termination/admission.ts';
import { allAddresses, describeInstances, isProtected } from './ec2.ts';

/** EC2 gives 100 calls at once and 20 a second; the rest is for others. */
const AT_ONCE = 80;
const PER_SECOND = 15;
const TOGETHER = 10;

/** What EC2 says of those instances that it knows, but for their protection. */
export async function readInstances(ec2: EC2Client, instanceIds: readonly string[]): Promise<InstanceFacts[]> {
  return (await describeInstances(ec2, instanceIds)).map(instanceFacts);
}

function instanceFacts(instance: Instance): InstanceFacts {
  return {
    instanceId: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    addresses: allAddresses(instance),
    tags: Object.fromEntries((instance.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
  };
}

/** One call for each instance that still stands, at a pace that leaves EC2's calls to others, too. */
export async function withProtection(ec2: EC2Client, facts: readonly InstanceFacts[]): Promise<InstanceFacts[]> {
  const checked: InstanceFacts[] = [];
  for (let start = 0; start < facts.length; start += TOGETHER) {
    if (start >= AT_ONCE) await new Promise<void>((resolve) => setTimeout(resolve, (TOGETHER / PER_SECOND) * 1000));
    const batch = facts.slice(start, start + TOGETHER);
    const answers = await Promise.all(
      batch.map(async (found) => {
        if (isGoing(found)) return found;
        const shielded = await isProtected(ec2, found.instanceId);
        return shielded === undefined ? found : { ...found, protected: shielded };
      }),
    );
    checked.push(...answers);
  }
  return checked;
}
