/**
 * Finds load balancers and the target groups behind them: by name, by ARN, or by the tags of a Kubernetes ingress or
 * service. Application, Network and Gateway load balancers have target groups; Classic ones have instances themselves.
 */
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AmbiguousTargetGroup, NotFound } from '../contract/errors.ts';
import type { Place } from '../contract/targets.ts';
import { INGRESS_TAGS, isMeant, type KubernetesPlace, SERVICE_TAGS } from '../core/targets/kubernetes.ts';
import type { TargetHealthFacts } from '../core/targets.ts';
import { batches } from './batches.ts';
import { classicElbClient, classicHealth, describeClassic } from './classic-elb.ts';
import type { AwsAccess } from './clients.ts';
import { elbv2Client, targetHealth } from './elbv2.ts';
import { taggedTargetGroups, taggingClient } from './tagging.ts';

export interface LoadBalancerFacts {
  readonly kind: 'application' | 'network' | 'gateway' | 'classic';
  readonly name: string;
  /** Classic load balancers are known by their name alone. */
  readonly arn?: string;
  readonly dnsName?: string;
  readonly vpcId?: string;
}

export interface TargetGroupFacts {
  readonly arn: string;
  readonly name: string;
  readonly targetType: 'instance' | 'ip' | 'lambda' | 'alb';
  /** Where targets are registered that name none; absent for Lambda functions. */
  readonly port?: number;
  readonly protocol?: string;
  readonly vpcId?: string;
  readonly loadBalancerArns: readonly string[];
}

/** Everything that a place may mean. Several of each only where a Kubernetes name allows several readings. */
export interface FoundPlace {
  readonly loadBalancers: readonly LoadBalancerFacts[];
  readonly targetGroups: readonly TargetGroupFacts[];
}

/** One registration in a load balancer. */
export interface RegistrationFacts extends TargetHealthFacts {
  /** Absent in a Classic load balancer. */
  readonly targetGroupArn?: string;
}

const ARNS_AT_MOST = 20;
const NAME_OF_ARN = /:loadbalancer\/(?:(?:app|net|gwy)\/)?([^/]+)/;

/**
 * A load balancer by name or ARN, of any kind.
 * @returns undefined when there is none
 * @throws AmbiguousTargetGroup when a Classic load balancer has the same name as another one: then its ARN is needed
 */
export async function findLoadBalancer(
  access: AwsAccess,
  region: string,
  nameOrArn: string,
): Promise<LoadBalancerFacts | undefined> {
  const isArn = nameOrArn.startsWith('arn:');
  const name = isArn ? (NAME_OF_ARN.exec(nameOrArn)?.[1] ?? nameOrArn) : nameOrArn;
  const isClassicArn = isArn && !/:loadbalancer\/(app|net|gwy)\//.test(nameOrArn);
  const found = isClassicArn ? undefined : await describeV2(elbv2Client(access, region), nameOrArn);
  const classic = isArn && !isClassicArn ? undefined : await describeClassic(classicElbClient(access, region), name);
  if (classic === undefined) return found;
  if (found !== undefined) {
    throw new AmbiguousTargetGroup(
      `${name} is the name of a Classic load balancer and of ${found.arn}: give the ARN of the one that is meant`,
      [found.arn ?? name],
    );
  }
  return {
    kind: 'classic',
    name,
    ...(classic.dnsName === undefined ? {} : { dnsName: classic.dnsName }),
    ...(classic.vpcId === undefined ? {} : { vpcId: classic.vpcId }),
  };
}

async function describeV2(
  elbv2: ElasticLoadBalancingV2Client,
  nameOrArn: string,
): Promise<LoadBalancerFacts | undefined> {
  const by = nameOrArn.startsWith('arn:') ? { LoadBalancerArns: [nameOrArn] } : { Names: [nameOrArn] };
  const answer = await unlessNotFound(() => elbv2.send(new DescribeLoadBalancersCommand(by)));
  const found = answer?.LoadBalancers?.[0];
  if (found === undefined) return undefined;
  return {
    kind: found.Type ?? 'application',
    name: found.LoadBalancerName ?? nameOrArn,
    ...(found.LoadBalancerArn === undefined ? {} : { arn: found.LoadBalancerArn }),
    ...(found.DNSName === undefined ? {} : { dnsName: found.DNSName }),
    ...(found.VpcId === undefined ? {} : { vpcId: found.VpcId }),
  };
}

/** The target groups that a load balancer uses, every page; none for a Classic one. */
export async function targetGroupsOf(
  access: AwsAccess,
  region: string,
  loadBalancer: LoadBalancerFacts,
): Promise<TargetGroupFacts[]> {
  if (loadBalancer.arn === undefined) return [];
  const groups: TargetGroupFacts[] = [];
  const pages = paginateDescribeTargetGroups(
    { client: elbv2Client(access, region), pageSize: 400 },
    { LoadBalancerArn: loadBalancer.arn },
  );
  for await (const page of pages) groups.push(...(page.TargetGroups ?? []).map(groupFacts));
  return groups;
}

