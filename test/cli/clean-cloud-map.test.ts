import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CleanCloudMapReceipt } from '../../src/contract/clean-cloud-map.ts';
import { SimulatedAccount } from '../../src/simulated-region/account.ts';
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';
import type { Listening } from '../../src/simulated-region/transport.ts';
import { runBundled, SluiceProcess } from './child.ts';

// A machine that does much else at the same time.
const LONG = 120_000;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIASIMULATED', AWS_SECRET_ACCESS_KEY: 'simulated' };

beforeAll(runBundled, LONG);

/** In real time: two that live, in two regions, and one that is terminated. */
let account: SimulatedAccount;
let home: SimulatedRegion;
let listening: Listening;
let service: string;
let gone: string;

beforeEach(async () => {
  account = new SimulatedAccount({ cloudMap: { operationSeconds: [0, 0] } });
  home = account.region('eu-west-1');
  service = home.cloudMap.createService(home.cloudMap.createNamespace('prod'), 'web');
  register('eu-west-1');
  register('eu-central-1');
  gone = register('eu-west-1');
  home.ec2.terminate(gone);
  listening = await account.listen();
});

afterEach(() => listening.close());

function register(region: string, into = service): string {
  const { ec2 } = account.region(region);
  const id = ec2.launch();
  home.cloudMap.register(into, id, { AWS_INSTANCE_IPV4: ec2.instances.get(id)?.privateIpAddresses[0] ?? '' });
  return id;
}

/** As it stands in the old program's manifests; only the confirmation is sooner. */
const OLD = () => [
  ...['--service-id', service, '--service-region', 'eu-west-1', '--instances-region', 'eu-west-1', 'eu-central-1'],
];
const run = (...args: readonly string[]) =>
  new SluiceProcess(['run', 'clean-cloud-map', ...args, '--confirm-after-seconds', '1'], {
    ...CREDENTIALS,
    AWS_ENDPOINT_URL: listening.url,
  });

const logOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const left = () => [...home.cloudMap.registrations(service).keys()];

describe('with the arguments of aws-cloud-unmap', () => {
  test(
    'a single run removes what is gone, prints its receipt, logs JSON and ends with 0',
    async () => {
      const { code, stdout, stderr } = await run(...OLD(), '--single-run').done;
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
    },
    LONG,
  );

  test(
    'a single run that a guard refuses ends with 4 and a warning, and one that a region denies with 1',
    async () => {
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
      const denied = await run(...OLD(), '--single-run', '--log-level', 'CRITICAL').done;
      expect([denied.code, denied.stderr]).toEqual([1, '']);
      expect(JSON.parse(denied.stdout)).toMatchObject({
        reason: expect.stringMatching(/EC2 in eu-central-1 did not answer/),
      });
      expect(left()).toHaveLength(3);
    },
    LONG,
  );

  test(
    'a dry run of a namespace touches nothing',
    async () => {
      const { code, stdout } = await run(
        ...['--namespace', 'prod', '--service-region', 'eu-west-1', '--single-run', '--dry-run'],
        ...['--instances-region', 'eu-west-1', 'eu-central-1'],
      ).done;
      expect(code).toBe(0);
      expect(JSON.parse(stdout).wouldDo).toEqual([
        `deregister 1 of 3 from ${service}, if they still look stale: ${gone}`,
      ]);
      expect(account.calls.count({ operation: 'DeregisterInstance' })).toBe(0);
    },
    LONG,
  );

  test(
    'it reconciles at its frequency, several services, with metrics, until SIGTERM',
    async () => {
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
    },
    LONG,
  );

  test(
    'SIGINT and SIGTERM while a reconcile runs let it finish; then the process ends, by itself',
    async () => {
      const ended = (['SIGINT', 'SIGTERM'] as const).map(async (signal) => {
        const process = run(...OLD(), '--frequency', '3600');
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
    },
    LONG,
  );

  test(
    'a second signal ends it at once, with 130, and nothing more is removed',
    async () => {
      const process = new SluiceProcess(['run', 'clean-cloud-map', ...OLD(), '--confirm-after-seconds', '600'], {
        ...CREDENTIALS,
        AWS_ENDPOINT_URL: listening.url,
      });
      while (account.calls.count({ operation: 'DescribeInstances' }) < 2) await nextCall();
      process.kill('SIGTERM');
      await process.says('Shutting down');
      process.kill('SIGINT');
      expect((await process.done).code).toBe(130);
      expect(account.calls.count({ operation: 'DeregisterInstance' })).toBe(0);
    },
    LONG,
  );

  test(
    'arguments that cannot be used are all told, by the names they were given, and end with 2',
    async () => {
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
    },
    LONG,
  );
});

test(
  'without them it is a workflow like the others: one execution, and its receipt',
  async () => {
    const { code, stdout } = await run(
      ...['--region', 'eu-west-1', '--services', service, '--json'],
      ...['--instances-regions', 'eu-west-1', '--instances-regions', 'eu-central-1'],
    ).done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ workflow: 'clean-cloud-map', totals: { removed: 1 } });
  },
  LONG,
);

/** Until somebody has called the region again. */
function nextCall(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    account.calls.onCall(() => {
      if (!told) resolve();
      told = true;
    });
  });
}
