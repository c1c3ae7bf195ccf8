/** The shipped steps, each known by its key to what it calls and to what it is given. */
import { stepHandlers } from '../../functions/registry.ts';
import type { StepEnvironment } from '../../src/lambda/step.ts';
import { asFunction } from './calls.ts';
import { keepPayload } from './payloads.ts';

export function recordedHandlers(environment: StepEnvironment): ReturnType<typeof stepHandlers> {
  return Object.fromEntries(
    Object.entries(stepHandlers(environment)).map(([key, run]) => [
      key,
      (payload: unknown) => {
        keepPayload(key, payload);
        return asFunction(key, () => run(payload));
      },
    ]),
  );
}
