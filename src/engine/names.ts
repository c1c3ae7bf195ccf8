/** The names of executions: the same work always gets the same name, which is what makes duplicates harmless. */
import { createHash } from 'node:crypto';
import type { WorkflowName } from './workflow-engine.ts';

const LONGEST = 80;
const HASH_LENGTH = 16;
/** Kept free for the suffix of a retry: `-2` to `-99`. */
const SUFFIX_LENGTH = 3;

/**
 * `<workflow>-<subject>-<hash of the key>`.
 * @param subject what the work is about, for people: an instance id, a load balancer. Shortened where it is long.
 * @param key what makes two requests the same: a lifecycle action token, an Idempotency-Key. Of any length.
 * @returns at most 77 characters, all of which Step Functions takes.
 */
export function executionName(workflow: WorkflowName, subject: string, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_LENGTH);
  const room = LONGEST - SUFFIX_LENGTH - workflow.length - HASH_LENGTH - 2;
  const readable = subject
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, room)
    .replace(/-+$/, '');
  return readable === '' ? `${workflow}-${hash}` : `${workflow}-${readable}-${hash}`;
}

/** The name of the nth attempt: the first has none of its own, then `-2`, `-3`. */
export function attemptName(name: string, attempt: number): string {
  return attempt === 1 ? name : `${name}-${attempt}`;
}
