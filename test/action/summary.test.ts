import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advice, type Outcome, outcomeOf } from '../../src/action/outcome.ts';
import { gantt } from '../../src/action/summary/gantt.ts';
import { escaped, oneLine } from '../../src/action/summary/markdown.ts';
import { summaryText } from '../../src/action/summary/summary.ts';

const GROUP = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09';
const RECEIPT = {
  workflow: 'drain-instance',
  subject: 'i-0123456789abcdef0',
  region: 'eu-west-1',
  status: 'timed-out',
  reason: 'the timeoutSeconds came first: 1 task is still stopping',
  requestedBy: 'https://github.com/acme/shop/actions/runs/4711',
  dryRun: false,
  startedAt: '2026-03-02T12:00:00.000Z',
  finishedAt: '2026-03-02T12:10:00.000Z',
  drainingSetAt: '2026-03-02T12:00:05.000Z',
  tasks: {
    found: { service: 3, standalone: 1, daemon: 1 },
    alive: { service: 0, standalone: 1, daemon: 1 },
    stoppedByUs: 1,
    lastStoppedAt: '2026-03-02T12:04:00.000Z',
  },
  targets: {
    count: 30,
    first: [
      {
        targetGroupArn: GROUP,
        id: 'i-0123456789abcdef0',
        port: 80,
        state: 'absent',
        deregisteredAt: '2026-03-02T12:00:02.000Z',
        drainedAt: '2026-03-02T12:05:02.000Z',
      },
      {
        targetGroupArn: GROUP,
        id: 'i-0123456789abcdef0',
        port: 81,
        state: 'draining',
        deregisteredAt: '2026-03-02T12:00:02.000Z',
      },
    ],
  },
  lifecycle: { outcome: 'left', heartbeats: 2 },
  notes: { count: 1, first: ['the agent is <b>not</b> connected | @everyone'] },
};

function outcome(receipt: object): Outcome {
  return outcomeOf({
    executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-drain-instance:x',
    workflow: 'drain-instance',
    name: 'x',
    status: 'FAILED',
    startDate: new Date(RECEIPT.startedAt),
    stopDate: new Date(RECEIPT.finishedAt),
    input: {},
    error: 'DrainTimedOut',
    cause: JSON.stringify(receipt),
  });
}

const facts = { workflow: 'drain-instance', subject: 'i-0123456789abcdef0', failOnTimeout: true };

test('shows the receipt, what was still open, when everything happened, and what to do next', () => {
  const text = summaryText({ ...facts, outcome: outcome(RECEIPT), link: 'https://console.example/x' });
  expect(text).toContain('### ⌛ drain-instance i-0123456789abcdef0: timed-out');
  expect(text).toContain('The timeoutSeconds came first: 1 task is still stopping.');
  expect(text).toContain('| tasks alive | service 0, standalone 1, daemon 1 |');
  expect(text).toContain('**targets** (the first 2 of 30)');
  expect(text).toContain('- Give it more time with `timeout-seconds`');
  expect(text).toContain('- The lifecycle action was left alone');
  expect(text).toContain('[Execution in the console](https://console.example/x)');
  const chart = text.match(/```mermaid\n([\s\S]*?)\n```/)?.[1] ?? '';
  expect(chart).toContain('drain-instance :crit, 1772452800000, 1772453400000');
  expect(chart).toContain('i-0123456789abcdef0 port 80 drains :active, 1772452802000, 1772453102000');
  expect(chart).toContain('i-0123456789abcdef0 port 81 drains (no end) :crit, 1772452802000, 1772453400000');
  expect(chart).toContain('last stopped :milestone, 1772453040000, 0ms');
});

test('what others have written stays text', () => {
  const text = summaryText({ ...facts, outcome: outcome(RECEIPT) });
  expect(text).not.toContain('<b>');
  expect(text).toContain('&lt;b&gt;not&lt;/b&gt; connected \\| \\@everyone');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (anything) => {
      const safe = escaped(anything);
      expect(safe).not.toMatch(/[\n\r<>]|(?<!\\)[|`*[\]]/);
      const line = oneLine(anything);
      expect(line).not.toMatch(/^\s*::|\n|\r|##\[/);
    }),
  );
});

test('every diagram can be drawn, whatever a receipt holds', () => {
  const time = fc.integer({ min: 1_500_000_000_000, max: 2_000_000_000_000 }).map((at) => new Date(at).toISOString());
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      'end',
      'section',
      'gantt',
      'click a href',
      '%%{init: {}}%%',
      'a: crit, 1, 2',
      '---',
      ';;',
      '#',
      'title x',
    ),
  );
  const item = fc.record(
    {
      id: word,
      port: fc.nat(65_535),
      registeredAt: time,
      healthyAt: time,
      deregisteredAt: time,
      drainingAt: time,
      drainedAt: time,
    },
    { requiredKeys: ['id'] },
  );
  const receipt = fc.record({
    workflow: word,
    status: fc.constantFrom('succeeded', 'failed'),
    startedAt: time,
    finishedAt: time,
    drainingSetAt: time,
    targets: fc.record({ count: fc.nat(), first: fc.array(item, { maxLength: 20 }) }),
    tasks: fc.record({ lastStoppedAt: time }),
  });
  const receipts = [RECEIPT, ...fc.sample(receipt, 150)];
  const charts = receipts.map((each) => gantt(each) ?? '');
  const { stdout, stderr } = spawnSync(process.execPath, ['test/action/parse-mermaid.ts'], {
    input: JSON.stringify([...charts, 'gantt\n  this is no task']),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const verdicts = JSON.parse(stdout) as (string | null)[];
  expect(verdicts.slice(0, -1).filter((verdict) => verdict !== null)).toEqual([]);
  // The parser does refuse.
  expect(verdicts.at(-1)).toContain('Parse error');
}, 30_000);

test.each([
  ['TIMED_OUT', 'timed-out', 'States.Timeout'],
  ['ABORTED', 'stopped', 'Cancelled'],
  ['FAILED', 'failed', 'States.Runtime'],
] as const)('an execution that is %s without a receipt is %s, with its own error and cause', (status, word, error) => {
  const description = {
    executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-drain-instance:x',
    workflow: 'drain-instance',
    name: 'x',
    startDate: new Date(0),
    stopDate: new Date(1),
    input: {},
  } as const;
  const result = outcomeOf({ ...description, status, error, cause: 'it is "so"' });
  expect(result).toMatchObject({ status: word, reason: 'it is "so"', error });
  expect(result).not.toHaveProperty('receipt');
  expect(advice(result).join(' ')).not.toBe('');
  expect(summaryText({ ...facts, outcome: result })).toContain(`: ${word}`);
});

test('a drain that ran out of time but was told to continue is timed-out though its execution succeeded', () => {
  const { status } = outcomeOf({
    executionArn: 'x',
    workflow: 'drain-instance',
    name: 'x',
    status: 'SUCCEEDED',
    startDate: new Date(0),
    input: {},
    output: RECEIPT,
  });
  expect(status).toBe('timed-out');
});
