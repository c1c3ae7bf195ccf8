/** The input schema of every workflow, by its public name: what every entry point parses and documents. */
import type * as z from 'zod';
import { DrainInstanceInput } from './drain-instance.ts';

export const INPUTS: Readonly<Record<string, z.ZodObject>> = {
  'drain-instance': DrainInstanceInput,
};
