import * as sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NewLoadBalancer, NewTargetGroup } from '../../src/simulated-region/elbv2.ts';
import { type VirtualRegion, virtualRegion } from './virtual-region.ts';

function behind(virtual: VirtualRegion, wanted: Partial<NewTargetGroup> = {}, balancer: Partial<NewLoadBalancer> = {}) {
  const { elbv2 } = virtual.region;
  const targetGroup = elbv2.createTargetGroup({ name: 'web', ...wanted });
  elbv2.attach(elbv2.createLoadBalancer({ name: 'front', ...balancer }), targetGroup);
  return targetGroup;
}

async function health(virtual: VirtualRegion, TargetGroupArn: string, Targets?: sdk.TargetDescription[]) {
  const input = { TargetGroupArn, ...(Targets === undefined ? {} : { Targets }) };
  const { TargetHealthDescriptions = [] } = await virtual.elbv2.send(new sdk.DescribeTargetHealthCommand(input));
  return TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
    target: Target?.Port === undefined ? Target?.Id : `${Target.Id}:${Target.Port}`,
    state: TargetHealth?.State,
    ...(TargetHealth?.Reason === undefined ? {} : { reason: TargetHealth.Reason }),
  }));
}

function serving(virtual: VirtualRegion, port: number): string {
  const instanceId = virtual.region.ec2.launch();
  virtual.region.traffic.startProcess(instanceId, port);
  return instanceId;
}

describe('the state of a target', () => {
  test('is initial until a health check succeeds, then healthy', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual);
    const id = serving(virtual, 80);
    await virtual.elbv2.send(new sdk.RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: id }] }));
    expect(await health(virtual, group)).toEqual([
      { target: `${id}:80`, state: 'initial', reason: 'Elb.InitialHealthChecking' },
    ]);
    await virtual.pass(31);
    expect(await health(virtual, group)).toEqual([{ target: `${id}:80`, state: 'healthy' }]);
  });

  test('is draining for the whole delay even when idle, and then it is not registered', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual, { deregistrationDelaySeconds: 120 });
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(60);
    await virtual.elbv2.send(new sdk.DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: id }] }));
    await virtual.pass(119.9);
    expect(await health(virtual, group)).toEqual([
      { target: `${id}:80`, state: 'draining', reason: 'Target.DeregistrationInProgress' },
    ]);
    await virtual.pass(0.1);
    expect(await health(virtual, group)).toEqual([]);
    expect(await health(virtual, group, [{ Id: id }])).toEqual([
      { target: `${id}:80`, state: 'unused', reason: 'Target.NotRegistered' },
    ]);
    const [timeline] = virtual.region.elbv2.timelines(group);
    expect((timeline?.goneAt ?? 0) - (timeline?.drainingAt ?? 0)).toBe(120_000);
    expect(timeline?.states.map(([, state]) => state)).toEqual(['initial', 'healthy', 'draining', 'gone']);
  });

  test('turns unhealthy at the second failed check, and healthy again after five good ones', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual);
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(100);
    virtual.region.traffic.stopProcess(id, 80);
    await virtual.pass(29);
    expect(await health(virtual, group)).toEqual([{ target: `${id}:80`, state: 'healthy' }]);
    await virtual.pass(31);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unhealthy', reason: 'Target.FailedHealthChecks' }]);
    virtual.region.traffic.startProcess(id, 80);
    await virtual.pass(119);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unhealthy' }]);
    await virtual.pass(31);
    expect(await health(virtual, group)).toMatchObject([{ state: 'healthy' }]);
  });

  test('is taken back when a draining target is registered again', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual);
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(60);
    virtual.region.elbv2.deregisterTargets(group, [{ id }]);
    await virtual.pass(60);
    await virtual.elbv2.send(new sdk.RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: id }] }));
    await virtual.pass(600);
    expect(await health(virtual, group)).toEqual([{ target: `${id}:80`, state: 'healthy' }]);
    expect(virtual.region.elbv2.timelines(group)).toHaveLength(2);
  });

  test('is unused without a load balancer, in a zone that is not enabled, and when the instance has stopped', async () => {
    const virtual = virtualRegion();
    const { ec2, elbv2 } = virtual.region;
    const lonely = elbv2.createTargetGroup({ name: 'lonely' });
    const group = behind(virtual, {}, { availabilityZones: ['eu-west-1a'] });
    const here = ec2.launch({ availabilityZone: 'eu-west-1a' });
    const there = ec2.launch({ availabilityZone: 'eu-west-1b' });
    elbv2.registerTargets(lonely, [{ id: here }]);
    elbv2.registerTargets(group, [{ id: here }, { id: there }]);
    expect(await health(virtual, lonely)).toMatchObject([{ state: 'unused', reason: 'Target.NotInUse' }]);
    expect(await health(virtual, group)).toMatchObject([
      { state: 'initial' },
      { state: 'unused', reason: 'Target.NotInUse' },
    ]);
    ec2.stop(here);
    await virtual.pass(60);
    expect(await health(virtual, group)).toMatchObject([
      { target: `${here}:80`, state: 'unused', reason: 'Target.InvalidState' },
      { target: `${there}:80`, state: 'unused', reason: 'Target.NotInUse' },
    ]);
  });

  test('shows a terminated instance as invalid, and then no more', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual);
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(60);
    virtual.region.ec2.terminate(id);
    await virtual.pass(61);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unused', reason: 'Target.InvalidState' }]);
    await virtual.pass(60);
    expect(await health(virtual, group)).toEqual([]);
  });

  test('of a Network Load Balancer can be unhealthy.draining, and draining beyond the delay', async () => {
    const virtual = virtualRegion();
    const group = behind(
      virtual,
      {
        protocol: 'TCP',
        connectionLingerSeconds: 50,
        deregistrationDelaySeconds: 100,
        attributes: { 'target_health_state.unhealthy.draining_interval_seconds': '90' },
      },
      { type: 'network' },
    );
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(60);
    virtual.region.traffic.stopProcess(id, 80);
    await virtual.pass(61);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unhealthy.draining' }]);
    await virtual.pass(90);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unhealthy' }]);
    virtual.region.elbv2.deregisterTargets(group, [{ id }]);
    await virtual.pass(149);
    expect(await health(virtual, group)).toMatchObject([{ state: 'draining' }]);
    await virtual.pass(1);
    expect(await health(virtual, group)).toEqual([]);
  });

  test('is kept for each port of one instance by itself', async () => {
    const virtual = virtualRegion();
    const group = behind(virtual, { deregistrationDelaySeconds: 10 });
    const id = serving(virtual, 80);
    virtual.region.elbv2.registerTargets(group, [{ id }, { id, port: 81 }]);
    virtual.region.elbv2.deregisterTargets(group, [{ id, port: 81 }]);
    expect(virtual.region.elbv2.registrations(group, id)).toMatchObject([
      { port: 80, state: 'initial' },
      { port: 81, state: 'draining', drainedAt: Date.now() + 10_000 },
    ]);
    await virtual.pass(10);
    expect(await health(virtual, group)).toHaveLength(1);
  });
});

