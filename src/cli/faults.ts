/** Collects what is wrong in several places, so that it is all said at once. */
import { type Fault, InvalidInput } from '../contract/errors.ts';

export class Faults {
  readonly #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** @returns undefined when it threw InvalidInput, whose faults are then among these. */
  try<T>(work: () => T, rename: (field: string) => string = (field) => field): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      for (const fault of error.faults) this.add({ ...fault, field: rename(fault.field) });
      return undefined;
    }
  }

  /** @throws InvalidInput if there is any */
  throwAny(subject: string): void {
    if (this.#faults.length > 0) throw new InvalidInput(subject, this.#faults);
  }
}
