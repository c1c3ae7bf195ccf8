import { beforeAll, describe, expect, test } from '@jest/globals';
import { MENDED, TODAY } from '../../bench/old-ways/ecs-lifecycle-hook.ts';
import { MOST_CALLS, MOST_TRANSITIONS } from '../../src/cli/demo/bars.ts';
import { NOBODY, play } from '../../src/cli/demo/play.ts';
import { judge } from '../../src/cli/demo/verdict.ts';
import { OldWay } from '../../src/cli/demo/ways.ts';
import { DrainInstanceReceipt } from '../../src/contract/drain-instance.ts';
import { type Finished, sluice } from './child.ts';

const LONG = 60_000;

describe('sluice demo --json', () => {
  let finished: Finished;
  let shown: Finished;
  beforeAll(async () => {
    [finished, shown] = await Promise.all([sluice(['demo', '--json']), sluice(['demo'])]);
  }, LONG);

  test('ends with 0', () => {
    expect(finished.stderr).toContain('findings hold');
    expect(finished.code).toBe(0);
  });

  test('prints nothing but the two receipts on standard output, one a line', () => {
    const lines = finished.stdout.trimEnd().split('\n');
    const receipts = lines.map((line) => DrainInstanceReceipt.parse(JSON.parse(line)));
    expect(receipts.map(({ status, lifecycle }) => [status, lifecycle.outcome])).toEqual([
      ['succeeded', 'continued'],
      ['succeeded', 'continued'],
    ]);
    expect(receipts[0]?.tasks.found).toEqual({ service: 10, standalone: 1, daemon: 1 });
    expect(receipts[0]?.targets.count).toBe(11);
    expect(receipts.every(({ lifecycle }) => lifecycle.heartbeats > 0)).toBe(true);
    expect(new Set(receipts.map(({ subject }) => subject)).size).toBe(2);
  });

  test('starts one drain by the EventBridge event and one by the SNS notification', () => {
    expect(finished.stderr).toMatch(/is started by the EventBridge event[\s\S]*is started by the SNS notification/);
  });

  test('stays within the bars, as counted by region and engine', () => {
    const numbers = (text: string) =>
      [...finished.stderr.matchAll(new RegExp(`✓ ${text}: ([\\d,]+)`, 'g'))].map(([, number]) => Number(number));
    expect(numbers('AWS calls')).toHaveLength(2);
    for (const calls of numbers('AWS calls')) expect(calls).toBeLessThanOrEqual(MOST_CALLS);
    expect(numbers('state transitions')).toHaveLength(2);
    for (const transitions of numbers('state transitions')) expect(transitions).toBeLessThanOrEqual(MOST_TRANSITIONS);
    expect([MOST_CALLS, MOST_TRANSITIONS]).toEqual([60, 120]);
  });

  test('sends tens of thousands of requests and drops none', () => {
    const drops = [...finished.stderr.matchAll(/✓ requests dropped: (\d+) of ([\d,]+)/g)];
    expect(drops.map(([, dropped]) => dropped)).toEqual(['0', '0']);
    for (const [, , sent] of drops) expect(Number(sent?.replaceAll(',', ''))).toBeGreaterThan(50_000);
  });

  test('shows tasks by state, heartbeats and decisions as it goes', () => {
    for (const text of ['DEACTIV', 'draining', 'sent heartbeat 1', 'looked: wait', 'only daemon tasks are left']) {
      expect(finished.stderr).toContain(text);
    }
  });

  test('shows the same each time, and on standard output when it is not asked for JSON', () => {
    const lines = (text: string) => text.replace(/\(\d+\.\d s of real time\)/, '').split('\n');
    expect(lines(shown.stdout)).toEqual(lines(finished.stderr));
    expect([shown.code, shown.stderr]).toEqual([0, '']);
  });

  test('writes no colour where nobody looks', () => {
    expect(finished.stderr).not.toContain('\u001b');
  });
});

test(
  'what the old hook does in the same scenario is not judged to hold',
  async () => {
    const mended = await play((scene) => new OldWay(scene, MENDED), NOBODY);
    const today = await play((scene) => new OldWay(scene, TODAY), NOBODY);
    const failing = (testimony: (typeof mended)[number]) =>
      judge(testimony, 0).flatMap(({ holds, text }) => (holds ? [] : [text.replace(/\d[\d,:]*/g, 'n')]));
    expect(mended.map(failing)).toEqual([
      [
        'at that moment n of its n tasks were in a state before STOPPED',
        'daemon tasks stopped after all others',
        'at that moment n of its targets were registered or draining',
        'requests dropped: n of n',
        'AWS calls: n (at most n)',
      ],
      [
        'at that moment n of its n tasks were in a state before STOPPED',
        'daemon tasks stopped after all others',
        'at that moment n of its targets were registered or draining',
        'requests dropped: n of n',
        'AWS calls: n (at most n)',
      ],
    ]);
    // Stopped by Lambda after 16 rounds, it leaves the instance to the hook's default result.
    expect(today.map(({ action }) => [action?.result, action?.by])).toEqual([
      ['ABANDON', 'expiry'],
      ['ABANDON', 'expiry'],
    ]);
    for (const testimony of [...mended, ...today]) expect(testimony.requestsDropped).toBeGreaterThan(0);
  },
  LONG,
);
