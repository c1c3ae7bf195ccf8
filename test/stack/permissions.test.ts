import { describe, expect, test } from '@jest/globals';
import { PERMISSIONS } from '../../infrastructure/permissions.ts';
import { functionSources } from '../../scripts/bundle-functions.ts';
import { actionsOfCode } from '../../scripts/stack/actions.ts';
import { permissionFaults } from '../../scripts/stack/permission-faults.ts';

const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

test('no function may ask for what its code cannot', async () => {
  const sources = functionSources();
  const possible = await actionsOfCode(sources);
  const allowed = Object.keys(sources).flatMap((name) =>
    (PERMISSIONS[camel(name)] ?? []).flatMap(({ actions }) => actions.map((action) => ({ name, action }))),
  );

  expect(allowed.length).toBeGreaterThan(30);
  expect(allowed.filter(({ name, action }) => possible[name]?.includes(action) !== true)).toEqual([]);
});

test('the code of a function is read for what it asks, and no more', async () => {
  const read = await actionsOfCode({
    'wait-out-fault': 'functions/steps/wait-out-fault.ts',
    sweep: 'functions/triggers/sweep.ts',
  });

  expect(read['wait-out-fault']).toEqual([]);
  expect(read.sweep).toEqual(
    expect.arrayContaining(['autoscaling:DescribeAutoScalingInstances', 'states:ListExecutions']),
  );
  expect(read.sweep).not.toContain('autoscaling:CompleteLifecycleAction');
});

test('nothing is allowed by a wildcard', () => {
  const actions = Object.values(PERMISSIONS).flatMap((grants) => grants.flatMap((grant) => grant.actions));
  expect(actions.filter((action) => !/^[a-z0-9]+:[A-Za-z]+$/.test(action))).toEqual([]);
});

describe('the table, held against recorded calls', () => {
  const grants = (...actions: string[]) => [{ actions, on: ['*'] }];
  const table = { observe: grants('ecs:ListTasks', 'ecs:DescribeTasks') };

  test('names an action too few, also when few tests have run', () => {
    const recorded = { observe: ['ecs:ListTasks', 'ecs:StopTask'], plan: ['ecs:ListTasks'] };
    expect(permissionFaults(table, recorded, { whole: false })).toEqual([
      'observe calls ecs:StopTask, and may not',
      'plan calls ecs:ListTasks, and may not',
    ]);
  });

  test('names one too many, when every test has run', () => {
    expect(permissionFaults(table, { observe: ['ecs:ListTasks'] }, { whole: true })).toEqual([
      'observe may call ecs:DescribeTasks, and never did',
    ]);
  });
});
