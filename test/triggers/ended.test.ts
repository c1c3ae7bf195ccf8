import { afterEach, expect, jest, test } from '@jest/globals';
import { handler } from '../../functions/triggers/announce-ended.ts';
import { TriggerLab } from './support.ts';

// The first test of a file loads the SDK, however busy the machine is.
jest.setTimeout(60_000);

let lab: TriggerLab;
afterEach(() => lab.close());

const ACCOUNT = 'eu-west-1:123456789012';
const NAME = 'drain-instance-i-0123456789abcdef0-0011223344556677';

function ended(detail: object) {
  return {
    version: '0',
    id: '315c1398-40ff-a850-213b-158f73e60175',
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account: '123456789012',
    time: '2026-03-02T13:00:00Z',
    region: 'eu-west-1',
    resources: [`arn:aws:states:${ACCOUNT}:execution:sluice-drain-instance:${NAME}`],
    detail: {
      executionArn: `arn:aws:states:${ACCOUNT}:execution:sluice-drain-instance:${NAME}`,
      stateMachineArn: `arn:aws:states:${ACCOUNT}:stateMachine:sluice-drain-instance`,
      name: NAME,
      startDate: 1_772_452_800_000,
      stopDate: 1_772_456_400_000,
      input: '{"region":"eu-west-1","instanceId":"i-0123456789abcdef0","requestedBy":"ops"}',
      output: null,
      ...detail,
    },
  };
}

test.each([
  ['TIMED_OUT', 'timed-out', /limit of its state machine/],
  ['ABORTED', 'stopped', /it was stopped: by ops/],
])('what is %s is announced as %s', async (status, expected, reason) => {
  lab = new TriggerLab();

  await lab.call('announceEnded', handler, ended({ status, error: 'Stopped', cause: 'by ops' }));

  const entry = lab.region.events.entries.at(-1);
  expect(entry).toMatchObject({
    Source: 'sluice',
    DetailType: `Sluice drain-instance ${expected}`,
    Resources: ['i-0123456789abcdef0'],
  });
  expect(JSON.parse(entry?.Detail ?? '')).toMatchObject({
    workflow: 'drain-instance',
    subject: 'i-0123456789abcdef0',
    status: expected,
    reason: expect.stringMatching(reason),
    requestedBy: 'ops',
    startedAt: '2026-03-02T12:00:00.000Z',
    finishedAt: '2026-03-02T13:00:00.000Z',
  });
});

test('what fails inside Step Functions is announced, with its cause', async () => {
  lab = new TriggerLab();
  const cause = "The state/task 'Observe Drain' returned a result with a size exceeding the maximum.";

  await lab.call('announceEnded', handler, ended({ status: 'FAILED', error: 'States.DataLimitExceeded', cause }));

  expect(JSON.parse(lab.region.events.entries.at(-1)?.Detail ?? '')).toMatchObject({
    status: 'failed',
    error: { name: 'States.DataLimitExceeded', message: cause },
  });
});

test('the subject is that of the name where the input does not fit into the event', async () => {
  lab = new TriggerLab();

  await lab.call('announceEnded', handler, ended({ status: 'ABORTED', input: null }));

  expect(lab.region.events.entries.at(-1)?.Resources).toEqual(['i-0123456789abcdef0']);
});

test.each<[string, object, object?]>([
  ['what has announced itself', { status: 'FAILED', cause: '{"workflow":"drain-instance","status":"refused"}' }],
  ['what succeeded', { status: 'SUCCEEDED' }],
  [
    'a machine of another stack',
    { status: 'ABORTED', stateMachineArn: `arn:aws:states:${ACCOUNT}:stateMachine:other` },
  ],
  ['a stack that announces nothing', { status: 'ABORTED' }, { SLUICE_EVENT_BUS: 'none' }],
])('says nothing of %s', async (_, detail, settings = {}) => {
  lab = new TriggerLab({ settings: { ...settings } });

  expect(await lab.call('announceEnded', handler, ended(detail))).toMatchObject({ ignored: expect.any(String) });
  expect(lab.region.events.entries).toEqual([]);
});
