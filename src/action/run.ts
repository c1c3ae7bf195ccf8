/** One step of a job, from its inputs to its outputs. */
import * as core from '@actions/core';
import type { ActionOutput } from '../contract/action.ts';
import type { Status } from '../contract/common.ts';
import { InvalidInput } from '../contract/errors.ts';
import { admit } from '../engine/admission.ts';
import { type Cancellation, onCancellation, within } from './cancel.ts';
import { type DeploymentStatus, deploymentStatus } from './deployment-status.ts';
import { type ActionEngine, pause, type Watched } from './engine.ts';
import { explained } from './explain.ts';
import { consoleUrl, nameOf, type RunnerEnvironment, runUrl, subjectOf } from './naming.ts';
import { openEngine } from './open-engine.ts';
import { type Outcome, outcomeOf, receiptIn } from './outcome.ts';
import { type ActionRequest, inputNames, readInputs } from './read-inputs.ts';
import { oneLine } from './summary/markdown.ts';
import { summaryText } from './summary/summary.ts';

export async function run(): Promise<void> {
  const cancellation = onCancellation();
  try {
    const token = core.getInput('github-token');
    if (token !== '') core.setSecret(token);
    const request = readInputs({
      texts: givenTexts(process.env),
      region: regionOf(process.env),
      environment: process.env,
    });
    const outcome = await work(request, cancellation);
    await report(request, outcome);
  } catch (error) {
    core.setOutput(
      'status' satisfies ActionOutput,
      (error instanceof InvalidInput ? 'refused' : 'failed') satisfies Status,
    );
    core.setFailed(explained(error));
  } finally {
    cancellation.end();
  }
  // A cancelled step must end even if a call of its engine still hangs.
  if (cancellation.signal.aborted) process.exit();
}

/** Those that `action.yml` knows, with its defaults, and whatever else somebody gave. */
function givenTexts(environment: RunnerEnvironment): Map<string, string> {
  const given = Object.keys(environment)
    .filter((name) => name.startsWith('INPUT_'))
    .map((name) => name.slice('INPUT_'.length).toLowerCase());
  const names = new Set([...inputNames(), ...given]);
  return new Map(
    [...names].map((name) => [name, core.getInput(name).trim()] as const).filter(([, text]) => text !== ''),
  );
}

function regionOf({ AWS_REGION: region, AWS_DEFAULT_REGION: standard }: RunnerEnvironment): string | undefined {
  return region || standard || undefined;
}

async function work(request: ActionRequest, cancellation: Cancellation): Promise<Outcome> {
  const { own, workflow } = request;
  const opened = await openEngine(request, regionOf(process.env));
  const status = statusOf(request);
  try {
    const outcome = await execute(request, opened, status, cancellation);
    const told = own.wait || outcome.status !== 'running' ? status?.end(outcome) : status?.begin();
    await within(cancellation.left(), Promise.resolve(told));
    return outcome;
  } finally {
    await within(Math.min(1_000, cancellation.left()), opened.close());
    core.debug(`${workflow} is done with its engine`);
  }
}

async function execute(
  request: ActionRequest,
  opened: ActionEngine,
  status: DeploymentStatus | undefined,
  cancellation: Cancellation,
): Promise<Outcome> {
  const { own, workflow, document, input } = request;
  const name = nameOf(request, process.env);
  const requestedBy = runUrl(process.env);
  const asked = { ...(requestedBy === undefined ? {} : { requestedBy: requestedBy.slice(0, 256) }), ...document };
  const executed = opened.engine.executionArn(workflow, name);
  const admitting = admit(opened.engine, { workflow, name, input: asked });
  const admission = await Promise.race([admitting, cancelled(cancellation)]);
  // Whether the call arrived is not known: what it may have started is stopped all the same.
  if (admission === undefined) return concluded({ kind: 'cancelled' }, request, opened, executed, cancellation);
  const { executionArn } = admission;
  const link = opened.durable ? consoleUrl(executionArn) : undefined;
  core.setOutput('execution-arn' satisfies ActionOutput, executionArn);
  say(`${workflow} ${subjectOf(input)}: ${ADMITTED[admission.outcome]}`);
  say(link ?? 'The work is done inside this runner: it ends with the job.');
  if (admission.outcome === 'succeeded') return outcomeOf(await opened.engine.describe(executionArn));
  if (!own.wait) return running(executionArn, 'it was started and not waited for');
  void status?.begin();
  core.startGroup('Progress');
  let watched: Watched;
  try {
    watched = await opened.watch({
      executionArn,
      name,
      dryRun: input.dryRun === true,
      ...(own.waitTimeoutMinutes === undefined ? {} : { until: Date.now() + own.waitTimeoutMinutes * 60_000 }),
      signal: cancellation.signal,
      say,
    });
  } finally {
    core.endGroup();
  }
  return concluded(watched, request, opened, executionArn, cancellation);
}

