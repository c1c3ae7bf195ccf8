import path from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { DEFINITIONS } from '../../functions/registry.ts';
import { INPUTS } from '../../src/contract/inputs.ts';
import type { WorkflowName } from '../../src/engine/workflow-engine.ts';
import { builtAction } from '../support/built.ts';
import { together } from '../support/together.ts';
import { promptName, runStep, SECRET, type StepOptions, type StepResult, startStep } from './runner.ts';
import { registered, SCENES } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let folder: string;

const it = together(async () => {
  [stage, folder] = await Promise.all([openStage(), builtAction()]);
}, 12);

afterAll(() => stage.close());

const run = (options: Omit<StepOptions, 'endpoint'>): Promise<StepResult> =>
  runStep(folder, { endpoint: stage.url, ...options });
const start = (options: Omit<StepOptions, 'endpoint'>) =>
  startStep([process.execPath, path.join(folder, 'index.js')], { endpoint: stage.url, ...options });
const machine = (workflow: WorkflowName) => ({ 'state-machine-arn': stage.machineArn(workflow) });

const deregistering = (delaySeconds: number, timeoutSeconds = 60) => {
  const { id, group, isGone } = registered(stage.region, delaySeconds);
  const inputs = {
    workflow: 'deregister-targets',
    targets: id,
    'target-groups': group,
    'timeout-seconds': String(timeoutSeconds),
    'min-poll-interval-seconds': '1',
  };
  return { id, group, isGone, inputs };
};

const EXPIRED = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: '{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}',
};

const offered = Object.keys(DEFINITIONS).filter((workflow) => workflow in INPUTS) as WorkflowName[];

for (const workflow of offered) {
  it(`${workflow} does its work inside the runner`, async () => {
    const { inputs, subject, isDone } = scene(workflow);
    const result = await run({ inputs: { workflow, ...inputs } });
    expect(result.errors).toEqual([]);
    expect(result).toMatchObject({
      exitCode: 0,
      outputs: { status: 'succeeded' },
      receipt: { workflow, status: 'succeeded' },
    });
    expect(result.summary).toContain(`${workflow} ${subject}: succeeded`);
    expect(result.log).toContain('inside this runner');
    expect(isDone()).toBe(true);
  });

  it(`${workflow} does its work on a deployed stack`, async () => {
    const { inputs, isDone } = scene(workflow);
    const result = await run({ inputs: { workflow, ...inputs, ...machine(workflow), name: promptName(workflow) } });
    expect(result.errors).toEqual([]);
    expect(result).toMatchObject({ exitCode: 0, receipt: { workflow, status: 'succeeded' } });
    const { status, 'execution-arn': arn = '', 'started-at': from = '', 'finished-at': to = '' } = result.outputs;
    expect(status).toBe('succeeded');
    expect(arn).toContain(`${stage.machineArn(workflow).replace(':stateMachine:', ':execution:')}:${workflow}`);
    expect(Date.parse(from)).toBeLessThanOrEqual(Date.parse(to));
    expect(result.log).toContain(`#/v2/executions/details/${arn}`);
    expect(isDone()).toBe(true);
  });

  it(`${workflow} says in a dry run what it would do, and changes nothing`, async () => {
    const { inputs, subject } = scene(workflow);
    const result = await run({ inputs: { workflow, ...inputs, 'dry-run': 'true' } });
    expect(result.errors).toEqual([]);
    expect(result.receipt).toMatchObject({ dryRun: true, wouldDo: expect.any(Array) });
    const changes = stage.region.calls.all.filter(
      ({ operation, input }) =>
        !/^(Describe|List|Get)/.test(operation) && JSON.stringify(input ?? '').includes(subject),
    );
    expect(changes.filter(({ service }) => service !== 'states')).toEqual([]);
  });
}

function scene(workflow: string) {
  const made = SCENES[workflow];
  if (made === undefined) throw new Error(`there is no scene of ${workflow}`);
  return made(stage.region);
}

