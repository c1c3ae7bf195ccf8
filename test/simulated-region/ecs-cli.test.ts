/** The AWS command line, an independent client, against the region over HTTP. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import type { Listening } from '../../src/simulated-region/transport.ts';

const run = promisify(execFile);
const present = spawnSync('aws', ['--version']).status === 0;
if (!present) process.stderr.write('SKIPPED: no `aws` on the PATH, the command line is not tried on the region\n');

const region = new SimulatedRegion();
let listening: Listening;

async function aws(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(
    'aws',
    ['--endpoint-url', listening.url, '--region', 'eu-west-1', '--output', 'json', ...args],
    {
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        AWS_ACCESS_KEY_ID: 'AKIASIMULATED',
        AWS_SECRET_ACCESS_KEY: 'simulated',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    },
  );
  return stdout === '' ? undefined : JSON.parse(stdout);
}

(present ? describe : describe.skip)('aws --endpoint-url', () => {
  beforeAll(async () => {
    listening = await region.listen();
  });
  afterAll(() => listening.close());

  test('ecs list-tasks pages through more than 100 tasks of an instance', async () => {
    region.ecs.createCluster('shop');
    const instance = region.ec2.launch();
    const arn = region.ecs.registerContainerInstance('shop', instance);
    const tasks = Array.from({ length: 130 }, () => region.ecs.startTask({ cluster: 'shop', instance }));
    const answer = await aws('ecs', 'list-tasks', '--cluster', 'shop', '--container-instance', arn);
    expect(answer).toEqual({ taskArns: tasks });
  }, 60_000);

  test('ecs update-container-instances-state drains, and describe-container-instances shows it', async () => {
    region.ecs.createCluster('other');
    const arn = region.ecs.registerContainerInstance('other', region.ec2.launch());
    const named = ['--cluster', 'other', '--container-instances', arn];
    await aws('ecs', 'update-container-instances-state', ...named, '--status', 'DRAINING');
    expect(await aws('ecs', 'describe-container-instances', ...named)).toMatchObject({
      containerInstances: [{ containerInstanceArn: arn, status: 'DRAINING', agentConnected: true }],
      failures: [],
    });
  }, 60_000);

  test('elbv2 describe-target-health shows the states of targets', async () => {
    const group = region.elbv2.createTargetGroup({ name: 'web' });
    const id = region.ec2.launch();
    await aws('elbv2', 'register-targets', '--target-group-arn', group, '--targets', `Id=${id},Port=8080`);
    expect(await aws('elbv2', 'describe-target-health', '--target-group-arn', group)).toMatchObject({
      TargetHealthDescriptions: [
        {
          Target: { Id: id, Port: 8080 },
          HealthCheckPort: '8080',
          TargetHealth: { State: 'unused', Reason: 'Target.NotInUse' },
        },
      ],
    });
  }, 60_000);

  test('says what is wrong in the words of the service', async () => {
    await expect(aws('ecs', 'list-tasks', '--cluster', 'none')).rejects.toMatchObject({
      stderr: expect.stringContaining('ClusterNotFoundException'),
    });
  }, 60_000);
});
