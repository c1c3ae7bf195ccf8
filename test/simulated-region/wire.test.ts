import {
  CompleteLifecycleAction$,
  DescribeAutoScalingGroups$,
  DescribeLifecycleHooks$,
} from '@aws-sdk/client-auto-scaling';
import { DescribeInstances$, TerminateInstances$ } from '@aws-sdk/client-ec2';
import { DescribeTasks$ } from '@aws-sdk/client-ecs';
import { PutEvents$ } from '@aws-sdk/client-eventbridge';
import { expect, test } from '@jest/globals';
import { NormalizedSchema } from '@smithy/core/schema';
import type { StaticMapSchema, StaticStructureSchema } from '@smithy/types';
import { operation, ServiceError, type ServiceModel } from '../../src/simulated-region/service.ts';
import { decodeJson, encodeJson } from '../../src/simulated-region/wire/json.ts';
import { decodeQuery } from '../../src/simulated-region/wire/query.ts';
import { operationShapes } from '../../src/simulated-region/wire/shapes.ts';
import { structureContent } from '../../src/simulated-region/wire/xml.ts';
import { encodeError, encodeOutput } from '../../src/simulated-region/wire.ts';

const ec2 = { service: 'ec2', protocol: 'ec2-query' } as const;
const autoScaling = { service: 'autoscaling', protocol: 'query' } as const;
const ecs = { service: 'ecs', protocol: 'json-1.1' } as const;
const events = { service: 'events', protocol: 'json-1.1' } as const;

function form(entries: Record<string, string>): URLSearchParams {
  return new URLSearchParams(entries);
}

function faultOf(act: () => unknown): ServiceError {
  try {
    act();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('Nothing was refused');
}

test('EC2 lists, structures, numbers and booleans are read by EC2 names', () => {
  const { input } = operationShapes(DescribeInstances$);
  const decoded = decodeQuery(
    ec2,
    input,
    form({
      Action: 'DescribeInstances',
      Version: '2016-11-15',
      'Filter.1.Name': 'tag:Name',
      'Filter.1.Value.2': 'b',
      'Filter.1.Value.1': 'a',
      'Filter.2.Name': 'vpc-id',
      MaxResults: '10',
      DryRun: 'false',
    }),
  );
  expect(decoded).toEqual({
    Filters: [{ Name: 'tag:Name', Values: ['a', 'b'] }, { Name: 'vpc-id' }],
    MaxResults: 10,
    DryRun: false,
  });
});

test('the eleventh item of a list comes after the second', () => {
  const ids = Array.from({ length: 11 }, (_, index) => `i-${index + 1}`);
  const entries = Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id]));
  expect(decodeQuery(ec2, operationShapes(TerminateInstances$).input, form(entries))).toEqual({ InstanceIds: ids });
});

test('Query lists are read through their member element, and an empty one stays a list', () => {
  const { input } = operationShapes(DescribeAutoScalingGroups$);
  expect(
    decodeQuery(
      autoScaling,
      input,
      form({ 'AutoScalingGroupNames.member.1': 'a', 'AutoScalingGroupNames.member.2': 'b' }),
    ),
  ).toEqual({ AutoScalingGroupNames: ['a', 'b'] });
  expect(decodeQuery(autoScaling, input, form({ AutoScalingGroupNames: '' }))).toEqual({ AutoScalingGroupNames: [] });
});

const map: StaticMapSchema = [2, 'test', 'Attributes', 0, 0, 1];
const flatMap: StaticMapSchema = [2, 'test', 'FlatAttributes', { xmlFlattened: 1 }, 0, 1];
const timed: StaticStructureSchema = [
  3,
  'test',
  'Timed',
  0,
  ['Attributes', 'Flat', 'At', 'AtEpoch', 'Blob'],
  [() => map, () => flatMap, 4, 7, 21],
];

test('maps, timestamps and blobs are read from a form', () => {
  expect(
    decodeQuery(
      autoScaling,
      NormalizedSchema.of(timed),
      form({
        'Attributes.entry.1.key': 'one',
        'Attributes.entry.1.value': '1',
        'Flat.1.key': 'two',
        'Flat.1.value': '2',
        At: '2026-01-02T03:04:05.678Z',
        AtEpoch: '1767323045.5',
        Blob: 'AQI=',
      }),
    ),
  ).toEqual({
    Attributes: { one: 1 },
    Flat: { two: 2 },
    At: new Date('2026-01-02T03:04:05.678Z'),
    AtEpoch: new Date(1767323045500),
    Blob: new Uint8Array([1, 2]),
  });
});

test('maps, timestamps, blobs and special characters are written to XML', () => {
  const xml = structureContent(NormalizedSchema.of(timed), {
    Attributes: { 'a<&>"\'': 1 },
    Flat: { two: 2 },
    At: new Date('2026-01-02T03:04:05.678Z'),
    AtEpoch: new Date(1767323045500),
    Blob: new Uint8Array([1, 2]),
  });
  expect(xml).toBe(
    '<Attributes><entry><key>a&lt;&amp;&gt;&quot;&apos;</key><value>1</value></entry></Attributes>' +
      '<Flat><key>two</key><value>2</value></Flat>' +
      '<At>2026-01-02T03:04:05.678Z</At><AtEpoch>1767323045.5</AtEpoch><Blob>AQI=</Blob>',
  );
});

