import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient, ListClustersCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { afterEach, expect, test } from '@jest/globals';
import { SimulatedAccount } from '../../src/simulated-region/account.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import type { Listening } from '../../src/simulated-region/transport.ts';

const servers: Listening[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.close()));
});

async function served(answering: SimulatedRegion | SimulatedAccount): Promise<string> {
  const server = await answering.listen();
  servers.push(server);
  return server.url;
}

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };

function signed(service: string, region = 'eu-west-1'): string {
  return `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260102/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

test.each([
  [
    'an unknown action of EC2',
    { authorization: signed('ec2') },
    'Action=MakeCoffee&Version=2016-11-15',
    400,
    'InvalidAction',
    'MakeCoffee',
  ],
  ['no action', { authorization: signed('ec2') }, 'Version=2016-11-15', 400, 'MissingAction', ''],
  [
    'an unknown service',
    { authorization: signed('s3') },
    'Action=ListBuckets&Version=1',
    400,
    'InvalidAction',
    'ListBuckets',
  ],
  [
    'another version',
    { authorization: signed('elasticloadbalancing') },
    'Action=DescribeLoadBalancers&Version=1999-01-01',
    400,
    'InvalidAction',
    '1999-01-01',
  ],
  ['no signature', {}, 'Action=DescribeInstances&Version=2016-11-15', 403, 'MissingAuthenticationToken', ''],
  [
    'an unknown operation of ECS',
    {
      authorization: signed('ecs'),
      'X-Amz-Target': 'AmazonEC2ContainerServiceV20141113.MakeCoffee',
      'content-type': 'application/x-amz-json-1.1',
    },
    '{}',
    400,
    'UnknownOperationException',
    'MakeCoffee',
  ],
  [
    'an unknown JSON service',
    {
      authorization: signed('ssm'),
      'x-amz-target': 'AmazonSSM.GetParameter',
      'content-type': 'application/x-amz-json-1.1',
    },
    '{}',
    404,
    'UnknownOperationException',
    'AmazonSSM.GetParameter',
  ],
  [
    'a signature for another region',
    { authorization: signed('ec2', 'us-east-1') },
    'Action=DescribeInstances&Version=2016-11-15',
    401,
    'AuthFailure',
    'us-east-1',
  ],
])('%s is refused by name', async (_what, headers, body, status, code, named) => {
  const region = new SimulatedRegion();
  const answer = await region.handle({ method: 'POST', path: '/', headers, body });
  expect(answer.status).toBe(status);
  expect(answer.body).toContain(code);
  expect(answer.body).toContain(named);
  expect(region.calls.all).toMatchObject([{ outcome: code }]);
});

test('calls are logged with input, attempt and outcome, and counted', async () => {
  const region = new SimulatedRegion();
  const ecs = new ECSClient(region.clientConfig());
  const told: string[] = [];
  region.calls.onCall((call) => told.push(`${call.operation} ${call.outcome}`));
  const before = Date.now();
  await ecs.send(new ListClustersCommand({}));
  await ecs.send(new ListTasksCommand({ cluster: 'none' })).catch(() => undefined);
  expect(region.calls.since(before)).toMatchObject([
    { region: 'eu-west-1', service: 'ecs', operation: 'ListClusters', input: {}, attempt: 1, outcome: 'ok' },
    { operation: 'ListTasks', input: { cluster: 'none' }, outcome: 'ClusterNotFoundException' },
  ]);
  expect(region.calls.counts()).toEqual({ 'ecs:ListClusters': 1, 'ecs:ListTasks': 1 });
  expect(region.calls.count({ outcome: 'ok' })).toBe(1);
  expect(told).toEqual(['ListClusters ok', 'ListTasks ClusterNotFoundException']);
});

test('a log that keeps counts only still counts everything', async () => {
  const region = new SimulatedRegion();
  region.calls.keep(0);
  const ecs = new ECSClient(region.clientConfig());
  for (let count = 0; count < 5; count += 1) await ecs.send(new ListClustersCommand({}));
  expect(region.calls.all).toEqual([]);
  expect(region.calls.count({ service: 'ecs' })).toBe(5);
  region.calls.keep(2);
  for (let count = 0; count < 50; count += 1) await ecs.send(new ListClustersCommand({}));
  expect(region.calls.all.length).toBeLessThanOrEqual(4);
  expect(region.calls.count()).toBe(55);
});

test('two regions of one seed behave alike, to the identifiers', () => {
  const ids = (seed: number) => {
    const region = new SimulatedRegion({ seed });
    return [region.ec2.launch(), region.ec2.launch()];
  };
  expect(ids(3)).toEqual(ids(3));
  expect(ids(3)).not.toEqual(ids(4));
});

test('real clients reach it over HTTP, errors and broken connections included', async () => {
  const region = new SimulatedRegion();
  const id = region.ec2.launch({ tags: { Name: 'à <b>' } });
  const config = { region: 'eu-west-1', endpoint: await served(region), credentials, maxAttempts: 1 };
  const ec2 = new EC2Client(config);
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
  expect(Reservations?.[0]?.Instances).toMatchObject([{ InstanceId: id, Tags: [{ Key: 'Name', Value: 'à <b>' }] }]);
  await expect(new ECSClient(config).send(new ListTasksCommand({ cluster: 'none' }))).rejects.toMatchObject({
    name: 'ClusterNotFoundException',
  });
  region.faults.inject({ kind: 'connection-reset', times: 1 });
  await expect(ec2.send(new DescribeInstancesCommand({}))).rejects.toThrow('socket hang up');
  await ec2.send(new DescribeInstancesCommand({}));
  ec2.destroy();
});

test('an account serves each region by the signature, over one port, into one log', async () => {
  const account = new SimulatedAccount();
  const west = account.region('eu-west-1').ec2.launch();
  const east = account.region('us-east-1').ec2.launch();
  expect(west).not.toBe(east);
  const endpoint = await served(account);
  const instances = async (config: ConstructorParameters<typeof EC2Client>[0]) => {
    const client = new EC2Client(config ?? {});
    const { Reservations } = await client.send(new DescribeInstancesCommand({}));
    client.destroy();
    return Reservations?.map((each) => each.Instances?.[0]?.InstanceId);
  };
  expect(await instances({ region: 'us-east-1', endpoint, credentials })).toEqual([east]);
  expect(await instances(account.clientConfig('eu-west-1'))).toEqual([west]);
  const autoScaling = new AutoScalingClient(account.clientConfig('us-east-1'));
  await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
  expect(account.calls.all.map((call) => [call.region, call.operation])).toEqual([
    ['us-east-1', 'DescribeInstances'],
    ['eu-west-1', 'DescribeInstances'],
    ['us-east-1', 'DescribeAutoScalingGroups'],
  ]);
});

const cli = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'aws')));
if (!cli) process.stderr.write('SKIPPED: the AWS command line is not on the PATH, its tests do not run\n');

(cli ? test : test.skip)(
  'the AWS command line works against it',
  async () => {
    const region = new SimulatedRegion();
    const id = region.ec2.launch({ tags: { Name: 'a "quoted" <name>' } });
    region.autoScaling.createGroup({ name: 'web' });
    region.autoScaling.attachInstance('web', id);
    region.ecs.createCluster('shop');
    const url = await served(region);
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_PAGER: '',
    };
    const aws = async (...words: string[]): Promise<unknown> => {
      const run = promisify(execFile)('aws', ['--endpoint-url', url, '--output', 'json', ...words], { env });
      return JSON.parse((await run).stdout);
    };
    const filters = ['--filters', 'Name=tag:Name,Values=a*'];
    expect(await aws('ec2', 'describe-instances', ...filters)).toMatchObject({
      Reservations: [
        {
          Instances: [{ InstanceId: id, Tags: expect.arrayContaining([{ Key: 'Name', Value: 'a "quoted" <name>' }]) }],
        },
      ],
    });
    expect(await aws('autoscaling', 'describe-auto-scaling-groups')).toMatchObject({
      AutoScalingGroups: [{ AutoScalingGroupName: 'web', Instances: [{ InstanceId: id }] }],
    });
    expect(await aws('ecs', 'list-tasks', '--cluster', 'shop')).toEqual({ taskArns: [] });
    const entry = { Source: 's', DetailType: 'd', Detail: '{}', Time: '2026-01-02T03:04:05Z' };
    await aws('events', 'put-events', '--entries', JSON.stringify([entry]));
    expect(region.outbox.events.at(-1)?.time).toBe('2026-01-02T03:04:05Z');
    await expect(aws('ecs', 'list-tasks', '--cluster', 'none')).rejects.toMatchObject({
      stderr: expect.stringContaining('ClusterNotFoundException'),
    });
    await expect(aws('ec2', 'terminate-instances', '--instance-ids', 'i-xyz')).rejects.toMatchObject({
      stderr: expect.stringContaining('InvalidInstanceID.Malformed'),
    });
  },
  60_000,
);
