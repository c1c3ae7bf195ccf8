import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { actionFile } from '../../scripts/action-file.ts';
import { consoleUrl, nameOf, subjectOf } from '../../src/action/naming.ts';
import { inputNames, readInputs } from '../../src/action/read-inputs.ts';
import { InvalidInput } from '../../src/contract/errors.ts';
import { INPUTS } from '../../src/contract/inputs.ts';

const ID = 'i-0123456789abcdef0';
const GROUP = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09';
const MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:sluice-drain-instance';

const read = (inputs: Readonly<Record<string, string>>) =>
  readInputs({ texts: new Map(Object.entries(inputs)), region: 'eu-west-1', environment: {} });

function faultsOf(inputs: Readonly<Record<string, string>>): string[] {
  try {
    read(inputs);
  } catch (error) {
    if (error instanceof InvalidInput) return error.faults.map(({ field, expected }) => `${field} ${expected}`);
    throw error;
  }
  return [];
}

test('action.yml is what the contract says, and runs on Node 24', () => {
  const text = readFileSync('action.yml', 'utf8');
  expect(text).toBe(actionFile());
  const file = parse(text) as { inputs: Record<string, unknown>; runs: unknown; outputs: Record<string, unknown> };
  expect(file.runs).toEqual({ using: 'node24', main: 'dist/action/index.js' });
  expect(Object.keys(file.inputs).sort()).toEqual(inputNames().sort());
  expect(Object.keys(file.outputs)).toEqual(['status', 'execution-arn', 'receipt', 'started-at', 'finished-at']);
});

test.each([
  ['lines', `${ID}\ni-0123456789abcdef1\n`, [{ id: ID }, { id: 'i-0123456789abcdef1' }]],
  ['commas', `${ID}, i-0123456789abcdef1`, [{ id: ID }, { id: 'i-0123456789abcdef1' }]],
  [
    'fields',
    `${ID},port=80\n10.0.0.7,port=81`,
    [
      { id: ID, port: 80 },
      { id: '10.0.0.7', port: 81 },
    ],
  ],
  ['addresses of version 6', 'fd00::7,port=80', [{ id: 'fd00::7', port: 80 }]],
  ['objects', `{"id":"${ID}","port":80}\n{"id":"10.0.0.7"}`, [{ id: ID, port: 80 }, { id: '10.0.0.7' }]],
  ['JSON', `[{"id":"${ID}","port":80}, "10.0.0.7"]`, [{ id: ID, port: 80 }, { id: '10.0.0.7' }]],
])('targets come as %s', (_, targets, expected) => {
  expect(read({ workflow: 'deregister-targets', targets, 'load-balancer': 'web' }).document.targets).toEqual(expected);
});

test.each([
  [`${GROUP}\n${GROUP.replace('web', 'api')}`],
  [`${GROUP}, ${GROUP.replace('web', 'api')}`],
  [JSON.stringify([GROUP, GROUP.replace('web', 'api')])],
])('a list of texts comes as %j', (groups) => {
  const { document } = read({ workflow: 'drain-instance', 'instance-id': ID, 'target-groups': groups });
  expect(document.targetGroups).toEqual([GROUP, GROUP.replace('web', 'api')]);
});

test('what a nested field is, is said by its own name', () => {
  const { document } = read({
    workflow: 'drain-instance',
    'instance-id': ID,
    'auto-scaling-group-name': 'web',
    'lifecycle-hook-name': 'sluice',
    'lifecycle-action-token': 'token',
  });
  expect(document.lifecycle).toEqual({
    autoScalingGroupName: 'web',
    lifecycleHookName: 'sluice',
    lifecycleActionToken: 'token',
  });
});

