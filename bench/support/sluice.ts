/** Sluice as it is shipped, started by the region's own events: in one process, or as functions in containers of their own. */
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { localEngine } from '../../src/cli/local-engine.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.ts';
import type { StepHandler } from '../../src/engine/embedded/host.ts';
import { takeLifecycleEvent } from '../../src/triggers/lifecycle.ts';
import { Containers } from './containers.ts';
import type { Fleet } from './fleet.ts';

/** Something that drains what the region announces. */
export interface Way {
  /** Messages that it publishes to itself, which the region's count of calls does not have. */
  readonly published: number;
  close(): Promise<void>;
  /** @throws what has gone wrong in it */
  check(): void;
}

const TERMINATION = 'EC2 Instance-terminate Lifecycle Action';

export interface SluiceOptions {
  /** Functions with reserved concurrency: that many containers for all that observe. Absent: one process. */
  readonly reservedConcurrency?: number;
}

export class Sluice implements Way {
  readonly engine: EmbeddedEngine;
  readonly published = 0;
  /** Of functions: what Lambda bills, and what stands for it in one process. */
  invocations = 0;
  readonly executions: string[] = [];
  #fault: unknown;

  constructor({ region }: Fleet, { reservedConcurrency }: SluiceOptions = {}) {
    const { requestHandler, credentials, endpoint } = region.clientConfig();
    const access = { requestHandler, credentials, endpoint };
    const settings = readSettings({});
    const common = { journal: ':memory:', region: region.region, accountId: region.accountId, historyBytes: 0 };
    const random = () => region.world.random();
    if (reservedConcurrency === undefined) {
      this.engine = localEngine({ ...common, access, settings, random });
      this.engine.onEvent(({ event }) => {
        if (event.type === 'LambdaFunctionStarted') this.invocations += 1;
      });
    } else {
      const containers = new Containers(access, reservedConcurrency);
      const handlers = Object.entries(STEPS).map(([key, step]): [string, StepHandler] => [
        key,
        (payload) => containers.run(key, (aws) => step.run(payload, { aws, settings, now: Date.now, random })),
      ]);
      this.engine = new EmbeddedEngine({
        ...common,
        definitions: DEFINITIONS,
        definitionsChecked: true,
        handlers: Object.fromEntries(handlers),
        concurrentTasks: 100_000,
      });
    }
    region.outbox.onEvent((event) => {
      if (event['detail-type'] !== TERMINATION) return;
      takeLifecycleEvent(event, this.engine, settings)
        .then((taken) => {
          if ('ignored' in taken) throw new Error(`an event was left alone: ${taken.ignored}`);
          this.executions.push(taken.executionArn);
        })
        .catch((fault: unknown) => {
          this.#fault = fault;
        });
    });
  }

  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Of all executions: states entered and tasks retried, which AWS bills, and events of history. */
  counts(): { readonly transitions: number; readonly events: number; readonly mostEvents: number } {
    const all = this.executions.map((arn) => this.engine.counts(arn));
    return {
      transitions: all.reduce((sum, { transitions }) => sum + transitions, 0),
      events: all.reduce((sum, { events }) => sum + events, 0),
      mostEvents: Math.max(0, ...all.map(({ events }) => events)),
    };
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
