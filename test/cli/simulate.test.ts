import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AutoScalingClient, TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { ECSClient, ListContainerInstancesCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { ListExecutionsCommand, ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runBundled, SluiceProcess, sluice } from './child.ts';

const LONG = 30_000;
const run = promisify(execFile);
const AWS = (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, 'aws')));

let serving: SluiceProcess;
let url: string;

const client = () => ({
  region: 'eu-west-1',
  endpoint: url,
  credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
});

beforeAll(async () => {
  await runBundled();
  serving = new SluiceProcess(['simulate', '--port', '0']);
  await serving.says('sluice run drain-instance');
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.stdout)?.[0] ?? '';
}, LONG);

afterAll(async () => {
  serving.kill('SIGINT');
  expect((await serving.done).code).toBe(0);
}, LONG);

test('serves a cluster with tasks to any SDK', async () => {
  const ecs = new ECSClient(client());
  expect((await ecs.send(new ListContainerInstancesCommand({ cluster: 'web' }))).containerInstanceArns).toHaveLength(4);
  // Ten of the service, and a daemon task on each instance.
  expect((await ecs.send(new ListTasksCommand({ cluster: 'web' }))).taskArns).toHaveLength(14);
});

test(
  'drains an instance that Auto Scaling terminates, by the state machines that it serves',
  async () => {
    const instanceId = /--instance-id (i-[0-9a-f]+)/.exec(serving.stdout)?.[1];
    const terminate = { InstanceId: instanceId, ShouldDecrementDesiredCapacity: true };
    await new AutoScalingClient(client()).send(new TerminateInstanceInAutoScalingGroupCommand(terminate));
    await serving.says('drain started: ');
    const sfn = new SFNClient(client());
    const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
    const stateMachineArn = stateMachines.find(({ name }) => name === 'sluice-drain-instance')?.stateMachineArn;
    const { executions } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    expect(executions).toEqual([
      expect.objectContaining({ name: expect.stringContaining(`drain-instance-${instanceId}`), status: 'RUNNING' }),
    ]);
    const status = await sluice(['status', '--endpoint-url', url, '--aws-region', 'eu-west-1']);
    expect(status.stdout).toMatch(new RegExp(`RUNNING +drain-instance-${instanceId}`));
    const shown = await sluice([
      ...['status', executions?.[0]?.name ?? '', '--endpoint-url', url, '--aws-region', 'eu-west-1', '--json'],
    ]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      status: 'running',
      workflow: 'drain-instance',
      input: { instanceId },
    });
  },
  LONG,
);

if (AWS) {
  test(
    'answers the AWS CLI, by the very commands that it prints',
    async () => {
      const commands = serving.stdout
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => /^aws .*(list|describe)-/.test(line));
      expect(commands).toHaveLength(3);
      const environment = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_DEFAULT_REGION: 'eu-west-1' };
      const answers = await Promise.all(
        commands.map(async (command) => {
          const [program = '', ...args] = command.split(' ');
          const { stdout } = await run(program, args, { env: { ...process.env, ...environment, AWS_PAGER: '' } });
          return Object.keys(JSON.parse(stdout));
        }),
      );
      expect(answers.flat()).toEqual(expect.arrayContaining(['taskArns', 'TargetHealthDescriptions', 'executions']));
    },
    LONG,
  );
} else {
  process.stderr.write('\nNOT TESTED: sluice simulate with the AWS CLI, because there is no `aws` on the PATH\n\n');
}
