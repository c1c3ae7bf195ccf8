/**
 * The main job, shown: two instances are drained in a simulated region on virtual time, and the region is asked whether
 * everything was as it should be. Then the old way does the same in a region of its own.
 */
import { MENDED, TODAY } from '../../../bench/old-ways/ecs-lifecycle-hook.ts';
import type { ExecutionDescription } from '../../engine/workflow-engine.ts';
import { receiptLines } from '../receipt-text.ts';
import { type Paint, type Print, paintFor, printTo } from '../terminal.ts';
import { Board } from './board.ts';
import { type Contender, comparison } from './comparison.ts';
import { type Act, type Audience, NOBODY, play } from './play.ts';
import { agreement, judge, whole } from './verdict.ts';
import { OldWay, SluiceWay } from './ways.ts';
import type { Testimony, Witness } from './witness.ts';

export interface DemoOptions {
  /** One receipt a line on standard output, everything else on standard error. */
  readonly json: boolean;
}

/** @returns the exit code: 0 only if every finding holds. */
export async function demo({ json }: DemoOptions): Promise<number> {
  const began = performance.now();
  const stream = json ? process.stderr : process.stdout;
  const print = printTo(stream);
  const paint = paintFor(stream);
  introduce(print, paint);
  const { findings, contender } = await showSluice({ print, paint, json });
  const others = [await rival('old hook, mended', MENDED), await rival('old hook as it is', TODAY)];
  print(paint.bold('The same scenario, in fresh regions, drained the old way'));
  print();
  for (const line of comparison([contender, ...others])) print(`  ${line}`);
  print();
  print(
    paint.dim(
      "  The old hook as it is takes a cluster's name for a container instance's id, so that it does not know the",
    ),
  );
  print(
    paint.dim('  daemon tasks; and Lambda stops its loop, in which it publishes to its own topic, after 16 rounds.'),
  );
  print(paint.dim('  Mended, it knows them, and runs without that stop.'));
  print();
  const failed = findings.filter((holds) => !holds).length;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  print(
    failed === 0
      ? paint.good(`✓ all ${findings.length} findings hold (${seconds} s of real time)`)
      : paint.bad(`✗ ${failed} of ${findings.length} findings do not hold (${seconds} s of real time)`),
  );
  return failed === 0 ? 0 : 1;
}

function introduce(print: Print, paint: Paint): void {
  print(paint.bold('Sluice drains two ECS instances in a simulated region, on virtual time.'));
  print('The first runs 10 service tasks behind a target group with a deregistration delay of 300 s, slow to stop; a');
  print('process that somebody registered by hand in a second target group; a standalone task and a daemon task.');
  print('120 requests a second flow, the longest for 45 s. Three other instances have room.');
  print();
}

interface Show {
  readonly print: Print;
  readonly paint: Paint;
  readonly json: boolean;
}

async function showSluice(show: Show): Promise<{ findings: boolean[]; contender: Contender }> {
  const { print, paint } = show;
  const findings: boolean[] = [];
  let way: SluiceWay | undefined;
  const board = new Board(print, paint);
  const audience: Audience = {
    began(act: Act, instanceId: string, witness: Witness) {
      print(paint.bold(`${instanceId} is scaled in; Sluice is started ${act.title}`));
      board.began(witness, 'Auto Scaling announces the termination and waits');
    },
    looks: () => board.look(),
    ended(_act, testimony) {
      board.ended();
      if (way === undefined) throw new Error('Nobody has drained');
      const execution = way.closed.get(testimony.instanceId);
      if (execution === undefined) throw new Error(`${testimony.instanceId} was drained by no execution`);
      const receipt = receiptOf(execution);
      showReceipt(receipt, show);
      const { transitions } = way.engine.counts(execution.executionArn);
      print('  Verified in the region, whatever the receipt says:');
      for (const { holds, text } of [...judge(testimony, transitions), agreement(receipt, testimony)]) {
        findings.push(holds);
        print(`    ${holds ? paint.good('✓') : paint.bad('✗')} ${text}`);
      }
      print(paint.dim(`    ${callsText(testimony)}`));
      print();
    },
  };
  const testimonies = await play((scene) => {
    way = new SluiceWay(scene);
    board.follow(way.engine);
    return way;
  }, audience);
  await way?.engine.close();
  return { findings, contender: { name: 'Sluice', testimonies, publishes: 0 } };
}

function receiptOf({ output, cause }: ExecutionDescription): unknown {
  return output ?? (cause === undefined ? undefined : JSON.parse(cause));
}

function showReceipt(receipt: unknown, { print, json }: Show): void {
  if (json) process.stdout.write(`${JSON.stringify(receipt)}\n`);
  print();
  print('  Receipt');
  for (const line of receiptLines(receipt, { most: 3 })) print(`    ${line}`);
  print();
}

function callsText({ callsByOperation }: Testimony): string {
  return Object.entries(callsByOperation)
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key.slice(key.indexOf(':') + 1)} ${whole(count)}`)
    .join(', ');
}

async function rival(name: string, options: ConstructorParameters<typeof OldWay>[1]): Promise<Contender> {
  let way: OldWay | undefined;
  const testimonies = await play((scene) => {
    way = new OldWay(scene, options);
    return way;
  }, NOBODY);
  const publishes = [...(way?.hook.published.values() ?? [])].reduce((sum, count) => sum + count, 0);
  return { name, testimonies, publishes };
}
