/** The shipped definitions, and the handler behind each function that they name, for whoever runs them in one process. */

import type { Step, StepEnvironment } from '../src/lambda/step.ts';
import drainInstance from '../state-machines/drain-instance.asl.json' with { type: 'json' };
import { handler as announceDrain } from './steps/announce-drain.ts';
import { handler as completeLifecycleAction } from './steps/complete-lifecycle-action.ts';
import { handler as deregisterFromTargetGroups } from './steps/deregister-from-target-groups.ts';
import { handler as locateInstance } from './steps/locate-instance.ts';
import { handler as observeDrain } from './steps/observe-drain.ts';
import { handler as planDrain } from './steps/plan-drain.ts';
import { handler as readLifecycleHook } from './steps/read-lifecycle-hook.ts';
import { handler as recordHeartbeat } from './steps/record-heartbeat.ts';
import { handler as reportDrain } from './steps/report-drain.ts';
import { handler as searchTargetGroups } from './steps/search-target-groups.ts';
import { handler as setInstanceToActive } from './steps/set-instance-to-active.ts';
import { handler as setInstanceToDraining } from './steps/set-instance-to-draining.ts';
import { handler as stopDaemonTasks } from './steps/stop-daemon-tasks.ts';
import { handler as stopStandaloneTasks } from './steps/stop-standalone-tasks.ts';
import { handler as waitOutFault } from './steps/wait-out-fault.ts';

export const DEFINITIONS = { 'drain-instance': drainInstance };

export const STEPS: Readonly<Record<string, Step>> = {
  announceDrain,
  completeLifecycleAction,
  deregisterFromTargetGroups,
  locateInstance,
  observeDrain,
  planDrain,
  readLifecycleHook,
  recordHeartbeat,
  reportDrain,
  searchTargetGroups,
  setInstanceToActive,
  setInstanceToDraining,
  stopDaemonTasks,
  stopStandaloneTasks,
  waitOutFault,
};

/** @returns the handlers by function key, all within one environment. */
export function stepHandlers(environment: StepEnvironment): Record<string, (payload: unknown) => Promise<unknown>> {
  return Object.fromEntries(
    Object.entries(STEPS).map(([key, step]) => [key, (payload: unknown) => step.run(payload, environment)]),
  );
}