/** @throws NotFound when one of them does not exist */
export async function findTargetGroups(
  access: AwsAccess,
  region: string,
  namesOrArns: readonly string[],
): Promise<TargetGroupFacts[]> {
  const arns = namesOrArns.filter((one) => one.startsWith('arn:'));
  const names = namesOrArns.filter((one) => !one.startsWith('arn:'));
  const elbv2 = elbv2Client(access, region);
  const asked = [
    ...batches(arns, ARNS_AT_MOST).map((TargetGroupArns) => ({ TargetGroupArns })),
    ...batches(names, ARNS_AT_MOST).map((Names) => ({ Names })),
  ];
  const groups: TargetGroupFacts[] = [];
  for (const by of asked) {
    const answer = await elbv2.send(new DescribeTargetGroupsCommand(by));
    groups.push(...(answer.TargetGroups ?? []).map(groupFacts));
  }
  return groups;
}

function groupFacts(group: TargetGroup): TargetGroupFacts {
  return {
    arn: group.TargetGroupArn ?? '',
    name: group.TargetGroupName ?? '',
    targetType: group.TargetType ?? 'instance',
    ...(group.Port === undefined ? {} : { port: group.Port }),
    ...(group.Protocol === undefined ? {} : { protocol: group.Protocol }),
    ...(group.VpcId === undefined ? {} : { vpcId: group.VpcId }),
    loadBalancerArns: group.LoadBalancerArns ?? [],
  };
}

/**
 * Everything that a place may mean.
 * @throws NotFound when a named load balancer or target group does not exist, or no tag matches
 */
export async function findPlace(access: AwsAccess, region: string, place: Place): Promise<FoundPlace> {
  const { loadBalancer: named, targetGroups: arns, namespace } = place;
  if (namespace !== undefined) {
    return { loadBalancers: [], targetGroups: await findByTags(access, region, { ...place, namespace }) };
  }
  if (named === undefined) {
    return { loadBalancers: [], targetGroups: await findTargetGroups(access, region, arns ?? []) };
  }
  const loadBalancer = await findLoadBalancer(access, region, named);
  if (loadBalancer === undefined) throw new NotFound(`there is no load balancer ${named} in ${region}`);
  const groups = await targetGroupsOf(access, region, loadBalancer);
  const foreign = (arns ?? []).filter((arn) => !groups.some((group) => group.arn === arn));
  if (foreign.length > 0) throw new NotFound(`${foreign.join(', ')} is no target group of ${named}`);
  return {
    loadBalancers: [loadBalancer],
    targetGroups: arns === undefined ? groups : groups.filter(({ arn }) => arns.includes(arn)),
  };
}

/**
 * The target groups of a Kubernetes ingress or service, by tags alone.
 * @throws NotFound when no tag matches: the name is wrong, or its controller writes other tags
 */
export async function findByTags(
  access: AwsAccess,
  region: string,
  place: KubernetesPlace,
): Promise<TargetGroupFacts[]> {
  const tagging = taggingClient(access, region);
  const arns = new Set<string>();
  // The resource tag is on every target group of an ingress, so asking for it finds those of the stack tag, too.
  for (const { resource } of INGRESS_TAGS) {
    for (const { arn, tags } of await taggedTargetGroups(tagging, resource)) if (isMeant(place, tags)) arns.add(arn);
  }
  if (place.ingress === undefined) {
    for (const { stack } of SERVICE_TAGS) {
      const groups = await taggedTargetGroups(tagging, stack, `${place.namespace}/${place.service}`);
      for (const { arn, tags } of groups) if (isMeant(place, tags)) arns.add(arn);
    }
  }
  if (arns.size === 0) {
    const what = place.ingress === undefined ? `service ${place.service}` : `ingress ${place.ingress}`;
    const within = place.cluster === undefined ? region : `cluster ${place.cluster} in ${region}`;
    throw new NotFound(`no target group carries the tags of ${what} in namespace ${place.namespace}, ${within}`);
  }
  return findExisting(access, region, [...arns]);
}

/** The Tagging API still names what has been deleted a while ago; then a batch fails for all. */
async function findExisting(access: AwsAccess, region: string, arns: readonly string[]): Promise<TargetGroupFacts[]> {
  const groups: TargetGroupFacts[] = [];
  for (const batch of batches(arns, ARNS_AT_MOST)) {
    const found = await unlessNotFound(() => findTargetGroups(access, region, batch));
    if (found !== undefined) groups.push(...found);
    else
      for (const arn of batch)
        groups.push(...((await unlessNotFound(() => findTargetGroups(access, region, [arn]))) ?? []));
  }
  return groups;
}

async function unlessNotFound<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Every registration in a load balancer: of all its target groups, or of the Classic one itself. */
export async function listTargets(
  access: AwsAccess,
  region: string,
  loadBalancer: LoadBalancerFacts,
  groups: readonly TargetGroupFacts[],
): Promise<RegistrationFacts[]> {
  if (loadBalancer.kind === 'classic') return classicHealth(classicElbClient(access, region), loadBalancer.name);
  const found: RegistrationFacts[] = [];
  for (const { arn: targetGroupArn, targetType } of groups) {
    if (targetType === 'lambda') continue;
    const targets = await targetHealth(elbv2Client(access, region), targetGroupArn);
    found.push(...targets.map((target) => ({ ...target, targetGroupArn })));
  }
  return found;
}