it('passes a dry run on a deployed stack through a throttled DescribeExecution', async () => {
  const { inputs, isGone } = deregistering(2);
  const name = `throttled-${Date.now()}`;
  const fault = stage.region.faults.inject({
    kind: 'throttle',
    service: 'states',
    times: 2,
    when: ({ operation, input }) =>
      /^(Start|Describe)Execution$/.test(operation) && JSON.stringify(input).includes(name),
  });
  const result = await run({ inputs: { ...inputs, ...machine('deregister-targets'), name, 'dry-run': 'true' } });
  expect(fault.hits).toBe(2);
  expect(result).toMatchObject({ exitCode: 0, outputs: { status: 'succeeded' } });
  expect(isGone()).toBe(false);
});

it('fails with the execution’s own reason, and says what to do next', async () => {
  const { inputs, id } = deregistering(2);
  stage.region.faults.inject({
    kind: 'access-denied',
    service: 'elasticloadbalancing',
    operation: 'DeregisterTargets',
    when: ({ input }) => JSON.stringify(input).includes(id),
  });
  const deployed = { ...machine('deregister-targets'), name: promptName('denied') };
  const results = await Promise.all([run({ inputs }), run({ inputs: { ...inputs, ...deployed } })]);
  for (const result of results) {
    expect(result).toMatchObject({ exitCode: 1, outputs: { status: 'failed' }, receipt: { status: 'failed' } });
    expect(result.errors).toEqual([
      expect.stringMatching(/^deregister-targets i-\w+: failed: .*DeregisterTargets.*not authorized/),
    ]);
    expect(result.summary).toContain('**What to do next**');
    expect(result.summary).toContain('Add the action that the reason names to the role');
  }
});

it('fails when the deadline comes first, unless it is told otherwise', async () => {
  const inputs = () => deregistering(300, 2).inputs;
  const [failing, passing, deployed] = await Promise.all([
    run({ inputs: inputs() }),
    run({ inputs: { ...inputs(), 'fail-on-timeout': 'false' } }),
    run({ inputs: { ...inputs(), ...machine('deregister-targets'), name: promptName('late') } }),
  ]);
  for (const { outputs, summary } of [failing, passing, deployed]) {
    expect(outputs.status).toBe('timed-out');
    expect(summary).toContain('`timeout-seconds`');
  }
  expect([failing, passing, deployed].map(({ exitCode }) => exitCode)).toEqual([1, 0, 1]);
});

it('attaches to its execution while that runs', async () => {
  const { inputs } = deregistering(300, 900);
  const step = { inputs: { ...inputs, ...machine('deregister-targets'), name: 'attached', 'on-cancel': 'leave' } };
  const first = start(step);
  await first.says('/executions/details/');
  const same = start(step);
  // Of a running execution with another input, Step Functions says only that it exists.
  const other = start({ inputs: { ...step.inputs, 'requested-by': 'somebody else' } });
  await Promise.all([same.says('::group::Progress'), other.says('already running')]);
  for (const { process } of [first, same, other]) process.kill('SIGINT');
  const results = await Promise.all([first.result, same.result, other.result]);
  const arns = new Set(results.map(({ outputs }) => outputs['execution-arn']));
  expect([...arns]).toEqual([expect.stringMatching(/:attached$/)]);
  for (const arn of arns) await stage.engine.stop(arn ?? '');
});

it('reports what has succeeded before, and starts nothing', async () => {
  const { inputs } = deregistering(2);
  const step = { inputs: { ...inputs, ...machine('deregister-targets'), name: promptName('reported') } };
  const first = await run(step);
  const second = await run(step);
  expect(second).toMatchObject({ exitCode: 0, receipt: first.receipt });
  expect(second.outputs).toEqual(first.outputs);
  expect(second.log).toContain('nothing was started');
});

it('starts anew what has failed before', async () => {
  const step = { ...deregistering(300, 2).inputs, ...machine('deregister-targets'), name: promptName('anew') };
  const before = await run({ inputs: step });
  const after = await run({ inputs: { ...step, wait: 'false' } });
  expect(before.outputs.status).toBe('timed-out');
  expect(after).toMatchObject({ exitCode: 0, outputs: { status: 'running' } });
  expect(after.outputs['execution-arn']).toBe(`${before.outputs['execution-arn']}-2`);
});

