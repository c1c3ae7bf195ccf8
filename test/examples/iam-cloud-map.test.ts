import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import policy from '../../examples/iam/clean-cloud-map.json' with { type: 'json' };
import { DEFINITIONS } from '../../functions/registry.ts';
import { PERMISSIONS, SERVICE_SIDE } from '../../infrastructure/permissions.ts';
import { CloudMapLab, HOME, warmUp } from '../machines/cloud-map/cloud-map-lab.ts';

// A machine that does much else at the same time.
jest.setTimeout(120_000);
beforeAll(warmUp);

let lab: CloudMapLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const granted = policy.Statement.flatMap(({ Action }) => Action);
/** Made by Cloud Map in the caller's name: no call of ours shows them. */
const ofRoute53 = granted.filter((action) => action.startsWith('route53:'));
const ours = granted.filter((action) => !ofRoute53.includes(action));

describe('the policy for clean-cloud-map', () => {
  test('allows exactly the calls that are made, in the regions in which they are made', async () => {
    lab = new CloudMapLab({ cloudMap: { operationSeconds: [10, 10] } });
    const service = lab.service();
    lab.alive(service, 2, HOME);
    lab.alive(service, 2, 'eu-central-1');
    const [failing = ''] = lab.terminated(service, 3, 'us-east-1');
    lab.home.cloudMap.failNextOperation(service, failing, 'Route 53 refused the change');
    await lab.settle();
    await lab.run({ namespace: 'prod', instancesRegions: [HOME, 'eu-central-1', 'us-east-1'] });
    const made = lab.account.calls.all;
    expect([...new Set(made.map(({ service: id, operation }) => `${id}:${operation}`))].sort()).toEqual(
      [...ours].sort(),
    );
    const asked = new Set(
      made.filter(({ operation }) => operation === 'DescribeInstances').map(({ region }) => region),
    );
    const regions = policy.Statement[0]?.Condition?.StringEquals['aws:RequestedRegion'];
    expect([...asked].sort()).toEqual([...(regions ?? [])].sort());
    const elsewhere = made.filter(({ operation, region }) => operation !== 'DescribeInstances' && region !== HOME);
    expect(elsewhere).toEqual([]);
  });

  test('allows what the deployed functions may do, and nothing else', () => {
    const machines = [DEFINITIONS['clean-cloud-map'], DEFINITIONS['clean-cloud-map-service']];
    const keys = [...JSON.stringify(machines).matchAll(/"Fn::GetAtt":\["(\w+)","Arn"\]/g)].map(([, key = '']) => key);
    const actions = (grants: typeof PERMISSIONS) =>
      [...new Set(keys.flatMap((key) => (grants[key] ?? []).flatMap((grant) => [...grant.actions])))].sort();
    expect(actions(PERMISSIONS)).toEqual([...ours].sort());
    expect(actions(SERVICE_SIDE)).toEqual([...ofRoute53].sort());
  });

  test('has no wildcard for an action, and holds removals to services of one account and region', () => {
    expect(granted.filter((action) => action.includes('*'))).toEqual([]);
    const removing = policy.Statement.filter(({ Action }) => Action.includes('servicediscovery:DeregisterInstance'));
    expect(removing.map(({ Resource }) => Resource)).toEqual([
      'arn:aws:servicediscovery:eu-west-1:123456789012:service/*',
    ]);
  });
});
