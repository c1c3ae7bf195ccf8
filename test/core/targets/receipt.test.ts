import { describe, expect, test } from '@jest/globals';
import { encode, hashOf } from '../../../src/core/targets/id-set.ts';
import { describeOpen } from '../../../src/core/targets/receipt.ts';
import { reportTargets } from '../../../src/core/targets/report.ts';
import { at, group, INSTANCE, POD, plan, progress, registration, time } from './looks.ts';

type Given = Parameters<typeof reportTargets>[0];
type Decision = NonNullable<Given['decision']>;

const decision = (outcome: Decision['outcome'], reason = 'the reason'): Decision => ({
  next: 'announce',
  reason,
  waitUntil: time(100),
  resume: 'look',
  ...(outcome === undefined ? {} : { outcome }),
});
const report = (given: Given) => {
  const written = reportTargets(given, at(100));
  expect(JSON.parse(written.cause)).toEqual(JSON.parse(JSON.stringify(written.receipt)));
  return written;
};
const drained = registration({ state: 'absent', drainedAt: time(90), activeAt: time(1), hopelessAt: time(2) });

describe('the receipt', () => {
  test('of a good end', () => {
    const { ending, receipt } = report({
      plan: plan(
        'deregister-targets',
        { loadBalancers: ['arn:lb'], groups: [group(0, { delaySeconds: 60 })] },
        { requestedBy: 'me' },
      ),
      progress: progress({
        registrations: [drained],
        groupsFound: 3,
        longestDelaySeconds: 60,
        knownEnd: time(70),
        polls: 4,
        faults: 1,
        notes: ['a note'],
      }),
      decision: decision('done'),
    });
    expect(ending).toBe('done');
    expect(receipt).toEqual({
      workflow: 'deregister-targets',
      subject: POD,
      region: 'eu-west-1',
      status: 'succeeded',
      reason: 'all 1 registrations are drained',
      execution: plan().execution,
      requestedBy: 'me',
      dryRun: false,
      startedAt: time(0),
      finishedAt: time(100),
      deadline: time(3_600),
      loadBalancers: { count: 1, first: ['arn:lb'] },
      targetGroups: { count: 3, first: ['arn:tg/0'] },
      targets: {
        count: 1,
        first: [{ targetGroupArn: 'arn:tg/0', id: POD, port: 80, state: 'absent', drainedAt: time(90) }],
      },
      counts: { done: 1, open: 0 },
      deregistrationDelaySeconds: 60,
      knownEnd: time(70),
      polls: 4,
      faults: 1,
      notes: { count: 1, first: ['a note'] },
    });
  });

  const done = (
    workflow: 'register-targets' | 'deregister-targets' | 'await-drained',
    registrations: (typeof drained)[],
    more: object = {},
  ) =>
    report({
      plan: plan(workflow, {}, { until: 'draining' }),
      progress: progress({ registrations, ...more }),
      decision: decision('done'),
    }).receipt;

  test.each([
    ['register-targets', [registration(), registration()], {}, 'all 2 registrations are healthy'],
    ['await-drained', [], { groupsFound: 1 }, 'no such target is registered in any of 1 target group'],
    ['await-drained', [], { groupsFound: 2 }, 'no such target is registered in any of 2 target groups'],
    ['await-drained', [drained, drained], {}, 'all 2 registrations are drained'],
    [
      'await-drained',
      [drained, registration({ state: 'draining' })],
      {},
      'all 2 registrations are draining or gone: new requests have stopped',
    ],
    [
      'await-drained',
      [],
      { watch: { quietSince: time(0), locatedAt: time(0) }, groupsFound: 2 },
      'nothing is draining any more in 2 target groups',
    ],
  ] as const)('of %s with %j %j says: %s', (workflow, registrations, more, reason) => {
    expect(done(workflow, [...registrations], more)).toMatchObject({ status: 'succeeded', reason });
  });

  test('shows first what is still open', () => {
    const registrations = [drained, registration({ port: 81 }), drained, registration({ port: 82, state: 'draining' })];
    const { receipt } = report({ plan: plan(), progress: progress({ registrations }), decision: decision('expired') });
    expect(receipt.targets.first.map(({ port, state }) => `${port} ${state}`)).toEqual([
      '81 healthy',
      '82 draining',
      '80 absent',
      '80 absent',
    ]);
    expect(receipt.counts).toEqual({ done: 2, open: 2 });
  });

  test('names a Classic load balancer as one, and a registration without a place alone', () => {
    const classic = plan('deregister-targets', { groups: [{ at: 'old', type: 'classic' }] });
    const of = (given: Given) => report(given).receipt.targets.first[0];
    expect(of({ plan: classic, progress: progress({ registrations: [registration()] }) })).toMatchObject({
      loadBalancer: 'old',
    });
    const nowhere = of({ plan: classic, progress: progress({ registrations: [registration({ group: 5 })] }) });
    expect(nowhere).toEqual({ id: POD, port: 80, state: 'healthy' });
    expect(of({ progress: progress({ registrations: [registration()] }) })).toEqual({
      id: POD,
      port: 80,
      state: 'healthy',
    });
  });

  describe('of a deadline that came first', () => {
    const expired = (more: object = {}, planned: object = {}) =>
      report({
        plan: plan('deregister-targets', planned),
        progress: progress({
          polls: 1,
          registrations: [registration(), registration({ state: 'initial' }), drained],
          ...more,
        }),
        decision: decision('expired'),
      });

    test.each([
      ['timeoutSeconds', 'its timeoutSeconds'],
      ['deadline', 'its deadline'],
      ['default', 'the default timeout (SLUICE_TARGETS_TIMEOUT_SECONDS)'],
    ])('%s says what is open', (deadlineBy, words) => {
      const { ending, receipt } = expired({}, { deadlineBy });
      expect(ending).toBe('timed-out');
      expect(receipt.reason).toBe(`${words} came first: 2 of 3 registrations are open: 1 healthy, 1 initial`);
    });

    test('says what time would have been enough', () => {
      const registrations = [
        registration({ state: 'draining', deregisteredAt: time(10), drainingAt: time(90) }),
        registration({ state: 'draining', drainingAt: time(30.5) }),
        registration({ state: 'draining' }),
        drained,
      ];
      expect(expired({ registrations, longestDelaySeconds: 300 }).receipt.reason).toBe(
        'the default timeout (SLUICE_TARGETS_TIMEOUT_SECONDS) came first: 3 of 4 registrations are open: 3 draining; the deregistration delay is 300 s, so 331 s would have been enough',
      );
      expect(expired({ registrations }).receipt.reason).not.toContain('enough');
      expect(expired({ longestDelaySeconds: 300 }).receipt.reason).not.toContain('enough');
    });

    test('says which faults were waited out', () => {
      expect(expired({ faults: 2, lastFault: 'no' }).receipt.reason).toMatch(
        / \(2 faults were waited out, the last: no\)$/,
      );
    });

    test('before anything was seen gives the decision’s own reason', () => {
      expect(expired({ polls: 0 }).receipt.reason).toBe('the reason');
      const { groups: _, ...nowhere } = plan();
      const unseen = report({ plan: nowhere, progress: progress({ polls: 1 }), decision: decision('expired') });
      expect(unseen.receipt.reason).toBe('the reason');
    });
  });

  test.each([
    ['undone', 'UndoneByOthers'],
    ['hopeless', 'NeverHealthy'],
  ] as const)('of what is %s is a failure, with its name', (outcome, name) => {
    const { ending, receipt } = report({ plan: plan(), progress: progress(), decision: decision(outcome) });
    expect(ending).toBe('failed');
    expect(receipt).toMatchObject({ status: 'failed', reason: 'the reason', error: { name, message: 'the reason' } });
  });

  test('of an end without a name is a failure, without an error', () => {
    const { receipt } = report({ plan: plan(), progress: progress(), decision: decision(undefined) });
    expect(receipt).toMatchObject({ status: 'failed', reason: 'the reason' });
    expect(receipt).not.toHaveProperty('error');
  });

  describe('of a dry run', () => {
    const would = (
      workflow: 'register-targets' | 'deregister-targets' | 'await-drained',
      registrations: (typeof drained)[],
      input: object = {},
    ) =>
      report({
        plan: plan(workflow, {}, { dryRun: true, ...input }),
        progress: progress({ registrations }),
        decision: decision('looked'),
      }).receipt;

    test('says what it saw and what it would do', () => {
      const receipt = would('deregister-targets', [
        registration(),
        registration({ port: 0, state: 'draining' }),
        drained,
      ]);
      expect(receipt).toMatchObject({
        status: 'succeeded',
        dryRun: true,
        reason: 'looked once and touched nothing: 2 of 3 registrations are open: 1 healthy, 1 draining',
        wouldDo: [`deregister ${POD}:80 from arn:tg/0`, 'wait until 2 registrations are drained'],
      });
      expect(would('deregister-targets', [registration()], { until: 'draining' }).wouldDo?.[1]).toBe(
        'wait until 1 registrations are draining',
      );
      expect(would('register-targets', [registration({ port: 0, state: 'absent' })]).wouldDo).toEqual([
        `register ${POD} in arn:tg/0`,
        'wait until 1 registrations are healthy',
      ]);
      expect(would('await-drained', [drained])).toMatchObject({
        wouldDo: [],
        reason: 'looked once and touched nothing: 1 registrations, none of them open',
      });
      expect(would('await-drained', [registration()]).wouldDo).toEqual(['wait until 1 registrations are drained']);
    });

    test('says what would be taken away although it serves nobody', () => {
      const gone = registration({ state: 'unused', reason: 'Target.InvalidState' });
      expect(would('deregister-targets', [gone]).wouldDo).toEqual([
        `deregister ${POD}:80 from arn:tg/0`,
        'wait until 1 registrations are drained',
      ]);
    });

    test('says a hundred things at most', () => {
      const many = Array.from({ length: 120 }, (_, port) => registration({ port }));
      expect(would('deregister-targets', many).wouldDo).toHaveLength(100);
    });

    test('that failed would do nothing', () => {
      const { receipt } = report({
        plan: plan('deregister-targets', {}, { dryRun: true }),
        failure: { Error: 'Boom', Cause: 'x' },
      });
      expect(receipt).not.toHaveProperty('wouldDo');
      expect(receipt.dryRun).toBe(true);
    });
  });

  test('of a failure says why', () => {
    const failure = { Error: 'AccessDenied', Cause: '{"errorMessage":"not allowed"}' };
    const { ending, receipt } = report({ plan: plan(), progress: progress(), decision: decision('done'), failure });
    expect(ending).toBe('failed');
    expect(receipt).toMatchObject({
      status: 'failed',
      reason: 'not allowed',
      error: { name: 'AccessDenied', message: 'not allowed' },
    });
    expect(report({ failure: { Error: 'Boom', Cause: '' } }).receipt.reason).toBe('Boom');
  });

  test.each(['Refused', 'InvalidInput', 'AmbiguousTargetGroup'])('of %s, without a plan', (name) => {
    const { ending, receipt } = report({
      workflow: 'register-targets',
      failure: { Error: name, Cause: 'no' },
      input: { region: 'mars', targets: [{ id: INSTANCE }, 7, null] },
      execution: { id: 'arn', startTime: time(-1) },
    });
    expect(ending).toBe('refused');
    expect(receipt).toMatchObject({
      workflow: 'register-targets',
      subject: `${INSTANCE} and 2 more`,
      region: 'mars',
      execution: 'arn',
      startedAt: time(-1),
      dryRun: false,
      counts: { done: 0, open: 0 },
      targetGroups: { count: 0, first: [] },
      polls: 0,
      faults: 0,
    });
    for (const missing of ['deadline', 'requestedBy', 'knownEnd', 'deregistrationDelaySeconds', 'wouldDo']) {
      expect(receipt).not.toHaveProperty(missing);
    }
  });

  test.each([
    [null, 'unknown'],
    ['text', 'unknown'],
    [{ targets: 'x' }, 'unknown'],
    [{ targets: [{ id: 'x'.repeat(200) }] }, 'x'.repeat(100)],
    [{ loadBalancer: 'web' }, 'web'],
    [{ namespace: 'shop', ingress: 'web', service: 'cart' }, 'shop/web/cart'],
    [{ targetGroups: ['arn:1', 'arn:2'] }, 'arn:1'],
    [{ targetGroups: 'arn:1' }, 'unknown'],
    [{ targetGroups: [7] }, 'unknown'],
  ])('of the input %j is about %s', (input, subject) => {
    expect(report({ input, failure: { Error: 'Boom', Cause: '' } }).receipt.subject).toBe(subject);
  });

  test('of nothing at all says so', () => {
    expect(report({}).receipt).toMatchObject({
      workflow: 'await-drained',
      region: 'unknown',
      status: 'failed',
      reason: 'there is no plan to report on',
    });
    expect(report({ plan: plan(), progress: progress() }).receipt.reason).toBe('there is no plan to report on');
    expect(report({ plan: plan(), decision: decision('done') }).receipt.reason).toBe('there is no plan to report on');
  });

  test('that could not be announced has a note', () => {
    const given = { plan: plan(), progress: progress({ notes: ['one'] }), decision: decision('done') };
    expect(report({ ...given, unannounced: true }).receipt.notes.first).toEqual([
      'one',
      'the outcome could not be announced on the event bus',
    ]);
    expect(report({ ...given, unannounced: false }).receipt.notes.first).toEqual(['one']);
  });

  test('of a watch says how many drain and how many are in service', () => {
    const ids = (...names: string[]) => encode(names.map(hashOf));
    const observed = {
      at: time(0),
      endedAt: time(1),
      open: [{ ids: ids('a', 'b') }, { ids: ids('c'), from: time(0) }, { ids: ids('d'), active: true as const }],
    };
    const watch = { quietSince: time(0), locatedAt: time(0) };
    expect(describeOpen(plan(), progress({ watch: { ...watch, observed } }))).toBe(
      '3 targets are draining, 1 in service',
    );
    expect(describeOpen(plan(), progress({ watch }))).toBe('0 targets are draining, 0 in service');
  });
});
