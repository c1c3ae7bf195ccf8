/** Services and fleets in several simulated regions, the shipped definitions on an embedded engine, and virtual time. */
import { type Clock, install } from '@sinonjs/fake-timers';
import { DEFINITIONS } from '../../../functions/registry.ts';
import { cloudMapClient, deregister, registrationsFrom } from '../../../src/aws/cloud-map.ts';
import { describeInstances, ec2Client } from '../../../src/aws/ec2.ts';
import { eventBridgeClient, putEvent } from '../../../src/aws/events.ts';
import { CleanCloudMapReceipt } from '../../../src/contract/clean-cloud-map.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import type { ExecutionDescription, HistoryEvent } from '../../../src/engine/workflow-engine.ts';
import { SimulatedAccount } from '../../../src/simulated-region/account.ts';
import type { LaunchSpec } from '../../../src/simulated-region/ec2.ts';
import type { RegionOptions, SimulatedRegion } from '../../../src/simulated-region/region.ts';
import { recordCalls } from '../../support/calls.ts';
import { recordedHandlers } from '../../support/recorded-handlers.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
export const HOME = 'eu-west-1';

export type CloudMapLabOptions = Omit<RegionOptions, 'region' | 'calls'> & {
  readonly engine?: Partial<EmbeddedEngineOptions>;
  readonly settings?: Readonly<Record<string, string>>;
};

export interface Run {
  readonly ended: ExecutionDescription;
  readonly receipt: CleanCloudMapReceipt;
  /** Line of the only service. */
  readonly line: CleanCloudMapReceipt['services']['first'][number];
}

/**
 * Calls every client once, on real time. The SDK loads parts of itself when they are first needed, which takes real time;
 * on virtual time a step's budget would be over by then.
 */
export async function warmUp(): Promise<void> {
  const account = new SimulatedAccount();
  const { cloudMap } = account.region(HOME);
  const service = cloudMap.createService(cloudMap.createNamespace('warm'), 'up');
  cloudMap.register(service, 'i-0123456789abcdef0', {});
  const { requestHandler, credentials, endpoint } = account.clientConfig(HOME);
  const aws = { requestHandler, credentials, endpoint };
  await registrationsFrom(cloudMapClient(aws, HOME), service, undefined, 1);
  await deregister(cloudMapClient(aws, HOME), service, 'i-0123456789abcdef0');
  await deregister(cloudMapClient(aws, HOME), service, 'i-0123456789abcdef0');
  await describeInstances(ec2Client(aws, HOME), ['i-0123456789abcdef0']);
  await putEvent(eventBridgeClient(aws, HOME), 'default', { detailType: 'warm', resources: [], detail: {} });
  account.region(HOME).faults.inject({ kind: 'access-denied', service: 'ec2' });
  await describeInstances(ec2Client(aws, HOME), ['i-0123456789abcdef0']).catch((error: unknown) => error);
}

export class CloudMapLab {
  readonly clock: Clock;
  readonly account: SimulatedAccount;
  readonly home: SimulatedRegion;
  engine: EmbeddedEngine;
  readonly #options: CloudMapLabOptions;
  readonly #namespace: string;
  #runs = 0;

  constructor(options: CloudMapLabOptions = {}) {
    this.#options = options;
    this.clock = install({
      now: NOON,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    });
    this.account = new SimulatedAccount(options);
    recordCalls(this.account);
    this.home = this.account.region(HOME);
    this.#namespace = this.home.cloudMap.createNamespace('prod');
    this.engine = this.newEngine();
  }