test('JSON timestamps are seconds since the epoch, in and out', () => {
  const { input } = operationShapes(PutEvents$);
  const decoded = decodeJson(
    events,
    input,
    '{"Entries":[{"Time":1767323045.5,"Source":"a","Unknown":1,"Detail":null}]}',
  );
  expect(decoded).toEqual({ Entries: [{ Time: new Date(1767323045500), Source: 'a' }] });
  expect(encodeJson(input, decoded)).toBe('{"Entries":[{"Time":1767323045.5,"Source":"a"}]}');
});

test.each([
  [
    'a JSON service',
    'ValidationException',
    "'entries'",
    () => decodeJson(events, operationShapes(PutEvents$).input, '{}'),
  ],
  ['ECS', 'InvalidParameterException', 'Tasks', () => decodeJson(ecs, operationShapes(DescribeTasks$).input, '{}')],
  [
    'a Query service',
    'ValidationError',
    "'autoScalingGroupName'",
    () => decodeQuery(autoScaling, operationShapes(DescribeLifecycleHooks$).input, form({})),
  ],
  [
    'EC2',
    'MissingParameter',
    'InstanceId',
    () => decodeQuery(ec2, operationShapes(TerminateInstances$).input, form({})),
  ],
])('%s answers a missing member with %s', (_service, code, named, act) => {
  const fault = faultOf(act);
  expect(fault.code).toBe(code);
  expect(fault.message).toContain(named);
  expect(fault.status).toBe(400);
});

test.each([
  ['JSON', 'SerializationException', () => decodeJson(ecs, operationShapes(DescribeTasks$).input, '{"tasks":"t"}')],
  ['JSON', 'SerializationException', () => decodeJson(ecs, operationShapes(DescribeTasks$).input, '{"tasks":[1]}')],
  ['JSON', 'SerializationException', () => decodeJson(ecs, operationShapes(DescribeTasks$).input, '{"tasks"')],
  [
    'Query',
    'MalformedInput',
    () => decodeQuery(autoScaling, operationShapes(DescribeAutoScalingGroups$).input, form({ MaxRecords: 'ten' })),
  ],
  [
    'EC2',
    'InvalidParameterValue',
    () => decodeQuery(ec2, operationShapes(DescribeInstances$).input, form({ DryRun: 'perhaps' })),
  ],
  [
    'EC2',
    'UnknownParameter',
    () => decodeQuery(ec2, operationShapes(DescribeInstances$).input, form({ InstanceIdd: 'i-1' })),
  ],
])('%s input of a wrong kind is a %s', (_protocol, code, act) => {
  expect(faultOf(act).code).toBe(code);
});

function model(protocol: ServiceModel['protocol']): ServiceModel {
  return { id: 'some', protocol, target: 'T', xmlNamespace: 'http://some/', operations: {} };
}

test('each protocol writes an error in its own form', () => {
  const fault = new ServiceError('Some.Code', 'a <b>', 400, { clusterName: 'c' });
  const json = encodeError(model('json-1.0'), fault, 'r-1');
  expect(json).toMatchObject({ status: 400, headers: { 'content-type': 'application/x-amz-json-1.0' } });
  expect(JSON.parse(json.body)).toEqual({ __type: 'Some.Code', message: 'a <b>', clusterName: 'c' });
  expect(encodeError(model('query'), fault, 'r-1').body).toContain(
    '<ErrorResponse xmlns="http://some/"><Error><Type>Sender</Type><Code>Some.Code</Code><Message>a &lt;b&gt;</Message></Error><RequestId>r-1</RequestId></ErrorResponse>',
  );
  expect(encodeError(model('query'), new ServiceError('X', 'x', 503), 'r-1').body).toContain('<Type>Receiver</Type>');
  expect(encodeError(model('ec2-query'), fault, 'r-1').body).toContain(
    '<Response><Errors><Error><Code>Some.Code</Code><Message>a &lt;b&gt;</Message></Error></Errors><RequestID>r-1</RequestID></Response>',
  );
});

test('each Query protocol wraps an answer in its own form', () => {
  const complete = operation(CompleteLifecycleAction$, 'write', () => ({}));
  expect(encodeOutput(model('query'), 'CompleteLifecycleAction', complete, {}, 'r-1').body).toContain(
    '<CompleteLifecycleActionResponse xmlns="http://some/"><CompleteLifecycleActionResult/><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></CompleteLifecycleActionResponse>',
  );
  const terminate = operation(TerminateInstances$, 'write', () => ({}));
  const output = { TerminatingInstances: [{ InstanceId: 'i-1', CurrentState: { Code: 32, Name: 'shutting-down' } }] };
  expect(encodeOutput(model('ec2-query'), 'TerminateInstances', terminate, output, 'r-1').body).toContain(
    '<TerminateInstancesResponse xmlns="http://some/"><requestId>r-1</requestId><instancesSet><item><instanceId>i-1</instanceId><currentState><code>32</code><name>shutting-down</name></currentState></item></instancesSet></TerminateInstancesResponse>',
  );
});
