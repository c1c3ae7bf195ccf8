/** Elastic Load Balancing v2: target groups and the targets in them. */
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { NotFound, Rejected } from '../contract/errors.ts';
import type { TargetHealthFacts } from '../core/targets.ts';
import { clientFactory, sharedWithin } from './clients.ts';
import { Batchers } from './pacing/batcher.ts';

export const elbv2Client = clientFactory(ElasticLoadBalancingV2Client);

const STANDARD_DELAY_SECONDS = 300;
/** Of each target group: there are ten calls a second for the whole account. */
const PAUSE_MS = 1_000;
const CHANGE_PAUSE_MS = 500;
const DEREGISTER_AT_ONCE = 100;
const DELAY_KEPT_MS = 60_000;

/** What executions of one process ask together: of each target group by itself. */
const shared = sharedWithin((elbv2: ElasticLoadBalancingV2Client) => ({
  health: new Batchers<'', TargetHealthFacts[]>((arn) => ({
    most: 1,
    pauseMs: PAUSE_MS,
    ask: async () => new Map([['', await healthAlone(elbv2, arn)]]),
  })),
  delays: new Batchers<'', number>((arn) => ({
    most: 1,
    pauseMs: PAUSE_MS,
    ask: async () => new Map([['', await delayAlone(elbv2, arn)]]),
  })),
  /** The latest delays, which only say when to look. */
  knownDelays: new Map<string, { readonly at: number; readonly seconds: number }>(),
  deregistrations: new Batchers<string, 'accepted' | 'absent'>((arn) => ({
    most: DEREGISTER_AT_ONCE,
    pauseMs: CHANGE_PAUSE_MS,
    oneByOne: (error) => error instanceof Rejected,
    async ask(keys) {
      const outcome = await deregisterAlone(elbv2, arn, keys.map(targetOf));
      return new Map(keys.map((key) => [key, outcome]));
    },
  })),
}));

function targetOf(key: string): { readonly id: string; readonly port: number } {
  const colon = key.lastIndexOf(':');
  return { id: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
}

/** One page of the region's target groups. @returns their ARNs, and the marker of the next page */
export async function pageOfTargetGroups(
  elbv2: ElasticLoadBalancingV2Client,
  pageSize: number,
  marker: string | undefined,
): Promise<{ arns: string[]; marker: string | undefined }> {
  const page = await elbv2.send(
    new DescribeTargetGroupsCommand({ PageSize: pageSize, ...(marker === undefined ? {} : { Marker: marker }) }),
  );
  return {
    arns: (page.TargetGroups ?? []).flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []),
    marker: page.NextMarker,
  };
}

/** @returns every registration in the group; none when the group has been deleted */
export async function targetHealth(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<TargetHealthFacts[]> {
  const together = shared(elbv2)?.health;
  return together === undefined ? healthAlone(elbv2, targetGroupArn) : ((await together.get(targetGroupArn, '')) ?? []);
}

async function healthAlone(elbv2: ElasticLoadBalancingV2Client, targetGroupArn: string): Promise<TargetHealthFacts[]> {
  try {
    const answer = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    return (answer.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth }) => ({
      id: Target?.Id ?? '',
      port: Target?.Port ?? 0,
      state: TargetHealth?.State ?? 'unknown',
      reason: TargetHealth?.Reason,
    }));
  } catch (error) {
    if (error instanceof NotFound) return [];
    throw error;
  }
}

/** @returns seconds */
export async function deregistrationDelay(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<number> {
  const together = shared(elbv2);
  if (together === undefined) return delayAlone(elbv2, targetGroupArn);
  const known = together.knownDelays.get(targetGroupArn);
  if (known !== undefined && Date.now() - known.at < DELAY_KEPT_MS) return known.seconds;
  const seconds = (await together.delays.get(targetGroupArn, '')) ?? STANDARD_DELAY_SECONDS;
  together.knownDelays.set(targetGroupArn, { at: Date.now(), seconds });
  return seconds;
}

async function delayAlone(elbv2: ElasticLoadBalancingV2Client, targetGroupArn: string): Promise<number> {
  const answer = await elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }));
  const value = answer.Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
  return value === undefined ? STANDARD_DELAY_SECONDS : Number(value);
}

/** @throws Rejected for a target that the group cannot take: a stopped instance, another VPC */
export async function registerTargets(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  targets: readonly { readonly id: string; readonly port: number; readonly availabilityZone?: string | undefined }[],
): Promise<void> {
  await elbv2.send(
    new RegisterTargetsCommand({
      TargetGroupArn: targetGroupArn,
      Targets: targets.map(({ id, port, availabilityZone }) => ({
        Id: id,
        Port: port,
        ...(availabilityZone === undefined ? {} : { AvailabilityZone: availabilityZone }),
      })),
    }),
  );
}

/** @returns `absent` when the group, or the target in it, has gone meanwhile */
export async function deregisterTargets(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  targets: readonly { readonly id: string; readonly port: number }[],
): Promise<'accepted' | 'absent'> {
  const together = shared(elbv2)?.deregistrations;
  if (together === undefined) return deregisterAlone(elbv2, targetGroupArn, targets);
  const outcomes = await Promise.all(targets.map(({ id, port }) => together.get(targetGroupArn, `${id}:${port}`)));
  return outcomes.includes('accepted') ? 'accepted' : 'absent';
}

async function deregisterAlone(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  targets: readonly { readonly id: string; readonly port: number }[],
): Promise<'accepted' | 'absent'> {
  try {
    await elbv2.send(
      new DeregisterTargetsCommand({
        TargetGroupArn: targetGroupArn,
        Targets: targets.map(({ id, port }) => ({ Id: id, Port: port })),
      }),
    );
    return 'accepted';
  } catch (error) {
    if (error instanceof NotFound) return 'absent';
    throw error;
  }
}
