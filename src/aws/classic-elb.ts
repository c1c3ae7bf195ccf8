/** Elastic Load Balancing's first version: Classic load balancers, which have instances instead of target groups. */
import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeInstanceHealthCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
  type InstanceState,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import type { TargetHealthFacts } from '../core/targets.ts';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

export const classicElbClient = clientFactory(ElasticLoadBalancingClient);

function isUnknown(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'AccessPointNotFoundException' || code === 'LoadBalancerNotFound';
}

/** @returns its VPC, if it is in one; undefined when there is no Classic load balancer of this name */
export async function describeClassic(
  elb: ElasticLoadBalancingClient,
  name: string,
): Promise<{ vpcId: string | undefined; dnsName: string | undefined } | undefined> {
  try {
    const answer = await elb.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: [name] }));
    const found = answer.LoadBalancerDescriptions?.[0];
    return found === undefined ? undefined : { vpcId: found.VPCId, dnsName: found.DNSName };
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

/**
 * Instances in the load balancer, in the words of the second version: what it calls InService may be draining. Classic
 * registrations have no port; it is 0. None when the load balancer has been deleted.
 * @param instanceIds asked for by their ids, they are answered for even when they are registered no more; all that are
 * registered when absent
 */
export async function classicHealth(
  elb: ElasticLoadBalancingClient,
  name: string,
  instanceIds?: readonly string[],
): Promise<TargetHealthFacts[]> {
  const Instances = instanceIds?.map((InstanceId) => ({ InstanceId }));
  try {
    const answer = await elb.send(
      new DescribeInstanceHealthCommand({ LoadBalancerName: name, ...(Instances === undefined ? {} : { Instances }) }),
    );
    return (answer.InstanceStates ?? []).map(asTarget);
  } catch (error) {
    if (isUnknown(error)) return [];
    if (!isUnknownInstance(error) || instanceIds === undefined) throw error;
    if (instanceIds.length <= 1) return [];
    const each = await Promise.all(instanceIds.map((id) => classicHealth(elb, name, [id])));
    return each.flat();
  }
}

/** One of the ids is no instance (any more); the call then fails for all. */
function isUnknownInstance(error: unknown): boolean {
  return /^(InvalidInstance|InvalidEndPointException)$/.test(codeOf(error));
}

function asTarget(instance: InstanceState): TargetHealthFacts {
  const target = { id: instance.InstanceId ?? '', port: 0 };
  const text = instance.Description ?? '';
  if (/deregistration (is )?(currently )?in progress/i.test(text)) return { ...target, state: 'draining' };
  if (instance.State === 'InService') return { ...target, state: 'healthy' };
  if (/not currently registered/i.test(text)) return { ...target, state: 'unused', reason: 'Target.NotRegistered' };
  if (/registration is still in progress/i.test(text)) return { ...target, state: 'initial' };
  if (/(stopped|terminated) state/i.test(text)) return { ...target, state: 'unused', reason: 'Target.InvalidState' };
  if (/zone for which/i.test(text)) {
    return { ...target, state: 'unused', reason: 'Target.NotInUse' };
  }
  return { ...target, state: instance.State === 'OutOfService' ? 'unhealthy' : 'unknown' };
}

/** @returns seconds; 0 where connection draining is off */
export async function connectionDrainingSeconds(elb: ElasticLoadBalancingClient, name: string): Promise<number> {
  const answer = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: name }));
  const draining = answer.LoadBalancerAttributes?.ConnectionDraining;
  return draining?.Enabled === true ? (draining.Timeout ?? 300) : 0;
}

export async function registerInClassic(
  elb: ElasticLoadBalancingClient,
  name: string,
  instanceIds: readonly string[],
): Promise<void> {
  const Instances = instanceIds.map((InstanceId) => ({ InstanceId }));
  await elb.send(new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: name, Instances }));
}

/** @returns `absent` when the load balancer, or the instance in it, has gone meanwhile */
export async function deregisterFromClassic(
  elb: ElasticLoadBalancingClient,
  name: string,
  instanceIds: readonly string[],
): Promise<'accepted' | 'absent'> {
  const Instances = instanceIds.map((InstanceId) => ({ InstanceId }));
  try {
    await elb.send(new DeregisterInstancesFromLoadBalancerCommand({ LoadBalancerName: name, Instances }));
    return 'accepted';
  } catch (error) {
    if (isUnknown(error) || isUnknownInstance(error)) return 'absent';
    throw error;
  }
}