test.each([
  [{ workflow: 'drain' }, 'workflow must be one of "drain-instance"'],
  [{}, 'workflow must be one of'],
  [{ workflow: 'drain-instance' }, 'instance-id must be an EC2 instance id'],
  [
    { workflow: 'drain-instance', 'instance-id': ID, 'timeout-seconds': '1e3' },
    'timeout-seconds must be a whole number',
  ],
  [
    { workflow: 'drain-instance', 'instance-id': ID, 'timeout-seconds': '1.5' },
    'timeout-seconds must be a whole number',
  ],
  [{ workflow: 'drain-instance', 'instance-id': ID, 'dry-run': '1' }, 'dry-run must be true or false'],
  [
    { workflow: 'drain-instance', 'instance-id': ID, 'wait-timeout-minutes': '0' },
    'wait-timeout-minutes must be a number',
  ],
  [{ workflow: 'drain-instance', 'instance-id': ID, name: 'a b' }, 'name must be 1 to 72'],
  [
    { workflow: 'drain-instance', 'instance-id': ID, 'state-machine-arn': MACHINE, stack: 's' },
    'stack must not be given together',
  ],
  [
    { workflow: 'drain-instance', 'instance-id': ID, 'state-machine-arn': 'sluice' },
    'state-machine-arn must be the ARN',
  ],
  [
    {
      workflow: 'drain-instance',
      'instance-id': ID,
      'state-machine-arn': MACHINE.replace('drain-instance', 'await-drained'),
    },
    'state-machine-arn must be the state machine of the workflow',
  ],
  [{ workflow: 'deregister-targets', targets: '[{', 'load-balancer': 'web' }, 'targets'],
  [
    { workflow: 'deregister-targets', targets: 'i-1', 'load-balancer': 'web' },
    'targets[0].id must be an EC2 instance id',
  ],
  [{ workflow: 'deregister-targets', targets: ID }, 'load-balancer or targetGroups'],
] as const)('refuses %j', (inputs, fault) => {
  expect(faultsOf({ ...inputs }).join('\n')).toContain(fault);
});

test('an execution is found again in the next attempt, and is no other’s', () => {
  const inputs = { workflow: 'drain-instance', 'instance-id': ID };
  const run = { GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '4711', GITHUB_JOB: 'deploy', GITHUB_ACTION: 'drain' };
  const name = nameOf(read(inputs), { ...run, GITHUB_RUN_ATTEMPT: '1' });
  expect(name).toMatch(/^drain-instance-i-0123456789abcdef0-[0-9a-f]{16}$/);
  expect(
    nameOf(read({ ...inputs, 'timeout-seconds': '5', 'requested-by': 'x' }), { ...run, GITHUB_RUN_ATTEMPT: '2' }),
  ).toBe(name);
  const others = [
    nameOf(read({ ...inputs, 'instance-id': 'i-0123456789abcdef1' }), run),
    nameOf(read({ ...inputs, 'dry-run': 'true' }), run),
    nameOf(read({ ...inputs, region: 'us-east-1' }), run),
    ...Object.keys(run).map((key) => nameOf(read(inputs), { ...run, [key]: 'another' })),
  ];
  expect(new Set([name, ...others]).size).toBe(1 + others.length);
  expect(nameOf(read({ ...inputs, name: 'mine' }), run)).toBe('mine');
  expect(nameOf(read({ ...inputs, name: 'mine', 'dry-run': 'true' }), run)).toBe('mine-dry');
});

test('every workflow has a subject', () => {
  const samples: Readonly<Record<string, Record<string, unknown>>> = {
    'drain-instance': { instanceId: ID },
    'delayed-termination': { instanceIds: [ID, 'i-0123456789abcdef1'] },
    'register-targets': { targets: [{ id: ID }] },
    'deregister-targets': { targets: [{ id: ID }] },
    'await-drained': { targets: [{ id: ID }] },
    'clean-cloud-map': { services: [ID] },
  };
  for (const workflow of Object.keys(INPUTS))
    expect([workflow, subjectOf(samples[workflow] ?? {})]).toEqual([workflow, ID]);
});

test.each([
  ['aws', 'eu-west-1', 'https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1'],
  ['aws-cn', 'cn-north-1', 'https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1', 'https://console.amazonaws-us-gov.com/states/home?region=us-gov-west-1'],
])('links to the console of %s', (partition, region, url) => {
  const arn = `arn:${partition}:states:${region}:123456789012:execution:sluice-drain-instance:x`;
  expect(consoleUrl(arn)).toBe(`${url}#/v2/executions/details/${arn}`);
});
