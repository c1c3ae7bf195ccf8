import { cloudMapClient, deregister } from '../../src/aws/cloud-map.ts';
import { ServiceRun } from '../../src/contract/clean-cloud-map-data.ts';
import { SluiceError, Throttled, Unavailable } from '../../src/contract/errors.ts';
import { assertFresh } from '../../src/core/cloud-map/judgement.ts';
import { idOf } from '../../src/core/cloud-map/registrations.ts';
import { type Submission, toSubmit, withSubmissions } from '../../src/core/cloud-map/removal.ts';
import { step } from '../../src/lambda/step.ts';

/** Calls at once, for each service: several services are cleaned at a time. */
const LANES = 4;

/** Submits removals, after checking again that what they rest on is fresh and the deadline has not come. */
export const handler = step(
  ServiceRun,
  async (given, { aws, now, random }) => {
    const run = { ...given, queue: given.queue ?? given.earlier?.report.candidates ?? [] };
    const cloudMap = cloudMapClient(aws, run.plan.region);
    const wanted = toSubmit(run, now());
    if (wanted.length > 0) assertFresh(run, now());
    const submitted = new Map<string, Submission>();
    const failures: unknown[] = [];
    const left = [...wanted];
    const lane = async () => {
      for (let next = left.shift(); next !== undefined && failures.length === 0; next = left.shift()) {
        try {
          submitted.set(next, await deregister(cloudMap, run.outcome.service, idOf(next)));
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const [failure] = failures;
    const passing = failure instanceof Throttled || failure instanceof Unavailable;
    // What was submitted must not be forgotten for what was not: the rest is tried again in the next round.
    if (passing && submitted.size === 0) throw failure;
    if (failure !== undefined && !passing) {
      if (!(failure instanceof SluiceError)) throw failure;
      // It would be the same for the others; those that are under way are still followed.
      for (const each of run.queue) {
        if (!submitted.has(each)) submitted.set(each, { kind: 'refused', message: failure.message });
      }
    }
    return withSubmissions(run, submitted, now(), random());
  },
  () => 40,
);
