import type { LaunchSpec } from '../../../src/simulated-region/ec2.ts';
import type { Lab } from '../../support/lab.ts';
import { finish } from '../../support/places.ts';

let runs = 0;

export async function start(lab: Lab, input: object): Promise<string> {
  runs += 1;
  const { executionArn } = await lab.engine.start({
    workflow: 'delayed-termination',
    name: `delayed-termination-${runs}`,
    input: { region: 'eu-west-1', ...input },
  });
  return executionArn;
}

export async function run(lab: Lab, input: object) {
  return finish(lab, await start(lab, input));
}

export function fleet(lab: Lab, count: number, spec: LaunchSpec = {}): string[] {
  return Array.from({ length: count }, () => lab.region.ec2.launch(spec));
}

/** The instances of every TerminateInstances that was carried out. */
export function terminationsOf(lab: Lab): string[][] {
  return lab.region.calls.all
    .filter(({ operation, outcome }) => operation === 'TerminateInstances' && outcome === 'ok')
    .map(({ input }) => (input as { InstanceIds: string[] }).InstanceIds);
}