describe('requests and answers', () => {
  test('pages over more load balancers and target groups than one page holds', async () => {
    const virtual = virtualRegion();
    for (let at = 0; at < 23; at += 1) {
      virtual.region.elbv2.createLoadBalancer({ name: `lb-${at}` });
      virtual.region.elbv2.createTargetGroup({ name: `tg-${at}` });
    }
    const names: (string | undefined)[] = [];
    for await (const page of sdk.paginateDescribeLoadBalancers({ client: virtual.elbv2, pageSize: 10 }, {})) {
      names.push(...(page.LoadBalancers ?? []).map((one) => one.LoadBalancerName));
    }
    expect(names).toEqual(Array.from({ length: 23 }, (_, at) => `lb-${at}`));
    const sizes: number[] = [];
    for await (const page of sdk.paginateDescribeTargetGroups({ client: virtual.elbv2 }, { PageSize: 10 })) {
      sizes.push(page.TargetGroups?.length ?? 0);
    }
    expect(sizes).toEqual([10, 10, 3]);
    await expect(virtual.elbv2.send(new sdk.DescribeLoadBalancersCommand({ PageSize: 401 }))).rejects.toMatchObject({
      name: 'ValidationError',
    });
  });

  test('creates what it is told and describes it back', async () => {
    const { elbv2 } = virtualRegion();
    const balancers = await elbv2.send(new sdk.CreateLoadBalancerCommand({ Name: 'front', Type: 'network' }));
    const groups = await elbv2.send(
      new sdk.CreateTargetGroupCommand({ Name: 'web', Protocol: 'TCP', Port: 8080, TargetType: 'ip' }),
    );
    const balancer = balancers.LoadBalancers?.[0]?.LoadBalancerArn;
    const group = groups.TargetGroups?.[0]?.TargetGroupArn;
    expect(balancer).toMatch(
      /^arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer\/net\/front\/[0-9a-f]{16}$/,
    );
    expect(group).toMatch(/:targetgroup\/web\/[0-9a-f]{16}$/);
    await elbv2.send(
      new sdk.CreateListenerCommand({
        LoadBalancerArn: balancer,
        Port: 443,
        Protocol: 'TCP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn: group }],
      }),
    );
    const found = await elbv2.send(new sdk.DescribeTargetGroupsCommand({ LoadBalancerArn: balancer }));
    expect(found.TargetGroups).toMatchObject([
      { TargetGroupName: 'web', TargetType: 'ip', LoadBalancerArns: [balancer] },
    ]);
    const listeners = await elbv2.send(new sdk.DescribeListenersCommand({ LoadBalancerArn: balancer }));
    expect(listeners.Listeners).toMatchObject([{ Port: 443, DefaultActions: [{ TargetGroupArn: group }] }]);
    await elbv2.send(new sdk.AddTagsCommand({ ResourceArns: [group ?? ''], Tags: [{ Key: 'team', Value: 'blue' }] }));
    const tags = await elbv2.send(new sdk.DescribeTagsCommand({ ResourceArns: [group ?? ''] }));
    expect(tags.TagDescriptions).toEqual([{ ResourceArn: group, Tags: [{ Key: 'team', Value: 'blue' }] }]);
  });

  test('shows a delay of 300 s by default, and changes it', async () => {
    const virtual = virtualRegion();
    const TargetGroupArn = behind(virtual);
    const read = () => virtual.elbv2.send(new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    const Key = 'deregistration_delay.timeout_seconds';
    expect((await read()).Attributes).toContainEqual({ Key, Value: '300' });
    await virtual.elbv2.send(
      new sdk.ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key, Value: '15' }] }),
    );
    expect((await read()).Attributes).toContainEqual({ Key, Value: '15' });
  });

  const unknownArn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0123456789abcdef';
  const refusals: [string, (virtual: VirtualRegion) => Promise<unknown>, string][] = [
    [
      'an unknown load balancer',
      ({ elbv2 }) => elbv2.send(new sdk.DescribeLoadBalancersCommand({ Names: ['none'] })),
      'LoadBalancerNotFoundException',
    ],
    [
      'an unknown target group',
      ({ elbv2 }) => elbv2.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn: unknownArn })),
      'TargetGroupNotFoundException',
    ],
    [
      'registering an instance that does not exist',
      (virtual) =>
        virtual.elbv2.send(
          new sdk.RegisterTargetsCommand({ TargetGroupArn: behind(virtual), Targets: [{ Id: 'i-0123456789abcdef0' }] }),
        ),
      'InvalidTargetException',
    ],
    [
      'tags of more than 20 resources',
      ({ elbv2 }) =>
        elbv2.send(new sdk.DescribeTagsCommand({ ResourceArns: Array.from({ length: 21 }, () => unknownArn) })),
      'ValidationError',
    ],
  ];
  test.each(refusals)('refuses %s', async (_, ask, name) => {
    await expect(ask(virtualRegion())).rejects.toMatchObject({ name });
  });

  test('answers the deregistration of a target that is not there with success', async () => {
    const virtual = virtualRegion();
    const TargetGroupArn = behind(virtual);
    const Targets = [{ Id: 'i-0123456789abcdef0' }];
    await virtual.elbv2.send(new sdk.DeregisterTargetsCommand({ TargetGroupArn, Targets }));
    expect(await health(virtual, TargetGroupArn)).toEqual([]);
  });
});

