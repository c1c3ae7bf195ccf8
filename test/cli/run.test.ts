import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect } from '@jest/globals';
import { DrainInstanceReceipt } from '../../src/contract/drain-instance.ts';
import { LifecycleEvent } from '../../src/contract/events.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { inScenes } from '../support/together.ts';
import { runBundled, SluiceProcess, sluice } from './child.ts';

interface Scene {
  readonly region: SimulatedRegion;
  readonly instanceId: string;
  readonly url: string;
  /** For files. */
  readonly directory: string;
  drain(...more: readonly string[]): string[];
  /** Scales the instance in. @returns the options that name its lifecycle action */
  lifecycleOptions(): string[];
  statusOfTask(): string | undefined;
  close(): Promise<void>;
}

/** In real time: an instance in a cluster and in a group, whose task ends as soon as it is told to. */
async function open(): Promise<Scene> {
  const region = new SimulatedRegion();
  const instanceId = region.ec2.launch();
  region.autoScaling.createGroup({ name: 'web' });
  region.autoScaling.putLifecycleHook('web', { name: 'sluice-drain', heartbeatTimeout: 3600 });
  region.autoScaling.attachInstance('web', instanceId);
  region.ecs.createCluster('web');
  region.ecs.registerContainerInstance('web', instanceId);
  const task = region.ecs.startTask({ cluster: 'web', instance: instanceId, startSeconds: 0, stopSeconds: 0 });
  const { url, close } = await region.listen();
  return {
    region,
    instanceId,
    url,
    directory: mkdtempSync(path.join(tmpdir(), 'sluice-run-')),
    drain: (...more) => [
      ...['run', 'drain-instance', '--region', 'eu-west-1', '--instance-id', instanceId, '--endpoint-url', url],
      ...['--min-poll-interval-seconds', '1', '--json', ...more],
    ],
    lifecycleOptions: () => {
      region.autoScaling.scaleIn('web', instanceId);
      const { detail } = LifecycleEvent.parse(region.outbox.events.at(-1));
      return [
        ...['--auto-scaling-group-name', detail.AutoScalingGroupName],
        ...['--lifecycle-hook-name', detail.LifecycleHookName],
        ...['--lifecycle-action-token', detail.LifecycleActionToken],
      ];
    },
    statusOfTask: () => region.ecs.tasksOn(instanceId).find(({ taskArn }) => taskArn === task)?.lastStatus,
    close,
  };
}

/** Each case has a region of its own. */
const it = inScenes(runBundled, 4, open);

const receiptOf = (stdout: string) => DrainInstanceReceipt.parse(JSON.parse(stdout));