const ADMITTED = {
  started: 'started',
  attached: 'already running, waiting for that execution',
  succeeded:
    'already done by an execution of this name, nothing was started. To do it anew in every attempt, give a name with github.run_attempt',
} as const;

async function concluded(
  watched: Watched,
  { own }: ActionRequest,
  { engine, durable }: ActionEngine,
  executionArn: string,
  cancellation: Cancellation,
): Promise<Outcome> {
  if (watched.kind === 'ended') return outcomeOf(watched.description);
  if (watched.kind === 'lost') return running(executionArn, watched.reason);
  if (watched.kind === 'cancelled') {
    if (own.onCancel === 'leave')
      return running(executionArn, 'the job was cancelled; the execution was left to go on');
    return stopped('Cancelled', 'the job was cancelled');
  }
  const late = `it had not ended after ${own.waitTimeoutMinutes} min (wait-timeout-minutes)`;
  return durable ? running(executionArn, late) : stopped('WaitTimedOut', `${late}, and cannot outlive this job`);

  async function stopped(error: string, cause: string): Promise<Outcome> {
    const described = await within(
      cancellation.left(),
      engine.stop(executionArn, { error, cause }).then(() => engine.describe(executionArn)),
    );
    if (described !== undefined) return outcomeOf(described);
    return running(executionArn, `${cause}, and Step Functions did not answer when the execution was to be stopped`);
  }
}

/** @returns undefined when the job was cancelled and what is going on has had its chance to end by itself */
async function cancelled({ signal, left }: Cancellation): Promise<undefined> {
  await pause(Number.POSITIVE_INFINITY, signal);
  await within(left() / 3, new Promise<never>(() => undefined));
  return undefined;
}

function running(executionArn: string, reason: string): Outcome {
  return { status: 'running', reason, executionArn };
}

function statusOf({ own, workflow, input }: ActionRequest): DeploymentStatus | undefined {
  const { githubToken: token, deploymentId } = own;
  // A dry run deploys nothing.
  if (token === undefined || deploymentId === undefined || input.dryRun === true) return undefined;
  return deploymentStatus({
    token,
    deploymentId,
    workflow,
    repository: process.env.GITHUB_REPOSITORY ?? '',
    logUrl: runUrl(process.env),
    warn: (message) => core.warning(oneLine(message)),
  });
}

async function report({ own, workflow, input }: ActionRequest, outcome: Outcome): Promise<void> {
  const { status, reason, receipt, executionArn } = outcome;
  const outputs: Readonly<Partial<Record<ActionOutput, string>>> = {
    status,
    receipt: receipt === undefined ? '' : JSON.stringify(receipt),
    'started-at': outcome.startedAt ?? '',
    'finished-at': outcome.finishedAt ?? '',
  };
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
  const title = `${workflow} ${subjectOf(input)}: ${status}`;
  const text = oneLine(`${title}: ${reason}`);
  if (own.summary && process.env.GITHUB_STEP_SUMMARY) {
    const link = executionArn?.includes(':000000000000:') === false ? consoleUrl(executionArn) : undefined;
    const { failOnTimeout } = own;
    const facts = {
      workflow,
      subject: subjectOf(input),
      outcome,
      failOnTimeout,
      ...(link === undefined ? {} : { link }),
    };
    await core.summary.addRaw(summaryText(facts)).write();
  }
  if (receiptIn(receipt) !== undefined) {
    core.startGroup('Receipt');
    for (const line of JSON.stringify(receipt, null, 2).split('\n')) say(line);
    core.endGroup();
  }
  if (passes(own, outcome)) say(text);
  else core.setFailed(text);
}

function passes(own: ActionRequest['own'], { status }: Outcome): boolean {
  if (status === 'timed-out') return !own.failOnTimeout;
  return status === 'succeeded' || (status === 'running' && !own.wait);
}

function say(line: string): void {
  core.info(oneLine(line));
}
