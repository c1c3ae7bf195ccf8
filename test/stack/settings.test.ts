import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { derive } from '../../infrastructure/settings.ts';
import { CleanCloudMapInput } from '../../src/contract/clean-cloud-map.ts';
import { readSettings, settingsSchema } from '../../src/contract/settings.ts';

/** As it is shipped, with a region in the place of the variable. */
const SHIPPED: Readonly<Record<string, unknown>> = JSON.parse(
  JSON.stringify(parse(readFileSync('serverless.yml', 'utf8')).custom.settings).replaceAll(
    '${aws:region}',
    'eu-west-1',
  ),
);
const derived = (changes: object = {}) => derive({ ...SHIPPED, ...changes }, 'sluice');

test('what is shipped is what the code takes for granted', () => {
  const settings = readSettings(derived().environment);
  const standard = readSettings({
    SLUICE_ALLOWED_REGIONS: 'eu-west-1',
    SLUICE_CREDENTIALS_PARAMETER: '/sluice/credentials',
  });
  expect(settings).toEqual(standard);
  for (const name of Object.keys(derived().environment)) expect(settingsSchema().shape).toHaveProperty(name);
});

test('everything that is wrong is said at once', () => {
  const wrong = {
    allowedRegions: ['nowhere'],
    drainTimeoutSeconds: '1h',
    hookPrefix: '',
    credentialsParameter: 'secret',
    colour: 'blue',
  };
  expect(() => derived(wrong)).toThrow(
    expect.objectContaining({
      name: 'InvalidInput',
      faults: expect.arrayContaining(
        ['allowedRegions[0]', 'drainTimeoutSeconds', 'hookPrefix', 'credentialsParameter', 'colour'].map((field) =>
          expect.objectContaining({ field }),
        ),
      ),
    }),
  );
});

describe('what is set narrows the roles', () => {
  test('by region, everywhere, and by the clusters', () => {
    const { conditions } = derived({
      allowedRegions: ['eu-west-1', 'eu-north-1'],
      clusterArns: ['arn:aws:ecs:*:1:cluster/web'],
    });
    const regions = { 'aws:RequestedRegion': ['eu-west-1', 'eu-north-1'] };
    expect(conditions.inAllowedRegions).toEqual({ StringEquals: regions });
    expect(conditions.inClusters).toEqual({
      StringEquals: regions,
      ArnLike: { 'ecs:cluster': ['arn:aws:ecs:*:1:cluster/web'] },
    });
  });

  test.each<[string | null, object]>([
    [null, {}],
    ['sluice', { Null: { 'aws:ResourceTag/sluice': 'false' } }],
    ['team=web=1', { StringEquals: { 'aws:ResourceTag/team': 'web=1' } }],
  ])('by the termination tag %s', (terminationTag, condition) => {
    expect(derived({ terminationTag }).conditions.terminable).toMatchObject(condition);
    expect(readSettings(derived({ terminationTag }).environment).terminationTag).toBe(terminationTag ?? undefined);
  });
});

test('what is not set leaves nothing in the template', () => {
  const { statements, permissionsBoundary, kmsKeyArn, vpc, topics } = derived();
  expect([statements.tracing, statements.network, statements.machineKey]).toEqual([null, null, null]);
  expect([permissionsBoundary, kmsKeyArn, vpc]).toEqual([null, null, null]);
  expect(topics).toEqual({ Resources: {} });
});

test('a topic gets a subscription, a permission for itself alone, and a queue for what SNS cannot deliver', () => {
  const topic = 'arn:aws:sns:eu-west-1:123456789012:scaling';
  expect(derived({ snsTopics: [topic] }).topics).toMatchObject({
    Resources: {
      Topic1Subscription: {
        Properties: { TopicArn: topic, RedrivePolicy: { deadLetterTargetArn: expect.anything() } },
      },
      Topic1Permission: { Properties: { SourceArn: topic, Principal: 'sns.amazonaws.com' } },
    },
  });
});

test('the schedule runs only with services to clean, and asks for what the workflow takes', () => {
  const cloudMap = {
    enabled: true,
    everyMinutes: 5,
    services: ['srv-e4anhexample0004'],
    instancesRegions: ['eu-west-1'],
  };
  expect(derived().cloudMapState).toBe('DISABLED');
  expect(derived({ cloudMap }).cloudMapState).toBe('ENABLED');
  expect(derived({ cloudMap: { ...cloudMap, enabled: false } }).cloudMapState).toBe('DISABLED');
  expect(derived({ cloudMap }).cloudMapRate).toBe('rate(5 minutes)');
  const input = JSON.parse(derived({ cloudMap }).cloudMapInput['Fn::Sub'].replace(/\$\{AWS::Region\}/, 'eu-west-1'));
  expect(CleanCloudMapInput.parse(input)).toMatchObject({
    services: ['srv-e4anhexample0004'],
    requestedBy: 'schedule',
  });
});

test('a key encrypts machines and logs, and is allowed to whoever starts them', () => {
  const kmsKeyArn = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000';
  const { machineEncryption, statements } = derived({ kmsKeyArn });
  expect(machineEncryption).toMatchObject({ Type: 'CUSTOMER_MANAGED_KMS_KEY', KmsKeyId: kmsKeyArn });
  expect(statements.machineKey).toMatchObject({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: kmsKeyArn });
});
