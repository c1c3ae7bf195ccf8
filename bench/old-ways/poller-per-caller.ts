/**
 * aws-load-balancer-drain-wait: each caller has a poller of its own, which asks for the health of every target group of the
 * ingress four times a second, and answers when the drain has begun. A look-up that fails is told only after all of
 * max-delay, so that its caller stays safe.
 */
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ClientConfig } from '../../src/simulated-region/region.ts';

const INTERVAL_MS = 250;

export class PollerPerCaller {
  readonly #elbv2: ElasticLoadBalancingV2Client;
  readonly #targetGroups: readonly string[];

  /** @param targetGroups of the ingress; finding them has cost it further calls */
  constructor(client: ClientConfig, targetGroups: readonly string[]) {
    this.#elbv2 = new ElasticLoadBalancingV2Client(client);
    this.#targetGroups = targetGroups;
  }

  /** @returns the answer's status, once there is one */
  async drainDelay(ip: string, maxDelaySeconds: number): Promise<200 | 500> {
    const deadline = Date.now() + maxDelaySeconds * 1000;
    while (Date.now() < deadline) {
      try {
        if (!(await this.#isServing(ip))) return 200;
      } catch {
        await pause(deadline - Date.now());
        return 500;
      }
      await pause(INTERVAL_MS);
    }
    return 500;
  }

  async #isServing(ip: string): Promise<boolean> {
    for (const TargetGroupArn of this.#targetGroups) {
      const { TargetHealthDescriptions = [] } = await this.#elbv2.send(
        new DescribeTargetHealthCommand({ TargetGroupArn }),
      );
      const state = TargetHealthDescriptions.find(({ Target }) => Target?.Id === ip)?.TargetHealth?.State;
      if (state !== undefined && state !== 'draining') return true;
    }
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}
