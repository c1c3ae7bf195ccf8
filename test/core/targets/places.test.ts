import { describe, expect, test } from '@jest/globals';
import { AwaitDrainedInput } from '../../../src/contract/await-drained.ts';
import { RegisterTargetsInput } from '../../../src/contract/register-targets.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { checkNumber, type Found, withGroups } from '../../../src/core/targets/groups.ts';
import { isMeant, type KubernetesPlace } from '../../../src/core/targets/kubernetes.ts';
import { asWritten, planTargets } from '../../../src/core/targets/plan.ts';
import { INSTANCE, POD, plan, progress, SETTINGS, time } from './looks.ts';

const ARN = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`;
const found = (...groups: Partial<Found['groups'][number]>[]): Found => ({
  classic: [],
  loadBalancers: ['arn:lb/web'],
  groups: groups.map((one, index) => ({
    arn: `arn:tg/${index}`,
    name: `group-${index}`,
    targetType: 'ip',
    port: 80,
    ...one,
  })),
});
const located = (workflow: 'register-targets' | 'deregister-targets' | 'await-drained', input: object, place: Found) =>
  withGroups(plan(workflow, {}, input), progress({ pending: [] }), place);

describe('the groups of a place', () => {
  const place: Found = {
    classic: ['old'],
    loadBalancers: ['arn:lb/web'],
    groups: [
      { arn: 'arn:ip', name: 'ip', targetType: 'ip', port: 80 },
      { arn: 'arn:instance', name: 'instance', targetType: 'instance' },
      { arn: 'arn:lambda', name: 'lambda', targetType: 'lambda' },
      { arn: 'arn:alb', name: 'alb', targetType: 'alb' },
    ],
  };

  test('are those that take such targets, to be asked in their order', () => {
    expect(located('deregister-targets', { targets: [{ id: POD }], targetGroups: ['arn:ip'] }, place)).toMatchObject({
      plan: { groups: [{ at: 'arn:ip', type: 'ip', port: 80 }], loadBalancers: ['arn:lb/web'] },
      progress: { groupsFound: 1, pending: [0], registrations: [] },
    });
    const both = located('deregister-targets', { targets: [{ id: POD }, { id: INSTANCE }] }, place);
    expect(both.plan.groups).toEqual([
      { at: 'arn:ip', type: 'ip', port: 80 },
      { at: 'arn:instance', type: 'instance' },
      { at: 'old', type: 'classic' },
    ]);
    expect(both.progress.pending).toEqual([0, 1, 2]);
    expect(both.progress).not.toHaveProperty('notes.0');
    expect(both.plan.groups?.[1]).not.toHaveProperty('port');
  });

  test('travel once: by ARN they are in the plan now', () => {
    expect(located('deregister-targets', { targetGroups: ['arn:ip'] }, place).plan.input).not.toHaveProperty(
      'targetGroups',
    );
  });

  test('keep the load balancers of before where none was found', () => {
    const before = plan('deregister-targets', { loadBalancers: ['arn:lb/before'] });
    const none = { ...place, loadBalancers: [] };
    expect(withGroups(before, progress(), none).plan.loadBalancers).toEqual(['arn:lb/before']);
  });

  test('are 600 at most', () => {
    const many = (count: number) => found(...Array.from({ length: count }, () => ({})));
    expect(() => located('await-drained', {}, many(600))).not.toThrow();
    expect(() => located('await-drained', {}, many(601))).toThrow(
      expect.objectContaining({
        name: 'Refused',
        message: '601 target groups are more than 600; name those that are meant',
      }),
    );
  });

  test('of a watch are all, those of before first; a Classic load balancer is not watched, which is said', () => {
    const watching = plan(
      'await-drained',
      {
        groups: [
          { at: 'arn:before', type: 'ip' },
          { at: 'arn:ip', type: 'ip', port: 80 },
        ],
      },
      { targets: [] },
    );
    const { plan: after, progress: seen } = withGroups(watching, progress(), place);
    expect(after.groups?.map(({ at }) => at)).toEqual(['arn:before', 'arn:ip', 'arn:instance']);
    expect(seen.notes).toEqual(['the Classic load balancer old is not watched: name the instances to wait for']);
    const named = plan('await-drained', { groups: [] }, { targets: [], targetGroups: ['arn:ip'] });
    expect(withGroups(named, progress(), found({})).plan.input.targetGroups).toEqual(['arn:ip']);
    const { groups: _, ...first } = watching;
    expect(withGroups(first, progress(), place).plan.groups?.map(({ at }) => at)).toEqual(['arn:ip', 'arn:instance']);
  });
});

describe('where targets are registered', () => {
  const register = (input: object, place: Found) => located('register-targets', input, place).progress.registrations;

  test('in the one group that takes them, each on its port', () => {
    const targets = [{ id: POD }, { id: POD, port: 81 }];
    expect(register({ targets }, found({}, { targetType: 'instance' }))).toEqual([
      { group: 0, id: POD, port: 80, state: 'absent' },
      { group: 0, id: POD, port: 81, state: 'absent' },
    ]);
    const { port: _, ...portless } = found({}).groups[0] ?? { arn: '', name: '', targetType: 'ip' as const };
    expect(register({ targets: [{ id: POD }] }, { ...found(), groups: [portless] })[0]?.port).toBe(0);
  });

  test('in all groups that were named', () => {
    const named = { targets: [{ id: POD }], targetGroups: ['arn:tg/0', 'arn:tg/1'] };
    expect(register(named, found({}, {})).map(({ group }) => group)).toEqual([0, 1]);
    expect(() => register({ targets: [{ id: POD }] }, found({}, {}))).toThrow(
      expect.objectContaining({
        name: 'AmbiguousTargetGroup',
        message: `2 target groups take ${POD}; name one of arn:tg/0, arn:tg/1`,
        candidates: ['arn:tg/0', 'arn:tg/1'],
      }),
    );
  });

  test('each kind in its own', () => {
    const both = { targets: [{ id: POD }, { id: INSTANCE }] };
    expect(register(both, found({}, { targetType: 'instance' }))).toEqual([
      { group: 0, id: POD, port: 80, state: 'absent' },
      { group: 1, id: INSTANCE, port: 80, state: 'absent' },
    ]);
    expect(() => register(both, found({}))).toThrow(`takes the instance ${INSTANCE}`);
  });

  test('nowhere, where nobody takes them: what is there is said', () => {
    const refusal = (input: object, place: Found) => {
      try {
        register(input, place);
      } catch (error) {
        return error;
      }
      throw new Error('it was accepted');
    };
    expect(
      refusal({ targets: [{ id: POD }] }, { ...found({ targetType: 'instance' }), classic: ['old'] }),
    ).toMatchObject({
      name: 'AmbiguousTargetGroup',
      message: `no target group here takes the address ${POD}: group-0 takes instance, the Classic load balancer old takes instances`,
      candidates: ['arn:tg/0'],
    });
    expect(refusal({ targets: [{ id: INSTANCE }] }, found())).toMatchObject({
      message: `no target group here takes the instance ${INSTANCE}: the load balancer has no target group`,
    });
  });

  test('each kind in its own, where a Classic load balancer takes the instances', () => {
    const both = { targets: [{ id: POD }, { id: INSTANCE }] };
    expect(register(both, { ...found({}), classic: ['old'] })).toStrictEqual([
      { group: 0, id: POD, port: 80, state: 'absent' },
      { group: 1, id: INSTANCE, port: 0, state: 'absent' },
    ]);
    expect(() => register(both, { ...found(), classic: ['old'] })).toThrow(`takes the address ${POD}`);
  });

  test('in a Classic load balancer, which has the ports itself', () => {
    const classic = { ...found(), classic: ['old'] };
    expect(register({ targets: [{ id: INSTANCE }] }, classic)).toEqual([
      { group: 0, id: INSTANCE, port: 0, state: 'absent' },
    ]);
    expect(() => register({ targets: [{ id: INSTANCE, port: 80 }] }, classic)).toThrow(
      `${INSTANCE} cannot be registered on port 80: in a Classic load balancer the listeners have the ports`,
    );
    expect(() =>
      register({ targets: [{ id: INSTANCE }] }, { ...classic, groups: found({ targetType: 'instance' }).groups }),
    ).toThrow(`2 target groups take ${INSTANCE}`);
  });

  test('is no place for more than 500 registrations', () => {
    expect(() => checkNumber(500)).not.toThrow();
    expect(() => checkNumber(501)).toThrow(
      '501 registrations are more than 500; name fewer targets or target groups at once',
    );
    const targets = Array.from({ length: 100 }, (_, port) => ({ id: POD, port: port + 1 }));
    const named = { targets, targetGroups: ['x'] };
    expect(() => register(named, found({}, {}, {}, {}, {}, {}))).toThrow('600 registrations are more than 500');
  });
});

describe('the tags of Kubernetes', () => {
  const meant = (place: Partial<KubernetesPlace>, tags: Readonly<Record<string, string>>) =>
    isMeant({ namespace: 'shop', ...place }, new Map(Object.entries(tags)));
  const CLUSTER = 'elbv2.k8s.aws/cluster';
  const STACK = 'ingress.k8s.aws/stack';
  const RESOURCE = 'ingress.k8s.aws/resource';

  test.each([
    ['its own stack', { ingress: 'web' }, { [STACK]: 'shop/web' }, true],
    ['its own stack, by EKS', { ingress: 'web' }, { 'ingress.eks.amazonaws.com/stack': 'shop/web' }, true],
    ['the stack of another', { ingress: 'web' }, { [STACK]: 'shop/web-2', [RESOURCE]: 'shop/web-2-cart:80' }, false],
    ['the stack of another namespace', { ingress: 'web' }, { [STACK]: 'other/web' }, false],
    [
      'a backend of it',
      { ingress: 'web', service: 'cart' },
      { [STACK]: 'shop/web', [RESOURCE]: 'shop/web-cart:80' },
      true,
    ],
    [
      'another backend of it',
      { ingress: 'web', service: 'cart' },
      { [STACK]: 'shop/web', [RESOURCE]: 'shop/web-pay:80' },
      false,
    ],
    ['a backend, without a resource', { ingress: 'web', service: 'cart' }, { [STACK]: 'shop/web' }, false],
    ['a group of ingresses', { ingress: 'web' }, { [STACK]: 'shared', [RESOURCE]: 'shop/web-cart:80' }, true],
    [
      'a group, by EKS',
      { ingress: 'web' },
      { 'ingress.eks.amazonaws.com/stack': 'shared', 'ingress.eks.amazonaws.com/resource': 'shop/web-cart:80' },
      true,
    ],
    ['a group, another ingress', { ingress: 'web' }, { [STACK]: 'shared', [RESOURCE]: 'shop/api-cart:80' }, false],
    ['a group, another namespace', { ingress: 'web' }, { [STACK]: 'shared', [RESOURCE]: 'other/web-cart:80' }, false],
    [
      'a group, a namespace that begins alike',
      { ingress: 'web' },
      { [STACK]: 'shared', [RESOURCE]: 'shopping/web-cart:80' },
      false,
    ],
    ['a resource without a backend', { service: '' }, { [RESOURCE]: 'shop/:80' }, false],
    ['a group, another namespace of that length', { ingress: 'web' }, { [RESOURCE]: 'shed/web-cart:80' }, false],
    ['a group, without a port', { ingress: 'web' }, { [STACK]: 'shared', [RESOURCE]: 'shop/web-cart' }, false],
    ['a resource alone', { ingress: 'web' }, { [RESOURCE]: 'shop/web-cart:80' }, true],
    [
      'a name with hyphens that reads two ways',
      { ingress: 'web' },
      { [STACK]: 'shared', [RESOURCE]: 'shop/web-2-cart:80' },
      true,
    ],
    ['a service as a backend of any', { service: 'cart' }, { [STACK]: 'shared', [RESOURCE]: 'shop/web-cart:80' }, true],
    ['a service that ends alike', { service: 'cart' }, { [RESOURCE]: 'shop/web-dogcart:80' }, false],
    ['a service of its own', { service: 'cart' }, { 'service.k8s.aws/stack': 'shop/cart' }, true],
    ['a service of its own, by EKS', { service: 'cart' }, { 'service.eks.amazonaws.com/stack': 'shop/cart' }, true],
    ['another service', { service: 'cart' }, { 'service.k8s.aws/stack': 'shop/pay' }, false],
    [
      'a service, where an ingress was named, too',
      { ingress: 'web', service: 'cart' },
      { 'service.k8s.aws/stack': 'shop/cart' },
      false,
    ],
    ['no tags', { ingress: 'web' }, {}, false],
    ['no tags, for a service', { service: 'cart' }, {}, false],
    ['its cluster', { ingress: 'web', cluster: 'one' }, { [CLUSTER]: 'one', [STACK]: 'shop/web' }, true],
    [
      'its cluster, by EKS',
      { ingress: 'web', cluster: 'one' },
      { 'eks:eks-cluster-name': 'one', [STACK]: 'shop/web' },
      true,
    ],
    ['another cluster', { ingress: 'web', cluster: 'one' }, { [CLUSTER]: 'two', [STACK]: 'shop/web' }, false],
    ['no cluster', { ingress: 'web', cluster: 'one' }, { [STACK]: 'shop/web' }, false],
  ])('%s', (_, place, tags, expected) => {
    expect(meant(place, tags)).toBe(expected);
  });
});

describe('the plan', () => {
  const execution = { id: 'arn', startTime: time(0) };
  const planned = (more: object = {}, settings = SETTINGS) =>
    planTargets(
      'register-targets',
      RegisterTargetsInput.parse({ region: 'eu-west-1', targets: [{ id: POD }], loadBalancer: 'web', ...more }),
      execution,
      settings,
    );

  test('fixes every time', () => {
    expect(planned({ requestedBy: 'me' })).toEqual({
      plan: {
        workflow: 'register-targets',
        input: { region: 'eu-west-1', targets: [{ id: POD }], loadBalancer: 'web', dryRun: false, requestedBy: 'me' },
        execution: 'arn',
        startedAt: time(0),
        deadline: time(SETTINGS.targetsTimeoutSeconds),
        deadlineBy: 'default',
        minPollIntervalSeconds: SETTINGS.targetsMinPollIntervalSeconds,
        maxPollIntervalSeconds: SETTINGS.maxPollIntervalSeconds,
        loadBalancers: [],
      },
      progress: { groupsFound: 0, pending: [], surveyed: false, registrations: [], polls: 0, faults: 0, notes: [] },
    });
  });

  test.each([
    [{ timeoutSeconds: 60 }, 60, 'timeoutSeconds'],
    [{ deadline: time(50) }, 50, 'deadline'],
    [{ deadline: time(50), timeoutSeconds: 60 }, 50, 'deadline'],
    [{ deadline: time(60), timeoutSeconds: 60 }, 60, 'deadline'],
    [{ deadline: time(70), timeoutSeconds: 60 }, 60, 'timeoutSeconds'],
  ])('ends, for %j, after %i s, by its %s', (input, seconds, by) => {
    expect(planned(input).plan).toMatchObject({ deadline: time(seconds), deadlineBy: by });
  });

  test('keeps the longest interval above the shortest', () => {
    expect(planned({ minPollIntervalSeconds: 3_000 }).plan).toMatchObject({
      minPollIntervalSeconds: 3_000,
      maxPollIntervalSeconds: 3_000,
    });
    expect(planned({ minPollIntervalSeconds: 5, maxPollIntervalSeconds: 9 }).plan).toMatchObject({
      minPollIntervalSeconds: 5,
      maxPollIntervalSeconds: 9,
    });
  });

  test('names each target once, addresses as Elastic Load Balancing writes them', () => {
    const targets = [{ id: POD }, { id: POD }, { id: POD, port: 80 }, { id: '2001:DB8:0:0::1' }, { id: '2001:db8::1' }];
    expect(planned({ targets }).plan.input.targets).toEqual([
      { id: POD },
      { id: POD, port: 80 },
      { id: '2001:db8::1' },
    ]);
    expect(asWritten(INSTANCE)).toBe(INSTANCE);
  });

  test('is refused in a region that may not be touched', () => {
    const settings = readSettings({ SLUICE_ALLOWED_REGIONS: 'us-east-1,us-west-2' });
    expect(() => planned({}, settings)).toThrow('eu-west-1 is not one of the allowed regions (us-east-1, us-west-2)');
    expect(() => planned({}, readSettings({ SLUICE_ALLOWED_REGIONS: 'eu-west-1' }))).not.toThrow();
  });

  test('of a watch lasts no longer than its state holds', () => {
    const watch = (more: object, settings = SETTINGS) =>
      planTargets(
        'await-drained',
        AwaitDrainedInput.parse({ region: 'eu-west-1', targetGroups: [ARN('a')], ...more }),
        execution,
        settings,
      ).plan;
    expect(watch({ timeoutSeconds: 3660 })).toMatchObject({ deadline: time(3660), input: { targets: [] } });
    expect(() => watch({ deadline: time(3661) })).toThrow(
      'without targets it can last 3660 s at most, got 3661 s; name the targets',
    );
    const long = readSettings({ SLUICE_TARGETS_TIMEOUT_SECONDS: '90000' });
    expect(watch({}, long).deadline).toBe(time(3660));
    expect(watch({ targets: [{ id: POD }] }, long).deadline).toBe(time(90_000));
    expect(watch({ targets: [{ id: POD }], deadline: time(90_000) }).deadline).toBe(time(90_000));
  });
});
