/** Which engine does the work: what is deployed, or the one inside this process. */
import * as core from '@actions/core';
import { InvalidInput } from '../contract/errors.ts';
import { DeployedEngine, findStateMachine } from './deployed.ts';
import type { ActionEngine } from './engine.ts';
import type { ActionRequest } from './read-inputs.ts';

/** @param region of the environment. @throws InvalidInput */
export async function openEngine(request: ActionRequest, region: string | undefined): Promise<ActionEngine> {
  const { own, workflow, input } = request;
  const worksIn = typeof input.region === 'string' ? input.region : undefined;
  if (own.stateMachineArn !== undefined) {
    const [, , , machineRegion = ''] = own.stateMachineArn.split(':');
    return new DeployedEngine({ region: machineRegion }, workflow, own.stateMachineArn);
  }
  const here = region ?? worksIn;
  if (here === undefined) {
    const expected = 'must be given, or AWS_REGION must be set in the environment';
    throw new InvalidInput(`The inputs of ${workflow}`, [{ field: 'region', found: 'nothing', expected }]);
  }
  if (own.stack !== undefined) {
    const settings = { region: here };
    return new DeployedEngine(settings, workflow, await findStateMachine(settings, own.stack, workflow));
  }
  quietWarnings();
  const { embeddedEngine } = await import('./embedded.ts');
  return embeddedEngine(here, process.env);
}

/** Node warns of its SQLite on every use; in a log of somebody's deployment that is noise. */
function quietWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => core.debug(`${name}: ${message}`));
}