describe('sluice run drain-instance', () => {
  it('drains the instance, completes its lifecycle action, and prints only the receipt on standard output', async ({
    region,
    drain,
    statusOfTask,
    lifecycleOptions,
  }) => {
    const { code, stdout, stderr } = await sluice(drain('--standalone-tasks', 'stop', ...lifecycleOptions()));
    expect(stderr).toContain('Stop Standalone Tasks');
    expect(receiptOf(stdout)).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(code).toBe(0);
    expect(statusOfTask()).toBe('STOPPED');
    expect(region.autoScaling.completionAttempts.map(({ result, accepted }) => [result, accepted])).toEqual([
      ['CONTINUE', true],
    ]);
  });

  it('goes on after it was killed, when the same command is given again', async ({
    region,
    directory,
    drain,
    lifecycleOptions,
    instanceId,
  }) => {
    const command = drain(
      '--standalone-tasks',
      'stop',
      '--journal',
      path.join(directory, 'journal.sqlite'),
      ...lifecycleOptions(),
    );
    const first = new SluiceProcess(command);
    await first.says('Stop Standalone Tasks');
    first.kill('SIGKILL');
    expect((await first.done).signal).toBe('SIGKILL');
    const second = await sluice(command);
    expect(second.stderr).toContain('1 unfinished');
    expect(receiptOf(second.stdout)).toMatchObject({ status: 'succeeded', tasks: { stoppedByUs: 1 } });
    expect(region.autoScaling.completionAttempts.filter(({ accepted }) => accepted)).toHaveLength(1);
    const journal = ['--journal', path.join(directory, 'journal.sqlite')];
    const list = await sluice(['status', ...journal]);
    expect(list.stdout).toMatch(new RegExp(`SUCCEEDED +\\d+ s +drain-instance-${instanceId}-[0-9a-f]{16}\\n$`));
    const name = list.stdout.trim().split(' ').at(-1) ?? '';
    const shown = await sluice(['status', name, '--json', ...journal]);
    expect(receiptOf(shown.stdout)).toEqual(receiptOf(second.stdout));
    const third = await sluice(command);
    expect(third.stderr).toContain('it has succeeded before');
    expect(receiptOf(third.stdout)).toEqual(receiptOf(second.stdout));
  });

  it('with --dry-run looks once and touches nothing', async ({ region, drain, statusOfTask, lifecycleOptions }) => {
    const { code, stdout } = await sluice(drain('--dry-run', ...lifecycleOptions()));
    expect(receiptOf(stdout)).toMatchObject({ status: 'succeeded', dryRun: true, polls: 1 });
    expect(code).toBe(0);
    expect(statusOfTask()).toBe('RUNNING');
    expect(region.autoScaling.completionAttempts).toEqual([]);
    const changing = Object.keys(region.calls.counts()).filter((call) => !/:(List|Describe|PutEvents)/.test(call));
    expect(changing).toEqual([]);
  });

  it('reads the input from a document, and lets options say it last', async ({ url, directory, instanceId }) => {
    const file = path.join(directory, 'input.json');
    writeFileSync(
      file,
      JSON.stringify({ region: 'eu-west-1', instanceId, dryRun: false, requestedBy: 'the document' }),
    );
    const { stdout } = await sluice([
      ...['run', 'drain-instance', '--input', file, '--dry-run', '--requested-by', 'the option', '--json'],
      ...['--endpoint-url', url],
    ]);
    expect(receiptOf(stdout)).toMatchObject({ subject: instanceId, dryRun: true, requestedBy: 'the option' });
  });

  for (const { status, code, options, environment } of [
    {
      status: 'timed-out',
      code: 3,
      options: ['--standalone-tasks', 'wait', '--timeout-seconds', '1'],
      environment: {},
    },
    { status: 'refused', code: 4, options: [], environment: { SLUICE_ALLOWED_REGIONS: 'us-east-1' } },
    { status: 'failed', code: 1, options: ['--cluster', 'no-such-cluster'], environment: {} },
  ]) {
    it(`ends with ${code} when the receipt says ${status}`, async ({ drain }) => {
      const finished = await sluice(drain(...options), environment);
      expect(receiptOf(finished.stdout).status).toBe(status);
      expect(finished.code).toBe(code);
    });
  }

  it('prints the receipt for people unless told otherwise', async ({ drain }) => {
    const { stdout } = await sluice(drain('--dry-run').filter((option) => option !== '--json'));
    expect(stdout).toMatch(/^workflow +drain-instance$/m);
    expect(stdout).toMatch(/^tasks\.alive\.standalone +1$/m);
  });
});

