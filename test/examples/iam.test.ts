import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import policy from '../../examples/iam/drain-instance.json' with { type: 'json' };
import { DEFINITIONS } from '../../functions/registry.ts';
import { PERMISSIONS } from '../../infrastructure/permissions.ts';
import type { Call } from '../../src/simulated-region/calls.ts';
import { CLUSTER, DrainWorld } from '../support/drain-world.ts';

const granted = policy.Statement.flatMap(({ Action }) => Action);
const recorded: Call[] = [];
let world: DrainWorld | undefined;

/** Signing names are the prefixes of the actions in these services. */
const actionOf = ({ service, operation }: Call): string => `${service}:${operation}`;

/** Together they make every call that there is: see the coverage of states in test/machines/drain-instance/killed.test.ts. */
beforeAll(async () => {
  world = new DrainWorld({
    launch: { lifecycle: 'spot' },
    hook: { notificationMetadata: '', heartbeatTimeout: 30 },
    attachedTargetGroups: ['attached'],
  });
  world.region.calls.onCall((call) => recorded.push(call));
  world.service('api', 2);
  world.standalone({ endsAfterSeconds: 300 });
  world.daemon();
  const documents = await world.leave();
  world.registerByHand(world.targetGroups[0] ?? '', 9000);
  expect((await world.end(await world.take(documents))).receipt.status).toBe('succeeded');
  await world.close();
  world = new DrainWorld();
  world.region.calls.onCall((call) => recorded.push(call));
  const raw = await world.end(await world.start({ cluster: CLUSTER, allTargetGroups: true }));
  expect(raw.receipt.status).toBe('succeeded');
}, 30_000);
afterAll(() => world?.close());

describe('the policy for drain-instance', () => {
  test('allows exactly the calls that are made', () => {
    expect([...new Set(recorded.map(actionOf))].sort()).toEqual([...granted].sort());
  });

  test('allows what the deployed functions may do, together', () => {
    const functions = Object.values(DEFINITIONS['drain-instance'].States).flatMap((state) =>
      'Resource' in state ? (state.Resource['Fn::GetAtt'][0] ?? []) : [],
    );
    const deployed = functions.flatMap((key) => (PERMISSIONS[key] ?? []).flatMap(({ actions }) => actions));
    expect([...new Set(deployed)].sort()).toEqual([...granted].sort());
  });

  test('holds every write to resources of one account and region', () => {
    for (const { Action, Resource } of policy.Statement) {
      const reads = Action.every((action) => /:(Describe|List)/.test(action));
      if (!reads) expect(Resource).toMatch(/^arn:aws:[a-z]+:eu-west-1:123456789012:.+/);
    }
    expect(granted.some((action) => action.includes('*'))).toBe(false);
  });

  test('names resources that the calls are really about', () => {
    const named = recorded.flatMap((call) => arnsOf(call).map((arn) => [actionOf(call), arn] as const));
    expect(new Set(named.map(([action]) => action)).size).toBe(6);
    for (const [action, arn] of named) {
      const statement = policy.Statement.find(({ Action }) => Action.includes(action));
      expect(arn).toMatch(new RegExp(`^${statement?.Resource.replaceAll('*', '.*')}$`));
    }
  });
});

/** The resources that IAM would check, where the call itself names them in full. */
function arnsOf({ operation, input }: Call): string[] {
  const given = input as Readonly<Record<string, string | readonly string[] | undefined>>;
  const field = {
    DescribeContainerInstances: given.containerInstances,
    UpdateContainerInstancesState: given.containerInstances,
    ListTasks: given.containerInstance,
    DescribeTasks: given.tasks,
    StopTask: given.task,
    DeregisterTargets: given.TargetGroupArn,
  }[operation];
  return field === undefined ? [] : [field].flat();
}
