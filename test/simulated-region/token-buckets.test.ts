import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { ECSClient, ListContainerInstancesCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

let clock: ReturnType<typeof install>;

beforeEach(() => {
  clock = install({ now: Date.UTC(2026, 0, 2), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  clock.uninstall();
});

/** How many of so many calls pass, and the name of the first refusal. */
async function passed(count: number, call: () => Promise<unknown>): Promise<{ ok: number; refusal?: string }> {
  let ok = 0;
  let refusal: string | undefined;
  for (let index = 0; index < count; index += 1) {
    await call().then(
      () => {
        ok += 1;
      },
      (error: Error) => {
        refusal ??= error.name;
      },
    );
  }
  return refusal === undefined ? { ok } : { ok, refusal };
}

test('a bucket holds its burst, refills by the clock, and never overflows', async () => {
  const region = new SimulatedRegion({ enforceBuckets: true });
  const client = new ElasticLoadBalancingV2Client({ ...region.clientConfig(), maxAttempts: 1 });
  const call = () => client.send(new DescribeLoadBalancersCommand({}));
  expect(await passed(60, call)).toEqual({ ok: 40, refusal: 'Throttling' });
  await clock.tickAsync(1500);
  expect((await passed(60, call)).ok).toBe(15);
  await clock.tickAsync(3_600_000);
  expect((await passed(60, call)).ok).toBe(40);
  expect(region.buckets.refusals).toBe(20 + 45 + 20);
});

test('ECS lists share one bucket', async () => {
  const region = new SimulatedRegion({ enforceBuckets: true });
  region.ecs.createCluster('c');
  const client = new ECSClient({ ...region.clientConfig(), maxAttempts: 1 });
  expect((await passed(60, () => client.send(new ListTasksCommand({ cluster: 'c' })))).ok).toBe(60);
  expect(await passed(60, () => client.send(new ListContainerInstancesCommand({ cluster: 'c' })))).toEqual({
    ok: 40,
    refusal: 'ThrottlingException',
  });
});

test('TerminateInstances pays for the call and for each instance, and a refusal takes nothing', async () => {
  const region = new SimulatedRegion({ enforceBuckets: true });
  const ids = Array.from({ length: 600 }, () => region.ec2.launch());
  const client = new EC2Client({ ...region.clientConfig(), maxAttempts: 1 });
  const terminate = () => client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
  expect(await passed(2, terminate)).toEqual({ ok: 1, refusal: 'RequestLimitExceeded' });
  expect(region.buckets.level('ec2-terminate-instances')).toBe(99);
  expect(region.buckets.level('ec2-terminate-instances-resources')).toBe(400);
});

test('DescribeInstances pays from another bucket when it is filtered', async () => {
  const region = new SimulatedRegion({ enforceBuckets: true });
  const client = new EC2Client({ ...region.clientConfig(), maxAttempts: 1 });
  expect((await passed(120, () => client.send(new DescribeInstancesCommand({})))).ok).toBe(50);
  const filtered = new DescribeInstancesCommand({ Filters: [{ Name: 'vpc-id', Values: ['v'] }] });
  expect((await passed(120, () => client.send(filtered))).ok).toBe(100);
});

test('buckets are off unless enforced, all or one by one, and unknown names are refused', async () => {
  const region = new SimulatedRegion();
  const client = new ElasticLoadBalancingV2Client({ ...region.clientConfig(), maxAttempts: 1 });
  const call = () => client.send(new DescribeLoadBalancersCommand({}));
  expect((await passed(60, call)).ok).toBe(60);
  region.buckets.enforce(['ec2-terminate-instances']);
  expect((await passed(60, call)).ok).toBe(60);
  region.buckets.enforce(['elbv2']);
  expect((await passed(60, call)).ok).toBe(40);
  expect(() => region.buckets.enforce(['elb'])).toThrow('elb');
});
