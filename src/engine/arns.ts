/** The names that Step Functions gives to machines and executions of a stack. */
import type { WorkflowName } from './workflow-engine.ts';

/** Where the machines of a stack are: they are named `<stack>-<workflow>`. */
export interface StackLocation {
  readonly region: string;
  readonly accountId: string;
  readonly stack: string;
}

function partition(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

export function stateMachineArn(at: StackLocation, workflow: WorkflowName): string {
  return `arn:${partition(at.region)}:states:${at.region}:${at.accountId}:stateMachine:${at.stack}-${workflow}`;
}

/** The ARN of a machine's execution of this name, whether or not it exists. */
export function executionArnOf(machineArn: string, name: string): string {
  return `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

export function functionArn(at: StackLocation, functionKey: string): string {
  return `arn:${partition(at.region)}:lambda:${at.region}:${at.accountId}:function:${at.stack}-${functionKey}`;
}