describe('Ctrl-C', () => {
  for (const { policy, outcome, completions } of [
    { policy: 'leave', outcome: 'left', completions: [] },
    { policy: 'continue', outcome: 'continued', completions: ['CONTINUE'] },
    { policy: 'abandon', outcome: 'abandoned', completions: ['ABANDON'] },
  ]) {
    it(`stops the drain, and with --lifecycle ${policy} the lifecycle action is ${outcome}`, async (scene) => {
      const { region, drain, lifecycleOptions, statusOfTask } = scene;
      const running = new SluiceProcess(
        drain('--standalone-tasks', 'wait', '--lifecycle', policy, ...lifecycleOptions()),
      );
      await running.says('Observe Drain');
      running.kill('SIGINT');
      const { code, stdout } = await running.done;
      expect(code).toBe(130);
      expect(receiptOf(stdout)).toMatchObject({
        status: 'stopped',
        lifecycle: { outcome },
        tasks: { alive: { standalone: 1 } },
      });
      expect(region.autoScaling.completionAttempts.map(({ result }) => result)).toEqual(completions);
      expect(statusOfTask()).toBe('RUNNING');
    });
  }

  it('the second one leaves at once, even when AWS does not answer', async ({ region, drain, lifecycleOptions }) => {
    region.faults.inject({ kind: 'timeout', operation: 'CompleteLifecycleAction' });
    const running = new SluiceProcess(
      drain('--standalone-tasks', 'wait', '--lifecycle', 'continue', ...lifecycleOptions()),
    );
    await running.says('Observe Drain');
    running.kill('SIGINT');
    await running.says('SIGINT: stopping');
    running.kill('SIGINT');
    const { code, stdout } = await running.done;
    expect(code).toBe(130);
    expect(stdout).toBe('');
  });
});

describe('what cannot be used', () => {
  it('is said all at once, before anything is called', async () => {
    const { code, stdout, stderr } = await sluice(
      [
        ...['run', 'drain-instance', '--endpoint-url', 'nowhere', '--lifecycle', 'forget'],
        ...['--instance-id', 'web-1', '--timeout-seconds', '1h', '--on-timeout', 'explode', '--target-groups', 'a,b'],
      ],
      { SLUICE_HOOK_PREFFIX: 'mine' },
    );
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const text of [
      '--lifecycle must be one of "leave", "continue", "abandon", got "forget"',
      '--endpoint-url must be a URL such as "http://127.0.0.1:4600", got "nowhere"',
      'SLUICE_HOOK_PREFFIX is no setting',
      'region (--region) must be an AWS region such as "eu-west-1", got nothing',
      'instanceId (--instance-id) must be an EC2 instance id',
      'timeoutSeconds (--timeout-seconds) must be a whole number from 1 to 2000000, got "1h"',
      'onTimeout (--on-timeout) must be one of "continue", "abandon", got "explode"',
      'targetGroups[1] (--target-groups) must be the ARN of a target group, got "b"',
    ]) {
      expect(stderr).toContain(text);
    }
  });

  for (const { name, args, says } of [
    { name: 'an unknown option', args: ['run', 'drain-instance', '--instanceid', 'i-1'], says: 'unknown option' },
    { name: 'an unknown workflow', args: ['run', 'drain'], says: 'unknown command' },
    { name: 'an unknown command', args: ['drian'], says: 'unknown command' },
    { name: 'a port that is none', args: ['simulate', '--port', '70000'], says: 'from 0 to 65535' },
    { name: 'a status of nowhere', args: ['status'], says: '--aws-region must be an AWS region' },
    {
      name: 'a document that is not there',
      args: ['run', 'drain-instance', '--input', '/no/such/file'],
      says: '--input must be',
    },
  ]) {
    it(`${name} ends with 2`, async () => {
      const { code, stderr } = await sluice(args);
      expect(stderr).toContain(says);
      expect(code).toBe(2);
    });
  }

  it('a journal that cannot be written is said in a line', async ({ directory, drain }) => {
    const { code, stderr } = await sluice(drain('--journal', path.join(directory, 'no', 'such', 'folder', 'journal')));
    expect(stderr).toMatch(/^JournalUnavailable: /m);
    expect(code).toBe(1);
  });
});

it('status of a journal that is not there ends with 1, and makes none', async ({ directory }) => {
  const journal = path.join(directory, 'journal.sqlite');
  const { code, stderr } = await sluice(['status', '--journal', journal]);
  expect(stderr).toContain('NothingThere: there is no journal');
  expect(code).toBe(1);
  expect(existsSync(journal)).toBe(false);
});

it('--version and --help say what they should, and end with 0', async () => {
  const version = await sluice(['--version']);
  expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  const help = await sluice(['--help']);
  expect(help.code).toBe(0);
  for (const text of ['sluice demo', 'simulate', 'Exit codes: 0 succeeded']) expect(help.stdout).toContain(text);
});
