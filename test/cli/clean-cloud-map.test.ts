import { describe, expect } from '@jest/globals';
import { CleanCloudMapReceipt } from '../../src/contract/clean-cloud-map.ts';
import { SimulatedAccount } from '../../src/simulated-region/account.ts';
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { inScenes } from '../support/together.ts';
import { runBundled, SluiceProcess } from './child.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIASIMULATED', AWS_SECRET_ACCESS_KEY: 'simulated' };

interface Scene {
  readonly account: SimulatedAccount;
  readonly home: SimulatedRegion;
  readonly service: string;
  /** The one that is terminated. */
  readonly gone: string;
  register(region: string, into?: string): string;
  left(): string[];
  /** As they stand in the old program's manifests. */
  readonly old: readonly string[];
  start(...args: readonly string[]): SluiceProcess;
  /** The same, only the confirmation is sooner. */
  run(...args: readonly string[]): SluiceProcess;
  /** Until somebody has called the region again. */
  nextCall(): Promise<void>;
  close(): Promise<void>;
}

/** In real time: two that live, in two regions, and one that is terminated. */
async function open(): Promise<Scene> {
  const account = new SimulatedAccount({ cloudMap: { operationSeconds: [0, 0] } });
  const home = account.region('eu-west-1');
  const service = home.cloudMap.createService(home.cloudMap.createNamespace('prod'), 'web');
  const register = (region: string, into = service): string => {
    const { ec2 } = account.region(region);
    const id = ec2.launch();
    home.cloudMap.register(into, id, { AWS_INSTANCE_IPV4: ec2.instances.get(id)?.privateIpAddresses[0] ?? '' });
    return id;
  };
  register('eu-west-1');
  register('eu-central-1');
  const gone = register('eu-west-1');
  home.ec2.terminate(gone);
  const { url, close } = await account.listen();
  const start = (...args: readonly string[]) =>
    new SluiceProcess(['run', 'clean-cloud-map', ...args], { ...CREDENTIALS, AWS_ENDPOINT_URL: url });
  return {
    account,
    home,
    service,
    gone,
    register,
    left: () => [...home.cloudMap.registrations(service).keys()],
    old: ['--service-id', service, '--service-region', 'eu-west-1', '--instances-region', 'eu-west-1', 'eu-central-1'],
    start,
    run: (...args) => start(...args, '--confirm-after-seconds', '1'),
    nextCall: () =>
      new Promise((resolve) => {
        let told = false;
        account.calls.onCall(() => {
          if (!told) resolve();
          told = true;
        });
      }),
    close,
  };
}

/** Each case has an account of its own. */
const it = inScenes(runBundled, 4, open);

const logOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('with the arguments of aws-cloud-unmap', () => {
  it('a single run removes what is gone, prints its receipt, logs JSON and ends with 0', async ({
    service,
    gone,
    left,
    old,
    run,
  }) => {
    const { code, stdout, stderr } = await run(...old, '--single-run').done;
    const receipt = CleanCloudMapReceipt.parse(JSON.parse(stdout));
    expect([code, receipt.status, receipt.totals.removed]).toEqual([0, 'succeeded', 1]);
    expect(left()).not.toContain(gone);
    expect(left()).toHaveLength(2);
    const log = logOf(stderr);
    expect(log.map(({ levelname }) => levelname)).toEqual(['INFO', 'WARNING', 'INFO']);
    expect(log[1]).toEqual({
      asctime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      levelname: 'WARNING',
      message: `Deregistered 1 stale instances from service ${service}`,
      service_id: service,
      instance_ids: [gone],
    });
  });

  it('a single run that a guard refuses ends with 4 and a warning, and one that a region denies with 1', async ({
    account,
    service,
    left,
    old,
    run,
  }) => {
    const forgotten = await run(
      '--service-id',
      service,
      '--service-region',
      'eu-west-1',
      '--single-run',
      ...['--instances-region', 'us-east-1', '--log-level', 'WARNING'],
    ).done;
    expect(forgotten.code).toBe(4);
    expect(logOf(forgotten.stderr)[0]).toMatchObject({
      levelname: 'WARNING',
      message: expect.stringMatching(/all 3 look stale.*nothing was deregistered, for safety/),
    });
    account.region('eu-central-1').faults.inject({ kind: 'access-denied', service: 'ec2' });
    const denied = await run(...old, '--single-run', '--log-level', 'CRITICAL').done;
    expect([denied.code, denied.stderr]).toEqual([1, '']);
    expect(JSON.parse(denied.stdout)).toMatchObject({
      reason: expect.stringMatching(/EC2 in eu-central-1 did not answer/),
    });
    expect(left()).toHaveLength(3);
  });

  it('a dry run of a namespace touches nothing', async ({ account, service, gone, run }) => {
    const { code, stdout } = await run(
      ...['--namespace', 'prod', '--service-region', 'eu-west-1', '--single-run', '--dry-run'],
      ...['--instances-region', 'eu-west-1', 'eu-central-1'],
    ).done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).wouldDo).toEqual([
      `deregister 1 of 3 from ${service}, if they still look stale: ${gone}`,
    ]);
    expect(account.calls.count({ operation: 'DeregisterInstance' })).toBe(0);
  });

  it('it reconciles at its frequency, several services, with metrics, until SIGTERM', async ({
    account,
    home,
    service,
    register,
    run,
    nextCall,
  }) => {
    const second = home.cloudMap.createService(home.cloudMap.createNamespace('other'), 'api');
    const lost = register('eu-west-1', second);
    home.ec2.terminate(lost);
    const process = run(
      ...['--service-id', service, second, '--service-region', 'eu-west-1', '--frequency', '1'],
      ...['--instances-region', 'eu-west-1', 'eu-central-1', '--enable-prometheus', '--prometheus-port', '0'],
    );
    await process.says('Checked EC2');
    const first = account.calls.count({ operation: 'ListInstances' });
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(process.stderr)?.[1];
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain(`aws_cloud_unmap_up{service_id="${service}"} 1`);
    expect(metrics).toContain(`aws_cloud_unmap_up{service_id="${second}"} 1`);
    const success = new RegExp(
      `aws_cloud_unmap_last_reconcile_success_timestamp_seconds{service_id="${service}"} (\\d+)`,
    ).exec(metrics)?.[1];
    expect(Math.abs(Number(success) - Date.now() / 1000)).toBeLessThan(60);
    // All of its registrations look stale: no success, and the guard that says so.
    expect(metrics).not.toContain(`timestamp_seconds{service_id="${second}"}`);
    expect(metrics).toContain(`sluice_cloud_map_removed_total{service_id="${service}"} 1`);
    expect(metrics).toContain(`sluice_cloud_map_retained{service_id="${second}",guard="minRemaining"} 1`);
    while (account.calls.count({ operation: 'ListInstances' }) === first) await nextCall();
    process.kill('SIGTERM');
    const { code, signal, stderr } = await process.done;
    expect([code, signal]).toEqual([0, null]);
    expect(stderr).toContain('"message":"Shutting down"');
  });

  it('SIGINT and SIGTERM while a reconcile runs let it finish; then the process ends, by itself', async ({
    gone,
    left,
    old,
    run,
  }) => {
    const ended = (['SIGINT', 'SIGTERM'] as const).map(async (signal) => {
      const process = run(...old, '--frequency', '3600');
      await process.says('Checking');
      process.kill(signal);
      return process.done;
    });
    for (const { code, stderr } of await Promise.all(ended)) {
      expect(code).toBe(0);
      const messages = logOf(stderr).map(({ message }) => String(message));
      expect(messages.indexOf('Shutting down')).toBeGreaterThan(-1);
      expect(messages.indexOf('Shutting down')).toBeLessThan(messages.length - 1);
      expect(messages.at(-1)).toMatch(/^Checked EC2 instances/);
    }
    expect(left()).not.toContain(gone);
  });

  it('a second signal ends it at once, with 130, and nothing more is removed', async ({
    account,
    old,
    start,
    nextCall,
  }) => {
    const process = start(...old, '--confirm-after-seconds', '600');
    while (account.calls.count({ operation: 'DescribeInstances' }) < 2) await nextCall();
    process.kill('SIGTERM');
    await process.says('Shutting down');
    process.kill('SIGINT');
    expect((await process.done).code).toBe(130);
    expect(account.calls.count({ operation: 'DeregisterInstance' })).toBe(0);
  });

  it('arguments that cannot be used are all told, by the names they were given, and end with 2', async ({
    account,
    run,
  }) => {
    const { code, stderr } = await run(
      '--service-id',
      'web',
      '--instances-region',
      'ireland',
      '--frequency',
      '5m',
      ...['--log-level', 'debug', '--prometheus-port', '99999', '--journal', 'x'],
    ).done;
    expect(code).toBe(2);
    for (const option of [
      '--service-id',
      '--service-region',
      '--instances-region',
      '--frequency',
      '--log-level',
      '--prometheus-port',
      '--journal',
    ]) {
      expect(stderr).toContain(option);
    }
    expect(account.calls.count()).toBe(0);
  });
});

it('without them it is a workflow like the others: one execution, and its receipt', async ({ service, run }) => {
  const { code, stdout } = await run(
    ...['--region', 'eu-west-1', '--services', service, '--json'],
    ...['--instances-regions', 'eu-west-1', '--instances-regions', 'eu-central-1'],
  ).done;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ workflow: 'clean-cloud-map', totals: { removed: 1 } });
});