for (const [signal, onCancel, status, execution] of [
  ['SIGINT', 'stop', 'stopped', 'ABORTED'],
  ['SIGTERM', 'stop', 'stopped', 'ABORTED'],
  ['SIGTERM', 'leave', 'running', 'RUNNING'],
] as const) {
  it(`a job that is cancelled by ${signal} with on-cancel: ${onCancel} ends in time, ${status}`, async () => {
    const { inputs } = deregistering(300);
    const step = start({
      inputs: {
        ...inputs,
        ...machine('deregister-targets'),
        'on-cancel': onCancel,
        name: `cancel-${signal}-${onCancel}`,
      },
    });
    await step.says('::group::Progress');
    const cancelled = performance.now();
    step.process.kill(signal);
    const result = await step.result;
    expect(performance.now() - cancelled).toBeLessThan(7_500);
    expect(result).toMatchObject({ exitCode: 1, outputs: { status } });
    const described = await stage.engine.describe(result.outputs['execution-arn'] ?? '');
    expect(described.status).toBe(execution);
    await stage.engine.stop(described.executionArn);
  });
}

it('a cancelled job stops what runs inside the runner', async () => {
  const { inputs } = deregistering(300);
  const step = start({ inputs });
  await step.says('::group::Progress');
  const cancelled = performance.now();
  step.process.kill('SIGINT');
  const result = await step.result;
  expect(performance.now() - cancelled).toBeLessThan(7_500);
  expect(result).toMatchObject({ exitCode: 1, outputs: { status: 'stopped' } });
  expect(result.summary).toContain('stopped');
});

it('a job that is cancelled while Step Functions does not answer ends in time all the same', async () => {
  const { inputs } = deregistering(300);
  const name = 'unanswered';
  const asked = Promise.withResolvers<void>();
  stage.region.faults.inject({
    kind: 'timeout',
    service: 'states',
    when: ({ input }) => {
      const mine = JSON.stringify(input).includes(name);
      if (mine) asked.resolve();
      return mine;
    },
  });
  const step = start({ inputs: { ...inputs, ...machine('deregister-targets'), name } });
  await asked.promise;
  const cancelled = performance.now();
  step.process.kill('SIGINT');
  const result = await step.result;
  expect(performance.now() - cancelled).toBeLessThan(7_500);
  expect(result).toMatchObject({ exitCode: 1, outputs: { status: 'running' } });
  expect(result.errors[0]).toContain('did not answer');
});

it('stops waiting when it was told to: what is deployed goes on, what is in the runner is stopped', async () => {
  const limit = { 'wait-timeout-minutes': '0.03' };
  const [deployed, inside] = await Promise.all([
    run({ inputs: { ...deregistering(300).inputs, ...machine('deregister-targets'), ...limit, name: 'impatient' } }),
    run({ inputs: { ...deregistering(300).inputs, ...limit } }),
  ]);
  expect(deployed).toMatchObject({ exitCode: 1, outputs: { status: 'running' } });
  expect(deployed.errors[0]).toContain('wait-timeout-minutes');
  const arn = deployed.outputs['execution-arn'] ?? '';
  expect((await stage.engine.describe(arn)).status).toBe('RUNNING');
  await stage.engine.stop(arn);
  expect(inside).toMatchObject({ exitCode: 1, outputs: { status: 'stopped' } });
});

it('finds the state machine of a stack by its name', async () => {
  const { inputs } = deregistering(2);
  const [known, unknown] = await Promise.all([
    run({ inputs: { ...inputs, stack: 'sluice', wait: 'false' } }),
    run({ inputs: { ...inputs, stack: 'elsewhere' } }),
  ]);
  expect(known).toMatchObject({ exitCode: 0, outputs: { status: 'running' } });
  expect(known.outputs['execution-arn']).toContain(':sluice-deregister-targets:');
  expect(unknown).toMatchObject({ exitCode: 1, outputs: { status: 'refused' } });
  expect(unknown.errors).toEqual([expect.stringContaining('no state machine is called elsewhere-deregister-targets')]);
});

