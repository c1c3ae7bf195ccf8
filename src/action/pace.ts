/**
 * When to ask DescribeExecution again, so that many jobs that wait at once stay inside its quota (10 a second) without
 * knowing of each other: each asks in a second of its own within a round, chosen by its execution's name. Such a choice
 * beats a new one at every look: of five hundred fleets of fifty, about one has a second with more than ten.
 */
import { createHash } from 'node:crypto';

const SECOND = 1000;
/** Seconds of a round; an execution that takes long is asked for in every second or fourth round. */
const ROUND = 20;
const EVERY: readonly (readonly [afterSeconds: number, rounds: number])[] = [
  [3600, 4],
  [600, 2],
  [0, 1],
];
/** Nothing ends sooner. */
const FIRST_MS = 2 * SECOND;
/** A dry run is one observation, and nobody waits with it. */
const DRY_RUN_MS = [2 * SECOND, 4 * SECOND, 8 * SECOND] as const;

export interface Pace {
  readonly name: string;
  readonly dryRun: boolean;
  /** When the waiting began, ms. */
  readonly startedAt: number;
  readonly now: number;
}

/** @returns ms, later than `now` */
export function nextLook({ name, dryRun, startedAt, now }: Pace): number {
  const soon = dryRun ? DRY_RUN_MS.map((after) => startedAt + after).find((at) => at > now) : undefined;
  if (soon !== undefined) return soon;
  const [, rounds = 1] = EVERY.find(([after]) => now - startedAt >= after * SECOND) ?? [];
  const slot = slotOf(name, ROUND * SECOND);
  const least = Math.max(now + SECOND, startedAt + FIRST_MS);
  const first = least + ((((slot - least) % (ROUND * SECOND)) + ROUND * SECOND) % (ROUND * SECOND));
  return first + (rounds - 1) * ROUND * SECOND;
}

/** @returns a number from 0 to below `size`, always the same for a name */
function slotOf(name: string, size: number): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % size;
}
