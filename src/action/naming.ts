/** What the execution of a step is called, and whose it is: the same in every attempt of a run. */
import { executionName } from '../engine/names.ts';
import type { ActionRequest } from './read-inputs.ts';

/** The runner's own variables, as far as they name a run. */
export type RunnerEnvironment = Readonly<Record<string, string | undefined>>;

/** Times and free text may differ from attempt to attempt; what is worked on does not. */
const VARYING = /(Seconds|At|deadline|requestedBy)$/;
const SUBJECTS = ['instanceId', 'instanceIds', 'targets', 'services', 'loadBalancer', 'ingress', 'service'];

/** What the work is about, for people: the first of what the input names. */
export function subjectOf(input: Readonly<Record<string, unknown>>): string {
  for (const name of SUBJECTS) {
    const value = input[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') return first;
    if (typeof first === 'object' && first !== null && 'id' in first) return String(first.id);
  }
  return '';
}

/**
 * The step is part of it, because one job may do the same to the same subject twice, and so is a dry run, which must
 * never be taken for the deed. Step, job, run and repository are the same in a re-run; the attempt is not part of it.
 */
export function nameOf({ own, workflow, input }: ActionRequest, environment: RunnerEnvironment): string {
  const dry = input.dryRun === true;
  if (own.name !== undefined) return dry ? `${own.name}-dry` : own.name;
  const { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run, GITHUB_JOB: job, GITHUB_ACTION: step } = environment;
  const what = Object.entries(input).filter(([name]) => !VARYING.test(name));
  return executionName(workflow, subjectOf(input), JSON.stringify([repository, run, job, step, dry, what]));
}

/** The page of this run, where the runner says enough to know it. */
export function runUrl(environment: RunnerEnvironment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
  if (server === undefined || repository === undefined || run === undefined) return undefined;
  return `${server}/${repository}/actions/runs/${run}`;
}

/** @returns the console's page of an execution; undefined for one that no console knows. */
export function consoleUrl(executionArn: string): string | undefined {
  const [, partition, , region] = executionArn.split(':');
  if (partition === undefined || region === undefined) return undefined;
  const host =
    partition === 'aws-cn'
      ? `${region}.console.amazonaws.cn`
      : partition === 'aws-us-gov'
        ? 'console.amazonaws-us-gov.com'
        : `${region}.console.aws.amazon.com`;
  return `https://${host}/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}
