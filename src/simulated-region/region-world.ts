import { Randomness } from './randomness.ts';
import type { BackendDirectory, InstanceDirectory, Outbox, TargetDirectory, World } from './world.ts';

interface Directories {
  instances?: InstanceDirectory;
  targets?: TargetDirectory;
  backends?: BackendDirectory;
}

/** The world of one region. Models find each other through it, so a directory is there once its model is constructed. */
export class RegionWorld implements World {
  readonly region: string;
  readonly accountId: string;
  readonly outbox: Outbox;
  readonly directories: Directories = {};
  readonly #randomness: Randomness;

  constructor(region: string, accountId: string, seed: number, outbox: Outbox) {
    this.region = region;
    this.accountId = accountId;
    this.outbox = outbox;
    this.#randomness = new Randomness(seed);
  }

  get instances(): InstanceDirectory {
    return present('EC2', this.directories.instances);
  }

  get targets(): TargetDirectory {
    return present('Elastic Load Balancing', this.directories.targets);
  }

  get backends(): BackendDirectory {
    return present('traffic', this.directories.backends);
  }

  random(): number {
    return this.#randomness.next();
  }

  identifier(prefix: string): string {
    return `${prefix}-0${this.#randomness.hex(16)}`;
  }

  uuid(): string {
    return this.#randomness.uuid();
  }
}

function present<T>(name: string, directory: T | undefined): T {
  if (!directory) throw new Error(`The region has no ${name} model yet`);
  return directory;
}
