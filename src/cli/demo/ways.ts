/** The two ways to drain that the demo compares. */
import { OldHook, type OldHookOptions } from '../../../bench/old-ways/ecs-lifecycle-hook.ts';
import { readSettings } from '../../contract/settings.ts';
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import type { ExecutionDescription } from '../../engine/workflow-engine.ts';
import { type Taken, takeLifecycleEvent, takeSnsEvent } from '../../triggers/lifecycle.ts';
import { localEngine } from '../local-engine.ts';
import type { Scene } from '../scene.ts';
import type { Act, Way } from './play.ts';

const TERMINATION = 'EC2 Instance-terminate Lifecycle Action';

/** The shipped definitions and steps, started by the region's own documents through the doors that are shipped. */
export class SluiceWay implements Way {
  readonly engine: EmbeddedEngine;
  /** By instance. */
  readonly closed = new Map<string, ExecutionDescription>();
  readonly #settings = readSettings({});
  #door: Act['door'] | undefined;
  #instanceId = '';
  #fault: unknown;

  constructor({ region }: Scene) {
    const { requestHandler, credentials, endpoint } = region.clientConfig();
    this.engine = localEngine({
      journal: ':memory:',
      region: region.region,
      accountId: region.accountId,
      access: { requestHandler, credentials, endpoint },
      settings: this.#settings,
      random: () => region.world.random(),
    });
    region.outbox.onEvent((event) => {
      if (this.#door !== 'EventBridge' || event['detail-type'] !== TERMINATION) return;
      this.#follow(takeLifecycleEvent(event, this.engine, this.#settings));
    });
    region.outbox.onNotification((notification) => {
      if (this.#door !== 'SNS') return;
      this.#follow(takeSnsEvent(notification, this.engine, this.#settings).then(([first]) => first));
    });
  }

  expect(instanceId: string, act: Act): void {
    this.#instanceId = instanceId;
    this.#door = act.door;
  }

  /** @throws what the door threw */
  isOver(instanceId: string): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    return this.closed.has(instanceId);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  #follow(taken: Promise<Taken | undefined>): void {
    const instanceId = this.#instanceId;
    taken
      .then(async (admission) => {
        if (admission === undefined || 'ignored' in admission)
          throw new Error(`The document was left alone: ${admission?.ignored}`);
        this.closed.set(instanceId, await this.engine.waitFor(admission.executionArn));
      })
      .catch((fault: unknown) => {
        this.#fault = fault;
      });
  }
}

/** From SNS to the end of an invocation: as measured, 685 invocations in the 300 s of one drain. */
const ROUND_MS = 438;

/** The old program's logic, invoked by its topic. */
export class OldWay implements Way {
  readonly hook: OldHook;
  #fault: unknown;

  constructor({ region, topicArn }: Scene, options: Pick<OldHookOptions, 'arns' | 'mostRounds'>) {
    this.hook = new OldHook({
      ...options,
      client: region.clientConfig(),
      publish: (body) => region.outbox.publish(topicArn, { subject: 'again', body }),
    });
    region.outbox.onNotification(({ Records: [{ Sns }] }) => {
      setTimeout(() => {
        this.hook.invoke(JSON.parse(Sns.Message)).catch((fault: unknown) => {
          this.#fault = fault;
        });
      }, ROUND_MS);
    });
  }

  /** Its topic tells it everything. */
  expect(): void {}

  /** Between two notifications it does nothing. */
  isOver(): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    return true;
  }

  async close(): Promise<void> {}
}