describe('requests through a target group', () => {
  test('lose nothing in a graceful drain, whatever the delay and the load', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 30, max: 3600 }), fc.integer({ min: 1, max: 5000 }), async (delay, rate) => {
        const virtual = virtualRegion();
        const { elbv2, traffic, ec2 } = virtual.region;
        const group = behind(virtual, { deregistrationDelaySeconds: delay });
        const [leaving, staying] = [serving(virtual, 80), serving(virtual, 80)];
        elbv2.registerTargets(group, [{ id: leaving }, { id: staying }]);
        await virtual.pass(60);
        const requestSeconds = [
          { share: 0.95, seconds: 0.2 },
          { share: 0.05, seconds: 30 },
        ];
        traffic.start({ targetGroupArn: group, requestsPerSecond: rate, requestSeconds });
        await virtual.pass(600);
        elbv2.deregisterTargets(group, [{ id: leaving }]);
        await virtual.pass(delay);
        ec2.terminate(leaving);
        await virtual.pass(600);
        const stats = traffic.stats(group);
        expect(stats).toMatchObject({ dropped: 0, droppedBy: [], sent: rate * (1200 + delay) });
        expect(stats.answered + stats.inFlight).toBe(stats.sent);
      }),
      { numRuns: 25 },
    );
  });

  test('lose what is in flight, and what is sent until the health checks notice, when a backend is killed', async () => {
    const virtual = virtualRegion();
    const { elbv2, traffic } = virtual.region;
    const group = behind(virtual);
    const [killed, other] = [serving(virtual, 80), serving(virtual, 80)];
    elbv2.registerTargets(group, [{ id: killed }, { id: other }]);
    await virtual.pass(60);
    traffic.start({ targetGroupArn: group, requestsPerSecond: 100, requestSeconds: 4 });
    await virtual.pass(100);
    const at = Date.now();
    traffic.stopProcess(killed, 80);
    await virtual.pass(200);
    const timeline = elbv2.timelines(group).find((one) => one.id === killed);
    const unhealthyAt = timeline?.states.find(([, state]) => state === 'unhealthy')?.[0] ?? 0;
    expect(unhealthyAt - at).toBeGreaterThan(30_000);
    const untilUnhealthy = Math.ceil((50 * (unhealthyAt - at)) / 1000 - 1e-6);
    expect(traffic.stats(group).droppedBy).toEqual([
      { at, target: `${killed}:80`, count: 200, why: 'the backend died while it was in flight' },
      { at, target: `${killed}:80`, count: untilUnhealthy, why: 'sent to a backend that does not answer' },
    ]);
  });

  test('go to unhealthy targets when there is no healthy one', async () => {
    const virtual = virtualRegion();
    const { elbv2, traffic, ec2 } = virtual.region;
    const group = behind(virtual);
    const id = ec2.launch();
    elbv2.registerTargets(group, [{ id }]);
    await virtual.pass(120);
    expect(await health(virtual, group)).toMatchObject([{ state: 'unhealthy' }]);
    traffic.start({ targetGroupArn: group, requestsPerSecond: 1, requestSeconds: 0.1 });
    await virtual.pass(10);
    expect(traffic.stats().droppedBy).toMatchObject([{ target: `${id}:80`, count: 10 }]);
    traffic.startProcess(id, 80);
    await virtual.pass(10);
    expect(traffic.stats()).toMatchObject({ sent: 20, dropped: 10 });
  });

  test('go to the unhealthy ones only for as long as no target is healthy', async () => {
    const virtual = virtualRegion();
    const { elbv2, traffic, ec2 } = virtual.region;
    const group = behind(virtual, { deregistrationDelaySeconds: 60 });
    const [dead, first] = [ec2.launch(), serving(virtual, 80)];
    elbv2.registerTargets(group, [{ id: dead }, { id: first }]);
    await virtual.pass(120);
    traffic.start({ targetGroupArn: group, requestsPerSecond: 10, requestSeconds: 0.1 });
    await virtual.pass(100);
    expect(traffic.stats()).toMatchObject({ dropped: 0 });
    elbv2.deregisterTargets(group, [{ id: first }]);
    await virtual.pass(100);
    expect(traffic.stats()).toMatchObject({ dropped: 1000, droppedBy: [{ target: `${dead}:80` }] });
    const second = serving(virtual, 80);
    elbv2.registerTargets(group, [{ id: second }]);
    await virtual.pass(100);
    const healthyAt = elbv2.timelines(group).find((one) => one.id === second)?.healthyAt ?? Number.NaN;
    // Until then the initial target had half of the requests, and has all of them since.
    const shared = (100_000 - (Date.now() - healthyAt)) / 1000;
    expect(traffic.exactly().dropped).toBeCloseTo(1000 + shared * 5, 6);
  });

  test('are cut off when they last longer than the deregistration delay', async () => {
    const virtual = virtualRegion();
    const { elbv2, traffic } = virtual.region;
    const group = behind(virtual, { deregistrationDelaySeconds: 10 });
    const [leaving, staying] = [serving(virtual, 80), serving(virtual, 80)];
    elbv2.registerTargets(group, [{ id: leaving }, { id: staying }]);
    await virtual.pass(60);
    traffic.start({ targetGroupArn: group, requestsPerSecond: 20, requestSeconds: 30 });
    await virtual.pass(60);
    elbv2.deregisterTargets(group, [{ id: leaving }]);
    await virtual.pass(60);
    expect(traffic.stats().droppedBy).toMatchObject([{ count: 200, why: 'the balancer closed the connection' }]);
  });
});
