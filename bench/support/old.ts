/** The older ways behind one face, started by the region's documents as they would be. */
import { LifecycleEvent } from '../../src/contract/events.ts';
import { MENDED, OldHook, TODAY } from '../old-ways/ecs-lifecycle-hook.ts';
import { EcsManagedDraining } from '../old-ways/ecs-managed-draining.ts';
import { FixedInterval } from '../old-ways/fixed-interval.ts';
import { Sleep60 } from '../old-ways/sleep-60.ts';
import type { Fleet } from './fleet.ts';
import type { Way } from './sluice.ts';

const TERMINATION = 'EC2 Instance-terminate Lifecycle Action';
/** From SNS to the end of an invocation: as measured, 685 invocations in the 300 s of one drain. */
const ROUND_MS = 438;

/** A drain that failed stays behind its hook until that expires: nobody completes it any more. */
class ByEvent implements Way {
  readonly published = 0;
  failed = 0;

  constructor({ region }: Fleet, drain: (event: LifecycleEvent) => Promise<void>) {
    region.outbox.onEvent((document) => {
      if (document['detail-type'] !== TERMINATION) return;
      drain(LifecycleEvent.parse(document)).catch(() => {
        this.failed += 1;
      });
    });
  }

  check(): void {}

  async close(): Promise<void> {}
}

class ByTopic implements Way {
  readonly #hook: OldHook;

  constructor({ region, topicArn }: Fleet, options: typeof TODAY) {
    const hook = new OldHook({
      ...options,
      client: region.clientConfig(),
      publish: (body) => region.outbox.publish(topicArn, { subject: 'again', body }),
    });
    this.#hook = hook;
    region.outbox.onNotification(({ Records: [{ Sns }] }) => {
      setTimeout(() => {
        // Lambda has tried it three times; then the message is lost, and the drain with it.
        hook.invoke(JSON.parse(Sns.Message)).catch(() => undefined);
      }, ROUND_MS);
    });
  }

  get published(): number {
    return [...this.#hook.published.values()].reduce((sum, count) => sum + count, 0);
  }

  get invocations(): number {
    return [...this.#hook.invocations.values()].reduce((sum, count) => sum + count, 0);
  }

  check(): void {}

  async close(): Promise<void> {}
}

export type Engage = (fleet: Fleet) => Way;

export const OLD_WAYS = {
  hookToday: (fleet: Fleet) => new ByTopic(fleet, TODAY),
  hookMended: (fleet: Fleet) => new ByTopic(fleet, MENDED),
  fixedInterval: (fleet: Fleet, intervalSeconds = 15) => {
    const way = new FixedInterval({ client: fleet.region.clientConfig(), intervalSeconds });
    return new ByEvent(fleet, (event) => way.drain(event));
  },
  sleep60: (fleet: Fleet) => {
    const way = new Sleep60(fleet.region.clientConfig());
    return new ByEvent(fleet, (event) => way.drain(event));
  },
  managedDraining: (fleet: Fleet) => {
    const way = new EcsManagedDraining(fleet.region, fleet.region.clientConfig());
    return new ByEvent(fleet, (event) => way.drain(event));
  },
} as const;
