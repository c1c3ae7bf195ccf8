import { DeleteTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ec2Client, instanceInfos } from '../../src/aws/ec2.ts';
import { elbv2Client } from '../../src/aws/elbv2.ts';
import {
  findLoadBalancer,
  findPlace,
  findTargetGroups,
  listTargets,
  targetGroupsOf,
} from '../../src/aws/load-balancers.ts';
import { Lab } from '../support/lab.ts';
import { place, serve } from '../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

const REGION = 'eu-west-1';
let lab: Lab;
let aws: { requestHandler: unknown } & Parameters<typeof findLoadBalancer>[0];
beforeEach(() => {
  lab = new Lab();
  const { requestHandler, credentials, endpoint } = lab.region.clientConfig();
  aws = { requestHandler, credentials, endpoint };
});
afterEach(() => lab.close());

test.each(['application', 'network', 'gateway'] as const)('an %s load balancer by name and by ARN', async (kind) => {
  const { balancer, groups } = place(lab, { name: 'web', balancer: kind, groups: 2 });
  place(lab, { name: 'web-2' });
  for (const wanted of ['web', balancer]) {
    const found = await findLoadBalancer(aws, REGION, wanted);
    expect(found).toMatchObject({ kind, name: 'web', arn: balancer });
    expect((await targetGroupsOf(aws, REGION, found ?? { kind, name: '' })).map(({ arn }) => arn)).toEqual(groups);
  }
});

test('a Classic load balancer by name and by ARN', async () => {
  lab.region.classicElb.create({ name: 'old' });
  for (const wanted of ['old', `arn:aws:elasticloadbalancing:${REGION}:123456789012:loadbalancer/old`]) {
    const found = await findLoadBalancer(aws, REGION, wanted);
    expect(found).toMatchObject({ kind: 'classic', name: 'old' });
    expect(found?.arn).toBeUndefined();
  }
});

test('no load balancer of this name is no error here', async () => {
  place(lab, { name: 'web-2' });
  expect(await findLoadBalancer(aws, REGION, 'web')).toBeUndefined();
});

test('a name that two kinds share is ambiguous, and its ARN is not', async () => {
  const { balancer } = place(lab, { name: 'web' });
  lab.region.classicElb.create({ name: 'web' });
  await expect(findLoadBalancer(aws, REGION, 'web')).rejects.toMatchObject({
    name: 'AmbiguousTargetGroup',
    candidates: [balancer],
  });
  expect(await findLoadBalancer(aws, REGION, balancer)).toMatchObject({ kind: 'application' });
});

test('450 target groups are more than a page', async () => {
  const { balancer, groups } = place(lab, { groups: 450 });
  const found = await findLoadBalancer(aws, REGION, balancer);
  expect(await targetGroupsOf(aws, REGION, found ?? { kind: 'application', name: '' })).toHaveLength(450);
  expect(await findTargetGroups(aws, REGION, groups)).toHaveLength(450);
});

test('target groups by name and by ARN together', async () => {
  const { groups } = place(lab, { groups: 2 });
  const found = await findTargetGroups(aws, REGION, ['web-1', groups[0] ?? '']);
  expect(found.map(({ name, targetType, port }) => ({ name, targetType, port }))).toEqual([
    { name: 'web-0', targetType: 'ip', port: 80 },
    { name: 'web-1', targetType: 'ip', port: 80 },
  ]);
});

test('a target group of another load balancer is not found in this one', async () => {
  place(lab, { name: 'web' });
  const { groups } = place(lab, { name: 'other' });
  await expect(findPlace(aws, REGION, { loadBalancer: 'web', targetGroups: groups })).rejects.toMatchObject({
    name: 'NotFound',
  });
});

test('every target of a load balancer, and what is known of its instances', async () => {
  const { balancer, groups } = place(lab, { groups: 2, type: 'instance' });
  const id = lab.region.ec2.launch({ instanceType: 'c7g.large' });
  for (const group of groups) serve(lab, group, id);
  await lab.pass(60);
  const found = await findLoadBalancer(aws, REGION, balancer);
  if (found === undefined) throw new Error('it is there');
  const targets = await listTargets(aws, REGION, found, await targetGroupsOf(aws, REGION, found));
  expect(targets).toMatchObject(groups.map((targetGroupArn) => ({ targetGroupArn, id, port: 80, state: 'healthy' })));
  expect(await instanceInfos(ec2Client(aws, REGION), [id, 'i-0123456789abcdef0', id])).toEqual([
    { instanceId: id, instanceType: 'c7g.large', launchDate: '2026-03-02T12:00:00.000Z' },
  ]);
});

test('a target group that was deleted is passed over where the Tagging API still names it', async () => {
  const tags = { 'ingress.k8s.aws/stack': 'shop/web', 'ingress.k8s.aws/resource': 'shop/web-cart:80' };
  const kept = lab.region.elbv2.createTargetGroup({ name: 'kept', type: 'ip', tags });
  const gone = lab.region.elbv2.createTargetGroup({ name: 'gone', type: 'ip', tags });
  lab.region.faults.inject({ service: 'tagging', kind: 'stale-read', seconds: 3600 });
  const INGRESS = { namespace: 'shop', ingress: 'web' };
  expect((await findPlace(aws, REGION, INGRESS)).targetGroups).toHaveLength(2);
  await elbv2Client(aws, REGION).send(new DeleteTargetGroupCommand({ TargetGroupArn: gone }));
  const { targetGroups } = await findPlace(aws, REGION, INGRESS);
  expect(targetGroups.map(({ arn }) => arn)).toEqual([kept]);
});