it('says so when the credentials expire while it waits, and that the execution goes on', async () => {
  const { inputs } = deregistering(300);
  const name = 'expired';
  stage.intercept((operation, body) =>
    operation === 'DescribeExecution' && body.includes(name) ? EXPIRED : undefined,
  );
  const result = await run({ inputs: { ...inputs, ...machine('deregister-targets'), name, 'dry-run': 'true' } });
  expect(result).toMatchObject({ exitCode: 1, outputs: { status: 'running' } });
  expect(result.errors).toEqual([expect.stringContaining('credentials expired')]);
  expect(result.errors[0]).toContain('role-duration-seconds');
  expect(result.summary).toContain('The execution goes on without this job');
});

it('goes on waiting with new credentials where a file brings them', async () => {
  const { inputs } = deregistering(2);
  const name = 'renewed';
  let asked = 0;
  stage.intercept((operation, body) => {
    if (operation !== 'DescribeExecution' || !body.includes(`${name}-dry`)) return undefined;
    asked += 1;
    return asked > 1 ? undefined : EXPIRED;
  });
  const result = await run({
    inputs: { ...inputs, ...machine('deregister-targets'), name, 'dry-run': 'true' },
    environment: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    credentialsFile: true,
  });
  expect(result.log).toContain('looking for new ones');
  expect(result).toMatchObject({ exitCode: 0, outputs: { status: 'succeeded' } });
});

it('tells every fault of the inputs in one annotation, and touches nothing', async () => {
  const before = stage.region.calls.all.length;
  const result = await run({
    inputs: {
      workflow: 'drain-instance',
      'instance-id': 'i-42',
      'timeout-seconds': '1h',
      'dry-run': 'maybe',
      'on-cancel': 'leave',
      wait: 'false',
      'load-balancer': 'web',
      'deployment-id': '7',
      'intance-id': 'i-0123456789abcdef0',
    },
    environment: { SLUICE_EVENT_BUSS: 'default' },
  });
  expect(result).toMatchObject({ exitCode: 1, outputs: { status: 'refused' } });
  expect(result.errors).toHaveLength(1);
  for (const fault of [
    'wait must be true without a stack',
    'on-cancel must be "stop" without a stack',
    'github-token must be given with a deployment-id',
    'instance-id must be an EC2 instance id such as "i-0123456789abcdef0", got "i-42"',
    'timeout-seconds must be a whole number from 1 to 2000000, got "1h"',
    'dry-run must be true or false, got "maybe"',
    'load-balancer is not an input of drain-instance',
    'intance-id is not an input of drain-instance',
    'SLUICE_EVENT_BUSS is no setting',
  ]) {
    expect(result.errors[0]).toContain(fault);
  }
  const mine = stage.region.calls.all.slice(before).filter(({ input }) => JSON.stringify(input ?? '').includes('i-42'));
  expect(mine).toEqual([]);
});

it('never writes a secret, whatever it is told to say', async () => {
  const token = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';
  const { inputs } = deregistering(2);
  const result = await run({
    inputs: {
      ...inputs,
      'github-token': token,
      'dry-run': 'true',
      'requested-by': 'x\n::error::forged ##[error]forged',
    },
    environment: { ACTIONS_STEP_DEBUG: 'true', RUNNER_DEBUG: '1' },
  });
  expect(result.exitCode).toBe(0);
  expect(result.errors).toEqual([]);
  expect(result.log).not.toContain('##[');
  // The runner is told once what to mask.
  expect(result.log.replace(`::add-mask::${token}\n`, '')).not.toContain(token);
  for (const text of [result.log, result.summary, JSON.stringify(result.outputs)]) expect(text).not.toContain(SECRET);
  expect(result.summary).not.toContain(token);
});
