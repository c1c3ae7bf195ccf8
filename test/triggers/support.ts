/** A lab whose doors talk to Step Functions through the real SDK, as they do in Lambda. */
import { SFNClient } from '@aws-sdk/client-sfn';
import { DEFINITIONS } from '../../functions/registry.ts';
import { stateMachineArn } from '../../src/engine/arns.ts';
import { StepFunctionsEngine } from '../../src/engine/step-functions.ts';
import type { WorkflowName } from '../../src/engine/workflow-engine.ts';
import { stepFunctionsService } from '../../src/simulated-region/step-functions.ts';
import type { Trigger, TriggerEnvironment } from '../../src/triggers/trigger.ts';
import { asFunction } from '../support/calls.ts';
import { Lab, type LabOptions } from '../support/lab.ts';

export class TriggerLab extends Lab {
  readonly environment: TriggerEnvironment;

  constructor(options: LabOptions = {}) {
    super(options);
    const at = { region: this.region.region, accountId: this.region.accountId, stack: this.settings.stack };
    const stateMachines = Object.entries(DEFINITIONS).map(([name, definition]) => {
      const workflow = name as WorkflowName;
      return { workflow, arn: stateMachineArn(at, workflow), definition };
    });
    this.region.use(stepFunctionsService(this.engine, { stateMachines }));
    const { requestHandler, credentials, endpoint } = this.region.clientConfig();
    this.environment = {
      aws: { requestHandler, credentials, endpoint },
      settings: this.settings,
      engine: new StepFunctionsEngine(new SFNClient(this.region.clientConfig()), at),
      region: this.region.region,
      now: Date.now,
    };
  }

  call(key: string, trigger: Trigger, event: unknown): Promise<unknown> {
    return asFunction(key, () => trigger.run(event, this.environment));
  }
}
