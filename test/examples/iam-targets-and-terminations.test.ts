import { afterEach, describe, expect, jest, test } from '@jest/globals';
import awaitDrained from '../../examples/iam/await-drained.json' with { type: 'json' };
import delayedTermination from '../../examples/iam/delayed-termination.json' with { type: 'json' };
import deregisterTargets from '../../examples/iam/deregister-targets.json' with { type: 'json' };
import registerTargets from '../../examples/iam/register-targets.json' with { type: 'json' };
import { DEFINITIONS } from '../../functions/registry.ts';
import { PERMISSIONS } from '../../infrastructure/permissions.ts';
import type { Call } from '../../src/simulated-region/calls.ts';
import { fleet, run as terminate } from '../machines/delayed-termination/terminations.ts';
import { Lab } from '../support/lab.ts';
import { place, run, serve } from '../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

interface Policy {
  readonly Statement: readonly {
    readonly Action: readonly string[];
    readonly Resource: string;
    readonly Condition?: object;
  }[];
}

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const TAGS = { 'ingress.k8s.aws/stack': 'shop/web', 'ingress.k8s.aws/resource': 'shop/web-cart:80' };
const INGRESS = { namespace: 'shop', ingress: 'web' };

/** A target group, a Classic load balancer and an ingress, with something registered in each. */
async function world(): Promise<{ lab: Lab; instance: string; classic: string; pod: string }> {
  const made = new Lab();
  lab = made;
  const { balancer, groups } = place(made, { type: 'instance', delaySeconds: 30 });
  const instance = made.region.ec2.launch();
  serve(made, groups[0] ?? '', instance);
  made.region.classicElb.create({ name: 'old', connectionDrainingSeconds: 30, healthyThreshold: 2 });
  const classic = made.region.ec2.launch();
  made.region.traffic.startProcess(classic, 80);
  made.region.classicElb.register('old', classic);
  const group = made.region.elbv2.createTargetGroup({
    name: 'pods',
    type: 'ip',
    deregistrationDelaySeconds: 30,
    tags: TAGS,
  });
  made.region.elbv2.attach(balancer, group);
  const pod = '10.0.7.7';
  serve(made, group, pod);
  await made.pass(400);
  made.region.calls.clear();
  return { lab: made, instance, classic, pod };
}

/** In the Tagging API the signing name is not the action's prefix. */
const PREFIXES: Readonly<Record<string, string>> = { tagging: 'tag' };
const actionOf = ({ service, operation }: Call): string => `${PREFIXES[service] ?? service}:${operation}`;

const cases: readonly (readonly [keyof typeof DEFINITIONS, Policy, () => Promise<void>])[] = [
  [
    'await-drained',
    awaitDrained,
    async () => {
      const { lab: made, instance, classic, pod } = await world();
      const soon = { timeoutSeconds: 30 };
      for (const [id, where] of [
        [instance, { loadBalancer: 'web' }],
        [classic, { loadBalancer: 'old' }],
        [pod, INGRESS],
      ] as const) {
        const { receipt } = await run(made, 'await-drained', { targets: [{ id }], ...where, ...soon });
        expect(receipt.status).toBe('timed-out');
      }
    },
  ],
  [
    'deregister-targets',
    deregisterTargets,
    async () => {
      const { lab: made, instance, classic, pod } = await world();
      for (const [id, where] of [
        [instance, { loadBalancer: 'web' }],
        [classic, { loadBalancer: 'old' }],
        [pod, INGRESS],
      ] as const) {
        const { receipt } = await run(made, 'deregister-targets', { targets: [{ id }], ...where });
        expect(receipt.status).toBe('succeeded');
      }
    },
  ],
  [
    'register-targets',
    registerTargets,
    async () => {
      const { lab: made } = await world();
      const [one = '', two = ''] = fleet(made, 2);
      for (const id of [one, two]) made.region.traffic.startProcess(id, 80);
      made.region.traffic.started({ id: '10.0.7.8', port: 80 });
      for (const [id, where] of [
        [one, { loadBalancer: 'web' }],
        [two, { loadBalancer: 'old' }],
        ['10.0.7.8', INGRESS],
      ] as const) {
        const { receipt } = await run(made, 'register-targets', { targets: [{ id }], ...where });
        expect(receipt.status).toBe('succeeded');
      }
    },
  ],
  [
    'delayed-termination',
    delayedTermination,
    async () => {
      const made = new Lab();
      lab = made;
      made.region.autoScaling.createGroup({ name: 'web', desiredCapacity: 1, minSize: 0 });
      await made.pass(60);
      const [member = ''] = made.region.autoScaling.instanceIds('web');
      made.region.calls.clear();
      const { receipt } = await terminate(made, {
        instanceIds: [member, ...fleet(made, 1)],
        decrementDesiredCapacity: true,
      });
      expect(receipt.status).toBe('succeeded');
    },
  ],
];

describe.each(cases)('the policy for %s', (workflow, policy, carryOut) => {
  const granted = policy.Statement.flatMap(({ Action }) => Action);

  test('allows exactly the calls that are made', async () => {
    await carryOut();
    const made = lab?.region.calls.all.map(actionOf) ?? [];
    expect([...new Set(made)].sort()).toEqual([...granted].sort());
  });

  test('allows nothing that the deployed functions may not do', () => {
    const functions = JSON.stringify(DEFINITIONS[workflow].States).matchAll(/"Fn::GetAtt":\["(\w+)","Arn"\]/g);
    const deployed = [...functions].flatMap(([, key = '']) =>
      (PERMISSIONS[key] ?? []).flatMap(({ actions }) => actions),
    );
    // The three target workflows share their functions, so a role may allow what only another of them needs.
    expect(deployed).toEqual(expect.arrayContaining(granted));
  });

  test('holds every write to resources of one account and region', () => {
    for (const { Action, Resource } of policy.Statement) {
      const reads = Action.every((action) => /:(Describe|Get|List)/.test(action));
      if (!reads) expect(Resource).toMatch(/^arn:aws:[a-z0-9]+:eu-west-1:123456789012:.+/);
    }
    expect(granted.some((action) => action.includes('*'))).toBe(false);
  });
});
