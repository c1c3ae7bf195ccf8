import type { HttpHandler } from '@smithy/core/protocols';
import { AutoScalingModel } from './auto-scaling.ts';
import { CallLog } from './calls.ts';
import { ClassicElbModel } from './classic-elb.ts';
import { CloudMapModel, type CloudMapOptions } from './cloud-map.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Ec2Options } from './ec2.ts';
import { Ec2Model } from './ec2.ts';
import { EcsModel } from './ecs.ts';
import { ElbV2Model } from './elbv2.ts';
import { EventsModel } from './events.ts';
import { Faults } from './faults.ts';
import { RegionOutbox } from './outbox.ts';
import { Randomness } from './randomness.ts';
import { RegionWorld } from './region-world.ts';
import type { BucketName, ServiceModel } from './service.ts';
import { TaggingModel } from './tagging.ts';
import { TokenBuckets } from './token-buckets.ts';
import { TrafficModel } from './traffic.ts';
import type { HandlerOptions, Listening } from './transport.ts';
import { listen, requestHandlerFor } from './transport.ts';
import type { WireRequest, WireResponse } from './wire/messages.ts';

export interface RegionOptions {
  readonly region?: string;
  readonly accountId?: string;
  /** Two regions made from one seed and driven alike behave alike, to the identifiers. */
  readonly seed?: number;
  /** Token buckets to enforce: all, none, or those named. */
  readonly enforceBuckets?: boolean | readonly BucketName[];
  readonly ec2?: Ec2Options;
  readonly cloudMap?: CloudMapOptions;
  /** A log to share with other regions. */
  readonly calls?: CallLog;
}

/** What an SDK client needs to talk to a region in this process, and nothing that it would read from the host. */
export interface ClientConfig {
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requestHandler: HttpHandler;
  readonly endpoint: string;
  readonly maxAttempts: number;
  readonly retryMode: string;
  readonly useDualstackEndpoint: boolean;
  readonly useFipsEndpoint: boolean;
}

/** One region of one account. */
export class SimulatedRegion {
  readonly region: string;
  readonly accountId: string;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly buckets = new TokenBuckets();
  readonly outbox: RegionOutbox;
  readonly world: RegionWorld;
  readonly ec2: Ec2Model;
  readonly traffic: TrafficModel;
  readonly elbv2: ElbV2Model;
  readonly classicElb: ClassicElbModel;
  readonly tagging: TaggingModel;
  readonly ecs: EcsModel;
  readonly autoScaling: AutoScalingModel;
  readonly events: EventsModel;
  readonly cloudMap: CloudMapModel;
  readonly #dispatcher: Dispatcher;

  constructor(options: RegionOptions = {}) {
    this.region = options.region ?? 'eu-west-1';
    this.accountId = options.accountId ?? '123456789012';
    this.calls = options.calls ?? new CallLog();
    const seed = options.seed ?? 1;
    // Separate streams: more calls or faults must not change what the models draw.
    this.faults = new Faults(new Randomness(seed + 1));
    this.buckets.enforce(options.enforceBuckets ?? false);
    this.outbox = new RegionOutbox(this.region, this.accountId, new Randomness(seed + 2));
    this.world = new RegionWorld(this.region, this.accountId, seed, this.outbox);
    this.#dispatcher = new Dispatcher({
      region: this.region,
      calls: this.calls,
      faults: this.faults,
      buckets: this.buckets,
      randomness: new Randomness(seed + 3),
    });
    // Each model sees those before it while it is constructed, and all of them afterwards.
    const { directories } = this.world;
    this.ec2 = new Ec2Model(this.world, options.ec2);
    directories.instances = this.ec2.instances;
    this.traffic = new TrafficModel(this.world);
    directories.backends = this.traffic;
    this.elbv2 = new ElbV2Model(this.world);
    directories.targets = this.elbv2;
    this.classicElb = new ClassicElbModel(this.world);
    this.tagging = new TaggingModel(() => this.elbv2.tagged());
    this.ecs = new EcsModel(this.world);
    this.autoScaling = new AutoScalingModel(this.world, this.ec2);
    this.events = new EventsModel(this.world, this.outbox);
    this.cloudMap = new CloudMapModel(this.world, options.cloudMap);
    for (const model of [
      this.ec2,
      this.elbv2,
      this.classicElb,
      this.tagging,
      this.ecs,
      this.autoScaling,
      this.events,
      this.cloudMap,
    ])
      this.use(model.service);
  }

  /** Adds a service to the wire. */
  use(service: ServiceModel): void {
    this.#dispatcher.use(service);
  }

  /** The one way in. @throws ConnectionReset where a fault breaks the connection. */
  handle(request: WireRequest): Promise<WireResponse> {
    return this.#dispatcher.handle(request);
  }

  /** Plugs into any SDK client; no network, and no timer unless a latency is asked for. */
  requestHandler(options: HandlerOptions = {}): HttpHandler {
    return requestHandlerFor((request) => this.handle(request), options);
  }

  /** Serves HTTP for the AWS CLI and other programs. */
  listen(options: { readonly host?: string; readonly port?: number } = {}): Promise<Listening> {
    return listen((request) => this.handle(request), options);
  }

  clientConfig(options: HandlerOptions = {}): ClientConfig {
    return clientConfigFor(this.region, this.requestHandler(options));
  }
}

export function clientConfigFor(region: string, requestHandler: HttpHandler): ClientConfig {
  return {
    region,
    credentials: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' },
    requestHandler,
    // A name that never resolves: a client that lost its handler cannot reach the real service by mistake.
    endpoint: 'https://simulated-region.invalid',
    maxAttempts: 3,
    retryMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  };
}
