/** For jest: a definition is read as the mutant that the environment names, so that nothing is changed on the disk. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { mutated } from './definitions.ts';

export const MUTANT = 'SLUICE_MUTANT';

const Given = z.object({
  machine: z.string(),
  path: z.array(z.union([z.string(), z.number()])),
  to: z.string().optional(),
});

export function process(text: string, path: string): { code: string } {
  const given = globalThis.process.env[MUTANT];
  if (given === undefined) return { code: text };
  const { machine, to, ...mutant } = Given.parse(JSON.parse(given));
  if (!path.endsWith(`/${machine}.asl.json`)) return { code: text };
  return { code: JSON.stringify(mutated(JSON.parse(text), { ...mutant, ...(to === undefined ? {} : { to }) })) };
}

export function getCacheKey(text: string, path: string): string {
  return createHash('sha256').update(`${text}\n${path}\n${globalThis.process.env[MUTANT]}`).digest('hex');
}
