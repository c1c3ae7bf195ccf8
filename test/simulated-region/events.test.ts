import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { beforeEach, expect, test } from '@jest/globals';
import type { EventDocument } from '../../src/simulated-region/outbox.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

let region: SimulatedRegion;
let client: EventBridgeClient;

beforeEach(() => {
  region = new SimulatedRegion();
  client = new EventBridgeClient(region.clientConfig());
});

const entry = { Source: 'sluice', DetailType: 'Drain Succeeded', Detail: '{"polls":3}', Resources: ['arn:r'] };

function put(...Entries: PutEventsRequestEntry[]) {
  return client.send(new PutEventsCommand({ Entries }));
}

test('an event reaches those who listen, as a rule’s target would receive it', async () => {
  const heard: EventDocument[] = [];
  const stop = region.outbox.onEvent((event) => heard.push(event));
  const { Entries, FailedEntryCount } = await put({ ...entry, Time: new Date('2026-01-02T03:04:05Z') });
  expect(FailedEntryCount).toBe(0);
  expect(heard).toEqual([
    {
      version: '0',
      id: Entries?.[0]?.EventId,
      source: 'sluice',
      'detail-type': 'Drain Succeeded',
      account: '123456789012',
      time: '2026-01-02T03:04:05Z',
      region: 'eu-west-1',
      resources: ['arn:r'],
      detail: { polls: 3 },
    },
  ]);
  stop();
  await put(entry);
  expect(heard).toHaveLength(1);
  expect(region.events.entries).toHaveLength(2);
});

test('bad entries fail alone', async () => {
  const answer = await put(
    { ...entry, Detail: '[]' },
    { ...entry, Source: 'aws.ec2' },
    { ...entry, DetailType: '' },
    { ...entry, EventBusName: 'nowhere' },
    entry,
  );
  expect(answer.FailedEntryCount).toBe(4);
  expect(answer.Entries?.map((each) => each.ErrorCode)).toEqual([
    'MalformedDetail',
    'NotAuthorizedForSourceException',
    'InvalidArgument',
    'InvalidArgument',
    undefined,
  ]);
  expect(region.outbox.events).toHaveLength(1);
});

test.each([
  ['no entry', []],
  ['eleven entries', Array.from({ length: 11 }, () => entry)],
  ['more than 256 KiB', [{ ...entry, Detail: JSON.stringify({ text: 'x'.repeat(256 * 1024) }) }]],
])('%s is refused as a whole', async (_what, entries) => {
  await expect(put(...entries)).rejects.toMatchObject({ name: 'ValidationException' });
  expect(region.outbox.events).toHaveLength(0);
});
