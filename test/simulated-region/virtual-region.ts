import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import { type RegionOptions, SimulatedRegion } from '../../src/simulated-region/region.ts';

export interface VirtualRegion {
  readonly region: SimulatedRegion;
  readonly ecs: ECSClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  /** Lets so many seconds of virtual time pass. */
  pass(seconds: number): Promise<void>;
  /** Seconds since the region was made. */
  now(): number;
}

let clock: ReturnType<typeof install> | undefined;

afterEach(() => {
  clock?.uninstall();
  clock = undefined;
});

/** A region on virtual time with SDK clients plugged into it; real time comes back after the test. One at a time. */
export function virtualRegion(options: RegionOptions = {}): VirtualRegion {
  const start = Date.UTC(2026, 0, 5, 8);
  clock?.uninstall();
  const installed = install({
    now: start,
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  });
  clock = installed;
  const region = new SimulatedRegion(options);
  return {
    region,
    ecs: new ECSClient(region.clientConfig()),
    elbv2: new ElasticLoadBalancingV2Client(region.clientConfig()),
    pass: async (seconds) => {
      await installed.tickAsync(seconds * 1000);
    },
    now: () => (Date.now() - start) / 1000,
  };
}