  newEngine(more: Partial<EmbeddedEngineOptions> = {}): EmbeddedEngine {
    const { requestHandler, credentials, endpoint } = this.account.clientConfig(HOME);
    const environment = {
      aws: { requestHandler, credentials, endpoint },
      settings: readSettings(this.#options.settings ?? {}),
      now: Date.now,
      random: () => 0.5,
    };
    return new EmbeddedEngine({
      definitions: DEFINITIONS,
      definitionsChecked: true,
      handlers: recordedHandlers(environment),
      journal: ':memory:',
      region: HOME,
      accountId: this.home.accountId,
      ...this.#options.engine,
      ...more,
    });
  }

  service(name = 'web'): string {
    return this.home.cloudMap.createService(this.#namespace, name);
  }

  /** An instance in a region, registered under its first address. @returns its id */
  registered(service: string, { region = HOME, ...spec }: LaunchSpec & { readonly region?: string } = {}): string {
    const id = this.account.region(region).ec2.launch(spec);
    this.register(service, id, this.address(id, region));
    return id;
  }

  /** Instances that run, each registered. */
  alive(service: string, count: number, region = HOME): string[] {
    return Array.from({ length: count }, () => this.registered(service, { region }));
  }

  /** Registrations of instances that EC2 says are terminated or shutting down. */
  terminated(service: string, count: number, region = HOME): string[] {
    const ids = this.alive(service, count, region);
    for (const id of ids) this.account.region(region).ec2.terminate(id);
    return ids;
  }

  /** Registrations of instances that no region knows. */
  absent(service: string, count: number): string[] {
    return Array.from({ length: count }, (_, index) => {
      const id = this.home.world.identifier('i');
      this.register(service, id, `172.16.${index >> 8}.${index & 255}`);
      return id;
    });
  }

  register(service: string, id: string, address: string): void {
    this.home.cloudMap.register(service, id, { AWS_INSTANCE_IPV4: address });
  }

  address(id: string, region = HOME): string {
    return this.account.region(region).ec2.instances.get(id)?.privateIpAddresses[0] ?? '';
  }

  left(service: string): string[] {
    return [...this.home.cloudMap.registrations(service).keys()];
  }

  /** Lets so much virtual time pass, once nothing that takes real time is on its way. */
  async pass(seconds: number): Promise<void> {
    await filesRead();
    await this.clock.tickAsync(seconds * 1000);
  }

  /** Lets the terminated ones reach their last state, and the log of calls begin here. */
  async settle(seconds = 120): Promise<void> {
    await this.pass(seconds);
    this.account.calls.clear();
  }

  async start(input: Readonly<Record<string, unknown>>): Promise<string> {
    this.#runs += 1;
    const { executionArn } = await this.engine.start({
      workflow: 'clean-cloud-map',
      name: `run-${this.#runs}`,
      input: { region: HOME, instancesRegions: [HOME], ...input },
    });
    return executionArn;
  }

  async run(input: Readonly<Record<string, unknown>>): Promise<Run> {
    return this.end(await this.start(input));
  }

  /** Lets time pass until the execution has ended. */
  async end(executionArn: string): Promise<Run> {
    const limit = Date.now() + 200_000_000;
    let ended: ExecutionDescription | undefined;
    void this.engine.waitFor(executionArn).then((description) => {
      ended = description;
    });
    await this.clock.tickAsync(0);
    while (ended === undefined) {
      if (Date.now() > limit) throw new Error(`${executionArn} does not end`);
      await filesRead();
      await this.clock.nextAsync();
    }
    const receipt = CleanCloudMapReceipt.parse(ended.output ?? JSON.parse(ended.cause ?? ''));
    const [line] = receipt.services.first;
    if (line === undefined && receipt.services.count > 0) throw new Error('the receipt has no line');
    return { ended, receipt, line: line as Run['line'] };
  }

  async history(executionArn: string): Promise<readonly HistoryEvent[]> {
    return this.engine.history(executionArn);
  }

  /** Everything that was taken out of a service, as AWS was asked for it. */
  deregistered(): string[] {
    return this.account.calls.all
      .filter(({ operation, outcome }) => operation === 'DeregisterInstance' && outcome === 'ok')
      .map(({ input }) => (input as { InstanceId: string }).InstanceId);
  }

  async close(): Promise<void> {
    const closing = this.engine.close();
    await this.clock.tickAsync(1000);
    await closing;
    this.clock.uninstall();
  }
}

/** A client that is new reads the host's AWS configuration, in real time: virtual time must stand still meanwhile. */
async function filesRead(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')));
}
