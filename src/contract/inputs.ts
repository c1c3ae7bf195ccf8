/** The input schema of every workflow, by its public name: what every entry point parses and documents. */
import type * as z from 'zod/mini';
import { AwaitDrainedInput } from './await-drained.ts';
import { CleanCloudMapInput } from './clean-cloud-map.ts';
import { DelayedTerminationInput } from './delayed-termination.ts';
import { DeregisterTargetsInput } from './deregister-targets.ts';
import { DrainInstanceInput } from './drain-instance.ts';
import { RegisterTargetsInput } from './register-targets.ts';

export const INPUTS: Readonly<Record<string, z.ZodMiniObject>> = {
  'drain-instance': DrainInstanceInput,
  'delayed-termination': DelayedTerminationInput,
  'register-targets': RegisterTargetsInput,
  'deregister-targets': DeregisterTargetsInput,
  'await-drained': AwaitDrainedInput,
  'clean-cloud-map': CleanCloudMapInput,
};
