/** What follows a fault that passes, and how a message says which region it came from. */
import type { ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import { Unavailable } from '../../contract/errors.ts';
import { describeFault } from '../messages.ts';
import { nextLook } from '../pace.ts';
import { iso, millis } from '../time.ts';

const LEAST_PAUSE_SECONDS = 8;
const LONGEST_PAUSE_SECONDS = 60;

/** @throws Unavailable once the deadline has come: whether the fault has passed is then no longer of interest. */
export function decideAfterServiceFault(run: ServiceRun, now: number, random: number): ServiceRun {
  const cause = describeFault(run.fault);
  const deadline = millis(run.plan.deadline);
  if (now >= deadline) {
    throw new Unavailable(`${cause}; this lasted until the deadline`);
  }
  const resume =
    run.phase !== 'remove' || run.observation?.cursor !== undefined
      ? 'observe'
      : (run.removal?.operations.length ?? 0) > 0 && run.next !== 'remove'
        ? 'follow'
        : 'remove';
  const waitUntil = nextLook({
    startedAt: millis(run.plan.startedAt),
    now,
    minIntervalSeconds: LEAST_PAUSE_SECONDS,
    maxIntervalSeconds: LONGEST_PAUSE_SECONDS,
    landmarks: [deadline],
    random,
  });
  return { ...run, faults: run.faults + 1, lastFault: cause, next: 'hold', resume, waitUntil: iso(waitUntil) };
}

const prefix = (region: string) => `EC2 in ${region} did not answer: `;

export function inRegion(region: string, message: string): string {
  return `${prefix(region)}${message}`;
}

/** @returns the region that a message of {@link inRegion} names */
export function regionNamedIn(message: string, regions: readonly string[]): string | undefined {
  return regions.find((region) => message.startsWith(prefix(region)));
}
