/** What AWS bills for the counted work, by its public prices in eu-west-1 and us-east-1 for arm64. */

const DOLLARS_A_TRANSITION = 0.025 / 1000;
const DOLLARS_AN_INVOCATION = 0.2 / 1_000_000;
const DOLLARS_A_GB_SECOND = 0.0000133334;
/** Assumed of every invocation, because virtual time has none: memory of a function, and the time of one with its calls. */
const FUNCTION_GB = 0.25;
const FUNCTION_SECONDS = 0.4;
const DOLLARS_AN_EVENT = 1 / 1_000_000;

export const PRICES =
  'cost: $0.025 per 1,000 transitions, $0.20 per million invocations, $0.0000133334 per GB-second with 0.25 GB and an ' +
  'assumed 0.4 s each, $1 per million events; calls to AWS APIs are free';

export function cost(work: {
  readonly transitions: number;
  readonly invocations: number;
  readonly events?: number;
}): number {
  return (
    work.transitions * DOLLARS_A_TRANSITION +
    work.invocations * (DOLLARS_AN_INVOCATION + DOLLARS_A_GB_SECOND * FUNCTION_GB * FUNCTION_SECONDS) +
    (work.events ?? 0) * DOLLARS_AN_EVENT
  );
}
