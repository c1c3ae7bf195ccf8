import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeInstanceHealthCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import { expect, test } from '@jest/globals';
import type { ClassicSpec } from '../../src/simulated-region/classic-elb.ts';
import { virtualRegion } from './virtual-region.ts';

function classic(spec: Partial<ClassicSpec> = {}) {
  const virtual = virtualRegion();
  virtual.region.classicElb.create({ name: 'old', ...spec });
  const elb = new ElasticLoadBalancingClient(virtual.region.clientConfig());
  const id = virtual.region.ec2.launch();
  virtual.region.traffic.startProcess(id, 80);
  const named = { LoadBalancerName: 'old', Instances: [{ InstanceId: id }] };
  return {
    ...virtual,
    elb,
    id,
    register: () => elb.send(new RegisterInstancesWithLoadBalancerCommand(named)),
    deregister: () => elb.send(new DeregisterInstancesFromLoadBalancerCommand(named)),
    health: async (asked: boolean) => {
      const { InstanceStates } = await elb.send(
        new DescribeInstanceHealthCommand(asked ? named : { LoadBalancerName: 'old' }),
      );
      return InstanceStates?.map(({ State, Description }) => `${State}: ${Description}`);
    },
  };
}

test('an instance is out of service until it has passed its health checks', async () => {
  const { register, health, pass } = classic({ healthyThreshold: 2, healthCheckIntervalSeconds: 10 });
  await register();
  expect(await health(false)).toEqual(['OutOfService: Instance registration is still in progress.']);
  await pass(21);
  expect(await health(false)).toEqual(['InService: N/A']);
});

test('while it drains it is called InService and is listed no more; then it is not registered', async () => {
  const { elb, register, deregister, health, pass } = classic({
    healthyThreshold: 1,
    connectionDrainingSeconds: 300,
    inFlightSeconds: 40,
  });
  await register();
  await pass(31);
  expect((await deregister()).Instances).toEqual([]);
  expect(await health(true)).toEqual(['InService: Instance deregistration currently in progress.']);
  const { LoadBalancerDescriptions } = await elb.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: ['old'] }));
  expect(LoadBalancerDescriptions?.[0]?.Instances ?? []).toEqual([]);
  await pass(41);
  expect(await health(true)).toEqual(['OutOfService: Instance is not currently registered with the LoadBalancer.']);
  expect((await health(false)) ?? []).toEqual([]);
});

test('without connection draining it goes at once', async () => {
  const { elb, register, deregister, health, pass } = classic({ healthyThreshold: 1 });
  const { LoadBalancerAttributes } = await elb.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: 'old' }),
  );
  expect(LoadBalancerAttributes?.ConnectionDraining?.Enabled).toBe(false);
  await register();
  await pass(31);
  await deregister();
  expect((await health(false)) ?? []).toEqual([]);
});

test('a stopped instance is told, a terminated one is deregistered', async () => {
  const { register, health, pass, region, id } = classic({ healthyThreshold: 1 });
  await register();
  await pass(31);
  region.ec2.stop(id);
  await pass(60);
  expect(await health(false)).toEqual(['OutOfService: Instance is in stopped state.']);
  region.ec2.terminate(id);
  await pass(120);
  expect((await health(false)) ?? []).toEqual([]);
});

test('what does not exist is refused in the words of the first version', async () => {
  const { elb } = classic();
  const unknown = elb.send(new DescribeInstanceHealthCommand({ LoadBalancerName: 'none' }));
  await expect(unknown).rejects.toMatchObject({ name: 'AccessPointNotFoundException' });
  const Instances = [{ InstanceId: 'i-0123456789abcdef0' }];
  const invalid = elb.send(new DescribeInstanceHealthCommand({ LoadBalancerName: 'old', Instances }));
  await expect(invalid).rejects.toMatchObject({ name: 'InvalidEndPointException' });
});
