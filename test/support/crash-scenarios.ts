/** Scenarios that together enter every state of `drain-instance`, and what must hold of each however often it was killed. */

import { AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { expect } from '@jest/globals';
import type { HookSpec } from '../../src/simulated-region/auto-scaling.ts';
import type { FaultRule } from '../../src/simulated-region/faults.ts';
import { CLUSTER, DrainWorld, type DrainWorldOptions, GROUP, HOOK } from './drain-world.ts';

export interface CrashScenario {
  readonly name: string;
  readonly world: DrainWorldOptions;
  /** What stands on the instance before it leaves. */
  readonly prepare?: (world: DrainWorld) => void;
  readonly input: Readonly<Record<string, unknown>>;
  readonly hook: string;
  /** Begins with the drain. It stops once `until` has been entered, where that is named. */
  readonly fault?: FaultRule;
  readonly until?: string;
  readonly ending: { readonly status: 'SUCCEEDED' | 'FAILED'; readonly error?: string };
  /** Of the action, by us; none where it has to be left. */
  readonly result?: 'CONTINUE' | 'ABANDON';
}

const RETURN: HookSpec = {
  name: 'sluice-return',
  transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  heartbeatTimeout: 300,
};
const busy = (world: DrainWorld): void => {
  world.service('api', 2, { delaySeconds: 4, minimumHealthyPercent: 0 });
  world.registerByHand(world.targetGroup({ name: 'by-hand', deregistrationDelaySeconds: 3 }), 9000);
  world.standalone({ stopSeconds: 1 });
  world.daemon();
};

export const CRASH_SCENARIOS: readonly CrashScenario[] = [
  {
    name: 'a drain with everything in it',
    world: { hook: { heartbeatTimeout: 30 } },
    prepare: busy,
    input: { cluster: CLUSTER, allTargetGroups: true, standaloneTasks: 'stop' },
    hook: HOOK,
    fault: { kind: 'throttle', operation: 'DescribeTasks' },
    until: 'Wait Out Fault',
    ending: { status: 'SUCCEEDED' },
    result: 'CONTINUE',
  },
  {
    name: 'a return, with an event bus that refuses',
    world: { warmPoolState: 'Running', otherHooks: [RETURN] },
    input: { cluster: CLUSTER },
    hook: 'sluice-return',
    fault: { kind: 'access-denied', service: 'events' },
    ending: { status: 'SUCCEEDED' },
    result: 'CONTINUE',
  },
  {
    name: 'a deadline that comes first, told to continue',
    world: {},
    prepare: (world) => world.standalone(),
    input: { cluster: CLUSTER, standaloneTasks: 'wait', timeoutSeconds: 30 },
    hook: HOOK,
    ending: { status: 'SUCCEEDED' },
    result: 'CONTINUE',
  },
  {
    name: 'a deadline that comes first, told to abandon',
    world: {},
    prepare: (world) => world.standalone(),
    input: { cluster: CLUSTER, standaloneTasks: 'wait', timeoutSeconds: 30, onTimeout: 'abandon' },
    hook: HOOK,
    ending: { status: 'FAILED', error: 'DrainTimedOut' },
    result: 'ABANDON',
  },
  {
    name: 'an input that is refused',
    world: {},
    input: { timeoutSeconds: -1 },
    hook: HOOK,
    ending: { status: 'FAILED', error: 'DrainRefused' },
  },
  {
    name: 'a drain that is not permitted',
    world: {},
    input: { cluster: CLUSTER },
    hook: HOOK,
    fault: { kind: 'access-denied', operation: 'ListTasks' },
    ending: { status: 'FAILED', error: 'DrainFailed' },
  },
];

const SETTLE_SECONDS = 60;

/** The world of a scenario, its lifecycle action begun and its fault in force. @returns what ends the fault */
export async function arrange(
  scenario: CrashScenario,
  options: DrainWorldOptions = {},
): Promise<{ world: DrainWorld; relieve: () => void }> {
  const world = new DrainWorld({ ...scenario.world, ...options });
  const { lab, region } = world;
  scenario.prepare?.(world);
  if (scenario.hook === HOOK) await world.leave('EC2', SETTLE_SECONDS);
  else {
    const { action } = await world.leave('WarmPool', SETTLE_SECONDS);
    const completing = new AutoScalingClient(region.clientConfig()).send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: GROUP,
        LifecycleHookName: action.hook,
        InstanceId: world.instance,
        LifecycleActionResult: 'CONTINUE',
      }),
    );
    await lab.until(() => region.autoScaling.lifecycleState(world.instance) === 'Warmed:Running', SETTLE_SECONDS);
    await completing;
    region.autoScaling.scaleOutFromWarmPool(GROUP, world.instance);
    await world.documents(scenario.hook);
  }
  const fault = scenario.fault === undefined ? undefined : region.faults.inject(scenario.fault);
  return { world, relieve: () => fault?.remove() };
}

/** What an entry point would have made of a lifecycle action that began a while ago: half of the shortest heartbeat is over. */
export function crashInput(
  world: DrainWorld,
  scenario: CrashScenario,
  secondsAgo = 20,
): Readonly<Record<string, unknown>> {
  const { hook } = scenario;
  const action = world.action(hook);
  return {
    region: world.region.region,
    instanceId: world.instance,
    lifecycle: {
      autoScalingGroupName: GROUP,
      lifecycleHookName: hook,
      lifecycleActionToken: action.token,
      lifecycleTransition: action.transition,
      destination: action.destination,
      startedAt: new Date(Date.now() - secondsAgo * 1000).toISOString(),
    },
    ...scenario.input,
  };
}

/** Throws unless the region's own record is that of one drain, however often it was begun. */
export function checkRecord(world: DrainWorld, scenario: CrashScenario): void {
  const { hook, result } = scenario;
  const accepted = world.completions().filter((one) => one.hook === hook);
  expect(accepted.map((one) => one.result)).toEqual(result === undefined ? [] : [result]);
  if (result === undefined) expect(world.action(hook).by).not.toBe('caller');
  else expect(world.action(hook)).toMatchObject({ by: 'caller', result });
  if (scenario.input.timeoutSeconds === undefined && result === 'CONTINUE' && hook === HOOK) {
    expect(world.aliveAt(world.action(hook).completedAt ?? 0)).toEqual([]);
  }
}
