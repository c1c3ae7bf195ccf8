import type { DrainInstanceReceipt } from '../../../src/contract/drain-instance.ts';
import { DrainWorld, GROUP, HOOK } from '../../support/drain-world.ts';
import { type AnyReceipt, type Cell, onJournal, type Scene, type SceneOptions, type Subject } from './matrix.ts';

/** A third more than the slowest run that a fault does not outlast. */
const TIMEOUT_SECONDS = 240;

/** A spot instance with everything on it: tasks of a service, a standalone and a daemon task, and a target of its own. */
async function build(options: SceneOptions = {}): Promise<Scene> {
  const { timeoutSeconds = TIMEOUT_SECONDS, heartbeatTimeout = 120 } = options;
  const world = new DrainWorld({
    ...onJournal(options),
    hook: { heartbeatTimeout },
    launch: { lifecycle: 'spot' },
    attachedTargetGroups: ['attached'],
  });
  const { region, lab } = world;
  const api = world.service('api', 2, { delaySeconds: 30 });
  const byHand = world.targetGroup({ name: 'by-hand', deregistrationDelaySeconds: 40 });
  world.registerByHand(byHand, 9000);
  world.standalone({ stopSeconds: 5 });
  world.daemon();
  const { action } = await world.leave('EC2', 60);
  for (const group of [api, byHand]) world.traffic(group, 5, 5);
  return {
    region,
    lab,
    alive: () => standingNow(world),
    begin: () =>
      world.start({
        allTargetGroups: true,
        standaloneTasks: 'stop',
        minPollIntervalSeconds: 15,
        timeoutSeconds,
        lifecycle: {
          autoScalingGroupName: GROUP,
          lifecycleHookName: HOOK,
          lifecycleActionToken: action.token,
          lifecycleTransition: action.transition,
          destination: action.destination,
          startedAt: new Date(action.startedAt).toISOString(),
        },
      }),
    end: (executionArn) => lab.end(executionArn, 20_000),
    wrongs: (receipt, cell) => wrongs(world, receipt, cell),
    close: () => world.close(),
  };
}

/** Held against the region's own records of tasks, targets, traffic and the lifecycle action. */
function wrongs(world: DrainWorld, receipt: AnyReceipt, cell: Cell | undefined): string[] {
  const { status, deadline = '', lifecycle } = receipt as DrainInstanceReceipt;
  const { autoScaling, traffic } = world.region;
  const action = world.action();
  const accepted = world.completions();
  const completedAt = action.completedAt ?? 0;
  const alive = world.aliveAt(completedAt);
  const dropped = traffic.stats().dropped;
  const ended = action.by === 'caller';
  const onTime = ended && completedAt >= Date.parse(deadline);
  const unheard = cell?.operation === 'autoscaling:CompleteLifecycleAction' && cell.kind === 'response-lost';
  return [
    ...(accepted.length > 1 ? [`completed ${accepted.length} times`] : []),
    ...(autoScaling.completionAttempts.some(({ result }) => result !== 'CONTINUE') ? ['abandoned'] : []),
    ...(ended && !onTime && alive.length > 0 ? [`completed before the end, alive: ${alive.join(', ')}`] : []),
    ...(ended && !onTime && dropped > 0 ? [`${dropped} requests dropped`] : []),
    ...(status === 'succeeded' && !ended && !(cell !== undefined && mayLapse(cell) && lifecycle.outcome === 'gone')
      ? [`said to be done, and yet ended by ${action.by}`]
      : []),
    ...(status === 'failed' && accepted.length > 0 && !unheard ? ['failed and yet completed'] : []),
    ...stoppedTwice(world, cell),
  ];
}

/** Nobody can keep an action alive without heartbeats: it lapses, the receipt says so, and what is left is waited for. */
function mayLapse({ operation, shape, kind }: Cell): boolean {
  return operation === 'autoscaling:RecordLifecycleActionHeartbeat' && (shape === 'lasting' || kind === 'timeout');
}

/** Without the hook's timeouts there are no heartbeats: the action lapses, and then the instance waits for it no more. */
function neverKnowsItsHook({ operation, shape, kind }: Cell): boolean {
  const answered = ['slow', 'access-denied', 'stale-read', 'partial-failure'].includes(kind);
  return operation === 'autoscaling:DescribeLifecycleHooks' && shape === 'lasting' && !answered;
}

function standingNow({ region, instance, targetGroups }: DrainWorld): string[] {
  const tasks = region.ecs.tasksOn(instance);
  const ids = [instance, ...tasks.flatMap(({ addresses }) => addresses.map(({ id }) => id))];
  return [
    ...tasks
      .filter(({ history }) => history.at(-1)?.[1] !== 'STOPPED')
      .map(({ taskArn, history }) => `${taskArn} is ${history.at(-1)?.[1]}`),
    ...targetGroups.flatMap((group) =>
      ids.flatMap((id) => region.elbv2.registrations(group, id).map(({ port, state }) => `${id}:${port} is ${state}`)),
    ),
  ];
}

/** Tasks that were asked to stop more than once, although the answer had come. */
function stoppedTwice(world: DrainWorld, cell: Cell | undefined): string[] {
  if (cell?.operation === 'ecs:StopTask') return [];
  const asked = world.calls('StopTask').filter(({ outcome }) => outcome === 'ok');
  const tasks = asked.map(({ input }) => (input as { readonly task: string }).task);
  return tasks.length === new Set(tasks).size ? [] : ['a task was stopped twice'];
}

export const DRAIN: Subject = {
  name: 'drain-instance',
  build,
  spared: ['events:PutEvents'],
  unnamed: neverKnowsItsHook,
  exception: (cell) => {
    const { operation, kind, shape } = cell;
    if (kind === 'access-denied' || kind === 'slow') return undefined;
    if (neverKnowsItsHook(cell)) return ['refused', 'timed-out'];
    if (kind === 'response-lost') {
      // Nothing is stopped before ECS has said once that the instance is DRAINING.
      return operation === 'ecs:UpdateContainerInstancesState' && shape === 'lasting' ? ['timed-out'] : undefined;
    }
    if (mayLapse(cell)) return ['succeeded'];
    // It is tried until an hour after the deadline, and then left to Auto Scaling.
    return operation === 'autoscaling:CompleteLifecycleAction' && shape === 'lasting' ? ['failed'] : undefined;
  },
};
