import { describe, expect, test } from '@jest/globals';
import { classifyTask, containerInstanceId, isAlive, type TaskFacts } from '../../src/core/tasks.ts';

const LONG = 'arn:aws:ecs:eu-west-1:123456789012:container-instance/web/0123456789abcdef0123456789abcdef';
const SHORT = 'arn:aws:ecs:eu-west-1:123456789012:container-instance/0123456789abcdef0123456789abcdef';
const ID = '0123456789abcdef0123456789abcdef';
const task = (more: Partial<TaskFacts>): TaskFacts => ({
  taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/web/1',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  ...more,
});

describe.each([
  ['with the cluster in its ARN', LONG],
  ['with an ARN from before 2018', SHORT],
])('a container instance %s', (_, arn) => {
  test('has its short id at the end', () => expect(containerInstanceId(arn)).toBe(ID));

  test.each<[string, Partial<TaskFacts>, string]>([
    ['of a service', { group: 'service:api', startedBy: 'ecs-svc/0123456789012345678' }, 'service'],
    ['of a service, without startedBy', { group: 'service:api' }, 'service'],
    ['started by RunTask', { group: 'family:batch' }, 'standalone'],
    ['started by a person', { group: 'family:batch', startedBy: 'me' }, 'standalone'],
    ['without anything', {}, 'standalone'],
    ['started by the instance, by its id', { group: 'family:logs', startedBy: ID }, 'daemon'],
    ['started by the instance, by its ARN', { group: 'family:logs', startedBy: LONG }, 'daemon'],
    ['started by another instance', { group: 'family:logs', startedBy: ID.replace('0', 'f') }, 'standalone'],
    ['whose group only sounds like a service', { group: 'servicelike:api' }, 'standalone'],
  ])('a task %s', (_, facts, expected) => expect(classifyTask(task(facts), arn)).toBe(expected));
});

test.each([
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'UNKNOWN',
  '',
])('a task that is %j is alive, whatever is desired of it', (lastStatus) => {
  for (const desiredStatus of ['RUNNING', 'STOPPED']) expect(isAlive(task({ lastStatus, desiredStatus }))).toBe(true);
});

test('only STOPPED is the end', () => expect(isAlive(task({ lastStatus: 'STOPPED' }))).toBe(false));
