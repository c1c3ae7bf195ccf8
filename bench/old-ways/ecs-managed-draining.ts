/**
 * A model of ECS managed draining, by what AWS documents of it: ECS itself sets the container instance to DRAINING, keeps the
 * lifecycle action of its own hook alive for up to 48 h, and completes it once no task is left. Its looks at ECS are not
 * API calls of the account. What it does not do is modelled too: it stops no task that no service owns, daemon tasks among
 * them, and knows no target that somebody else registered.
 */
import { AutoScalingClient, RecordLifecycleActionHeartbeatCommand } from '@aws-sdk/client-auto-scaling';
import type { LifecycleEvent } from '../../src/contract/events.ts';
import type { ClientConfig, SimulatedRegion } from '../../src/simulated-region/region.ts';
import { completeAction } from './fixed-interval.ts';

/** How soon ECS notices, which it does not say. */
const NOTICES_MS = 5_000;
const GIVES_UP_MS = 48 * 3_600_000;
/** Within any heartbeat timeout. */
const HEARTBEAT_MS = 15 * 60_000;

export class EcsManagedDraining {
  readonly #region: SimulatedRegion;
  readonly #autoScaling: AutoScalingClient;

  constructor(region: SimulatedRegion, client: ClientConfig) {
    this.#region = region;
    this.#autoScaling = new AutoScalingClient(client);
  }

  async drain({ detail }: LifecycleEvent): Promise<void> {
    const { ecs } = this.#region;
    const { EC2InstanceId: instanceId } = detail;
    if (ecs.containerInstanceOf(instanceId) !== undefined) ecs.setStatus(instanceId, 'DRAINING');
    const began = Date.now();
    let beat = began;
    while (Date.now() - began < GIVES_UP_MS) {
      if (!ecs.tasksOn(instanceId).some(({ lastStatus }) => lastStatus !== 'STOPPED')) break;
      await pause(NOTICES_MS);
      if (Date.now() - beat < HEARTBEAT_MS) continue;
      beat = Date.now();
      await this.#patiently(() =>
        this.#autoScaling.send(
          new RecordLifecycleActionHeartbeatCommand({
            AutoScalingGroupName: detail.AutoScalingGroupName,
            LifecycleHookName: detail.LifecycleHookName,
            LifecycleActionToken: detail.LifecycleActionToken,
            InstanceId: instanceId,
          }),
        ),
      );
    }
    await this.#patiently(() => completeAction(this.#autoScaling, detail));
  }

  async #patiently(call: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'Throttling') throw error;
        await pause(NOTICES_MS);
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
