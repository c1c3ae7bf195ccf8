/** Who an execution is, and what its states see of that as `$$`. */
import type { WorkflowName } from '../workflow-engine.ts';
import type { Host } from './host.ts';

export interface Identity {
  readonly arn: string;
  readonly workflow: WorkflowName;
  readonly name: string;
  /** JSON. */
  readonly input: string;
  /** Milliseconds since the epoch: of the first start, also after a re-entry. */
  readonly started: number;
}

/**
 * `$$`, but for `$$.Execution`: the library overwrites that with a run of its own, so definitions are rewritten to find
 * it under `$$.Run`. RetryCount is counted up by the one who retries.
 */
export function contextOf(host: Host, identity: Identity, state: string, entered: number) {
  const { arn, workflow, name, started, input } = identity;
  const machineArn = host.machineArn(workflow);
  return {
    Run: {
      Id: arn,
      Name: name,
      StartTime: new Date(started).toISOString(),
      get Input(): unknown {
        return JSON.parse(input);
      },
    },
    StateMachine: { Id: machineArn, Name: machineArn.slice(machineArn.lastIndexOf(':') + 1) },
    State: { Name: state, EnteredTime: new Date(entered).toISOString(), RetryCount: 0 },
  };
}
