import type { Context, Hono } from 'hono';
import { checkTermination } from '../../admission/delayed-termination.ts';
import { withinBudget } from '../../aws/clients.ts';
import { DelayedTerminationInput } from '../../contract/delayed-termination.ts';
import type { AdmissionFault } from '../../contract/errors.ts';
import { DelegatedTermination, UserData } from '../../contract/http/delayed-termination.ts';
import { parse } from '../../contract/parse.ts';
import { executionName } from '../../engine/names.ts';
import type { WorkflowEngine } from '../../engine/workflow-engine.ts';
import { readJson, requestKey } from '../body.ts';
import { permit } from '../credentials.ts';
import { Problem, problemOf } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';
import { accept, nameExecution } from '../start.ts';

/** How long the answer to "is the service available" stands. */
const CACHED_MS = 5_000;
/** Asking EC2 about the protection of a thousand instances takes a minute. */
const BUDGET_MS = 120_000;
/** So many can be asked about within the 25 s that a request behind API Gateway has. */
const MOST_WHEN_HELD_BRIEFLY = 380;

/** `GET` and `POST /delayed-termination`, as asg-delegated-destroy had them. */
export function delayedTermination(app: Hono<AppEnv>, services: HttpServices): void {
  const available = availability(services);
  app.get('/delayed-termination', async (context) => {
    await available();
    return context.body('', 200, { 'content-type': 'text/plain' });
  });
  app.post('/delayed-termination', (context) => terminate(context, services));
}

/** @returns what resolves when the engine answers, and throws a Problem `unavailable` when it does not */
function availability(services: HttpServices): () => Promise<void> {
  let answer: Promise<void> | undefined;
  let until = 0;
  return () => {
    if (answer === undefined || services.now() >= until) {
      until = services.now() + CACHED_MS;
      answer = engineAnswers(services.engine);
    }
    return answer;
  };
}

async function engineAnswers(engine: WorkflowEngine): Promise<void> {
  try {
    await engine.describe(engine.executionArn('delayed-termination', 'availability'));
  } catch (error) {
    // No execution has that name: that it says so is the answer.
    if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return;
    const message = problemOf(error)?.message ?? String(error);
    throw new Problem('unavailable', `the engine does not answer: ${message}`);
  }
}

async function terminate(context: Context<AppEnv>, services: HttpServices): Promise<Response> {
  permit(context.get('credential'), 'delayed-termination');
  const { chosen, key } = requestKey(context, 'delayed-termination');
  const input = inputOf(await readJson(context, DelegatedTermination, 'the document'), services.region);
  const { region, instanceIds, ipAddress } = input;
  const brief = services.holdSeconds !== undefined;
  if (brief && instanceIds.length > MOST_WHEN_HELD_BRIEFLY) {
    const message = `ec2_instance_ids must hold at most ${MOST_WHEN_HELD_BRIEFLY} ids behind API Gateway, got ${instanceIds.length}`;
    throw new Problem('invalid-request', message);
  }
  const [subject = ''] = instanceIds;
  // An instance is terminated once: without a key of the caller's, the instances themselves are what makes it the same.
  const own = chosen ? key : JSON.stringify([region, [...instanceIds].sort()]);
  const faults = await withinBudget(brief ? (services.holdSeconds ?? 0) * 1000 : BUDGET_MS, () =>
    checkTermination(services.aws, services.settings, { region, instanceIds, ipAddress }),
  );
  if (
    faults.length > 0 &&
    !(await isDone(services.engine, executionName('delayed-termination', subject, own), faults))
  ) {
    throw notAdmitted(faults);
  }
  const accepted = await accept(services, context, {
    workflow: 'delayed-termination',
    subject,
    key: own,
    chosen,
    input,
  });
  nameExecution(context, accepted.name);
  return context.body('', 202, { 'content-type': 'text/plain' });
}

function inputOf(document: DelegatedTermination, standardRegion: string): DelayedTerminationInput {
  const { ec2_instance_ids: ids = [], ec2_instance_id: id, ip_address: address, project, component } = document;
  const userData = UserData.safeParse(document.user_data);
  const by = [project, component].filter((word) => typeof word === 'string' && word !== '').join('/');
  return parse(
    DelayedTerminationInput,
    {
      region: document.ec2_region ?? standardRegion,
      instanceIds: [...new Set(ids.length > 0 ? ids : [id])],
      ...(typeof address === 'string' && address !== '' ? { ipAddress: address } : {}),
      ...(userData.success ? { delaySeconds: userData.data.delaySeconds } : {}),
      ...(by === '' ? {} : { requestedBy: by.slice(0, 256) }),
    },
    'the document',
  );
}

/** EC2 forgets an instance an hour after its termination: a late duplicate is answered like the first. */
async function isDone(engine: WorkflowEngine, name: string, faults: readonly AdmissionFault[]): Promise<boolean> {
  if (faults.some(({ kind }) => kind !== 'not-found')) return false;
  try {
    const { status } = await engine.describe(engine.executionArn('delayed-termination', name));
    return status === 'RUNNING' || status === 'SUCCEEDED';
  } catch (error) {
    if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return false;
    throw error;
  }
}

/** Every instance is named, however many there are. */
function notAdmitted(faults: readonly AdmissionFault[]): Problem {
  const unknown = faults.some(({ kind }) => kind === 'not-found');
  const message = `nothing was accepted: ${faults.map((fault) => fault.message).join('; ')}`;
  return new Problem(unknown ? 'not-found' : 'refused', message);
}
