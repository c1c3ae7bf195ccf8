import type { Hono } from 'hono';
import { Region } from '../../contract/common.ts';
import { WORKFLOWS } from '../../contract/http/credentials.ts';
import { StartQuery } from '../../contract/http/executions.ts';
import { INPUTS } from '../../contract/inputs.ts';
import { parse } from '../../contract/parse.ts';
import type { WorkflowName } from '../../engine/workflow-engine.ts';
import { readDocument, readQuery, requestKey } from '../body.ts';
import { permit } from '../credentials.ts';
import { detailed, isRecord } from '../executions.ts';
import { checkRegion } from '../guards.ts';
import { Problem } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';
import { accept, nameExecution, untilEnded } from '../start.ts';

/** `POST /workflows/{workflow}`: starts any. */
export function workflows(app: Hono<AppEnv>, services: HttpServices): void {
  app.post('/workflows/:workflow', async (context) => {
    const workflow = known(context.req.param('workflow'));
    permit(context.get('credential'), workflow);
    const { wait } = readQuery(context, StartQuery);
    const key = requestKey(context, workflow);
    const document = await readDocument(context);
    const schema = INPUTS[workflow];
    if (schema === undefined) throw new Problem('not-found', `${workflow} cannot be started here`);
    const located =
      isRecord(document) && document.region === undefined ? { region: services.region, ...document } : document;
    const input = parse(schema, located, `the input of ${workflow}`);
    const region = Region.safeParse(input.region);
    if (region.success) checkRegion(services.settings, region.data);
    const accepted = await accept(services, context, { workflow, subject: subjectOf(input), ...key, input });
    nameExecution(context, accepted.name);
    if (!wait) return context.json({ execution: accepted.name, workflow, status: statusOf(accepted.outcome) }, 202);
    const ended = await untilEnded(services, context, accepted.executionArn);
    if (ended === undefined) return context.json({ execution: accepted.name, workflow, status: 'running' }, 202);
    return context.json(await detailed(services.engine, ended));
  });
}

function known(word: string): WorkflowName {
  const workflow = WORKFLOWS.find((name) => name === word);
  if (workflow !== undefined) return workflow;
  const found = JSON.stringify(word.slice(0, 80));
  throw new Problem('not-found', `there is no workflow ${found}; there are ${WORKFLOWS.join(', ')}`);
}

function statusOf(outcome: 'started' | 'attached' | 'succeeded'): 'running' | 'succeeded' {
  return outcome === 'succeeded' ? 'succeeded' : 'running';
}

/** What the work is about, for the name of its execution. */
function subjectOf(input: Readonly<Record<string, unknown>>): string {
  const [target] = Array.isArray(input.targets) ? input.targets : [];
  const [first] = [input.instanceIds, input.services].flatMap((list) => (Array.isArray(list) ? list : []));
  const candidates = [input.instanceId, first, isRecord(target) ? target.id : undefined];
  return String(candidates.find((value) => typeof value === 'string') ?? '');
}
