/** The shipped definitions, and the handler behind each function that they name, for whoever runs them in one process. */

import type { Step, StepEnvironment } from '../src/lambda/step.ts';
import awaitDrained from '../state-machines/await-drained.asl.json' with { type: 'json' };
import cleanCloudMap from '../state-machines/clean-cloud-map.asl.json' with { type: 'json' };
import cleanCloudMapService from '../state-machines/clean-cloud-map-service.asl.json' with { type: 'json' };
import delayedTermination from '../state-machines/delayed-termination.asl.json' with { type: 'json' };
import delayedTerminationDrains from '../state-machines/delayed-termination-drains.asl.json' with { type: 'json' };
import deregisterTargetsMachine from '../state-machines/deregister-targets.asl.json' with { type: 'json' };
import drainInstance from '../state-machines/drain-instance.asl.json' with { type: 'json' };
import registerTargetsMachine from '../state-machines/register-targets.asl.json' with { type: 'json' };
import { handler as announceCleanUp } from './steps/announce-clean-up.ts';
import { handler as announceDrain } from './steps/announce-drain.ts';
import { handler as announceTargets } from './steps/announce-targets.ts';
import { handler as announceTermination } from './steps/announce-termination.ts';
import { handler as beginTermination } from './steps/begin-termination.ts';
import { handler as checkInstances } from './steps/check-instances.ts';
import { handler as completeLifecycleAction } from './steps/complete-lifecycle-action.ts';
import { handler as deregisterFromTargetGroups } from './steps/deregister-from-target-groups.ts';
import { handler as deregisterTargets } from './steps/deregister-targets.ts';
import { handler as followOperations } from './steps/follow-operations.ts';
import { handler as judgeDrain } from './steps/judge-drain.ts';
import { handler as listServices } from './steps/list-services.ts';
import { handler as locateInstance } from './steps/locate-instance.ts';
import { handler as locateTargets } from './steps/locate-targets.ts';
import { handler as lookAtTargets } from './steps/look-at-targets.ts';
import { handler as observeDrain } from './steps/observe-drain.ts';
import { handler as observeRegistrations } from './steps/observe-registrations.ts';
import { handler as observeTermination } from './steps/observe-termination.ts';
import { handler as planCleanUp } from './steps/plan-clean-up.ts';
import { handler as planDrain } from './steps/plan-drain.ts';
import { handler as planTargets } from './steps/plan-targets.ts';
import { handler as planTermination } from './steps/plan-termination.ts';
import { handler as readLifecycleHook } from './steps/read-lifecycle-hook.ts';
import { handler as recordHeartbeat } from './steps/record-heartbeat.ts';
import { handler as registerTargets } from './steps/register-targets.ts';
import { handler as removeRegistrations } from './steps/remove-registrations.ts';
import { handler as reportCleanUp } from './steps/report-clean-up.ts';
import { handler as reportDrain } from './steps/report-drain.ts';
import { handler as reportTargets } from './steps/report-targets.ts';
import { handler as reportTermination } from './steps/report-termination.ts';
import { handler as searchTargetGroups } from './steps/search-target-groups.ts';
import { handler as setInstanceToActive } from './steps/set-instance-to-active.ts';
import { handler as setInstanceToDraining } from './steps/set-instance-to-draining.ts';
import { handler as settleDrains } from './steps/settle-drains.ts';
import { handler as settleFailedService } from './steps/settle-failed-service.ts';
import { handler as settleService } from './steps/settle-service.ts';
import { handler as stopDaemonTasks } from './steps/stop-daemon-tasks.ts';
import { handler as stopStandaloneTasks } from './steps/stop-standalone-tasks.ts';
import { handler as terminateInstances } from './steps/terminate-instances.ts';
import { handler as waitOutFault } from './steps/wait-out-fault.ts';
import { handler as waitOutServiceFault } from './steps/wait-out-service-fault.ts';
import { handler as waitOutTargetsFault } from './steps/wait-out-targets-fault.ts';
import { handler as waitOutTerminationFault } from './steps/wait-out-termination-fault.ts';
import { handler as weighObservations } from './steps/weigh-observations.ts';

export const DEFINITIONS = {
  'delayed-termination': delayedTermination,
  'delayed-termination-drains': delayedTerminationDrains,
  'clean-cloud-map': cleanCloudMap,
  'clean-cloud-map-service': cleanCloudMapService,
  'register-targets': registerTargetsMachine,
  'deregister-targets': deregisterTargetsMachine,
  'await-drained': awaitDrained,
  'drain-instance': drainInstance,
};

export const STEPS: Readonly<Record<string, Step>> = {
  waitOutTerminationFault,
  terminateInstances,
  settleDrains,
  reportTermination,
  planTermination,
  observeTermination,
  judgeDrain,
  checkInstances,
  beginTermination,
  announceTermination,
  announceCleanUp,
  followOperations,
  listServices,
  observeRegistrations,
  planCleanUp,
  removeRegistrations,
  reportCleanUp,
  settleFailedService,
  settleService,
  waitOutServiceFault,
  weighObservations,
  waitOutTargetsFault,
  reportTargets,
  planTargets,
  registerTargets,
  lookAtTargets,
  locateTargets,
  deregisterTargets,
  announceTargets,
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
