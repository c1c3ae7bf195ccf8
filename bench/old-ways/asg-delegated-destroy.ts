/** asg-delegated-destroy: answers, waits ten seconds in its own process, and calls EC2 once for each instance. */
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import type { ClientConfig } from '../../src/simulated-region/region.ts';

const DELAY_MS = 10_000;

export class DelegatedDestroy {
  /** Terminations that EC2 refused: they stand in a log, and nowhere else. */
  lost = 0;
  done = 0;
  readonly #ec2: EC2Client;

  constructor(client: ClientConfig) {
    this.#ec2 = new EC2Client(client);
  }

  accept(instanceId: string): void {
    setTimeout(() => {
      this.#ec2
        .send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
        .then(() => {
          this.done += 1;
        })
        .catch(() => {
          this.lost += 1;
        });
    }, DELAY_MS);
  }
}
