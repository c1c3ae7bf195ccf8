/** Where executions are looked up: in a journal of the embedded engine, or in the state machines of a deployed stack. */
import { existsSync } from 'node:fs';
import { paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { type AwsAccess, clientFactory } from '../../aws/clients.ts';
import { SluiceError } from '../../contract/errors.ts';
import { INPUTS } from '../../contract/inputs.ts';
import type { Settings } from '../../contract/settings.ts';
import { StepFunctionsEngine } from '../../engine/step-functions.ts';
import type { WorkflowEngine, WorkflowName } from '../../engine/workflow-engine.ts';

const NO_ACCOUNT = '000000000000';

/** Whatever has been asked for is not there. */
export class NothingThere extends SluiceError {
  override readonly name = 'NothingThere';
}

export interface Source {
  readonly engine: WorkflowEngine;
  readonly workflows: readonly WorkflowName[];
  /** @returns the ARN of the execution of this name. @throws NothingThere */
  find(workflow: WorkflowName, name: string): Promise<string>;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly journal: string | undefined;
  readonly region: string;
  readonly access: AwsAccess;
  readonly settings: Settings;
}

/** @throws NothingThere when there is no such journal, or no state machine of such a stack. @throws JournalUnavailable */
export function sourceOf(options: SourceOptions): Promise<Source> {
  const { journal } = options;
  return journal === undefined ? deployed(options) : journaled(options, journal);
}

async function journaled({ region, access, settings }: SourceOptions, journal: string): Promise<Source> {
  if (!existsSync(journal)) throw new NothingThere(`there is no journal ${journal}`);
  const { localEngine } = await import('../local-engine.ts');
  const engine = localEngine({ journal, region, accountId: NO_ACCOUNT, access, settings });
  return {
    engine,
    workflows: Object.keys(engine.definitions()) as WorkflowName[],
    // Region and account of its ARNs are those of whoever wrote the journal.
    find: async (workflow, name) => {
      let nextToken: string | undefined;
      do {
        const page = await engine.list({
          workflow,
          maxResults: 1000,
          ...(nextToken === undefined ? {} : { nextToken }),
        });
        const found = page.executions.find((execution) => execution.name === name);
        if (found !== undefined) return found.executionArn;
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      throw new NothingThere(`${journal} has no execution ${name}`);
    },
    close: () => engine.close(),
  };
}

const sfnClient = clientFactory(SFNClient);

/** By name, so that nobody has to know the account: `<stack>-<workflow>`. */
async function deployed({ region, access, settings }: SourceOptions): Promise<Source> {
  const client = sfnClient(access, region);
  const machines: Partial<Record<WorkflowName, string>> = {};
  for await (const { stateMachines } of paginateListStateMachines({ client }, {})) {
    for (const { name, stateMachineArn } of stateMachines ?? []) {
      const workflow = Object.keys(INPUTS).find((candidate) => name === `${settings.stack}-${candidate}`);
      if (workflow !== undefined && stateMachineArn !== undefined) machines[workflow as WorkflowName] = stateMachineArn;
    }
  }
  const workflows = Object.keys(machines) as WorkflowName[];
  if (workflows.length === 0) {
    throw new NothingThere(
      `no state machine in ${region} is named ${settings.stack}-<workflow>; SLUICE_STACK names the stack, --journal a journal instead`,
    );
  }
  const engine = new StepFunctionsEngine(client, machines);
  return {
    engine,
    workflows,
    find: async (workflow, name) => engine.executionArn(workflow, name),
    close: async () => undefined,
  };
}
