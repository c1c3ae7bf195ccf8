/**
 * The clock of the machine jumps by an hour, forward or back, at every state of every workflow. Timers keep their pace, as
 * those of an operating system do. What holds: nothing ends early, nothing hangs for good, and nothing turns in a loop.
 */
import { describe, expect, test } from '@jest/globals';
import { CLEAN_CLOUD_MAP } from './matrix/clean-cloud-map.ts';
import { TERMINATIONS } from './matrix/delayed-termination.ts';
import { DRAIN } from './matrix/drain-instance.ts';
import { receiptOf, type Subject } from './matrix/matrix.ts';
import { AWAIT, DEREGISTER, REGISTER } from './matrix/targets.ts';

const HOUR = 3_600_000;
/** Deadlines are points in time: one within the hour would rightly have come. */
const TIMEOUT_SECONDS = 30_000;
/** Cannot be undone, so that what stands then stood too early. */
const LAST = ['CompleteLifecycleAction', 'TerminateInstances', 'TerminateInstanceInAutoScalingGroup'];

interface Ran {
  readonly states: readonly string[];
  readonly calls: number;
  /** Time that has really passed, ms. */
  readonly took: number;
  readonly wrong: readonly string[];
}

/** @param jump at the first entry of a state */
async function run(subject: Subject, jump?: { readonly state: string; readonly by: number }): Promise<Ran> {
  const scene = await subject.build({ timeoutSeconds: TIMEOUT_SECONDS, heartbeatTimeout: 60 });
  const { clock, engine } = scene.lab;
  const states: string[] = [];
  const wrong: string[] = [];
  let shift = 0;
  engine.onEvent(({ event }) => {
    if (!event.type.endsWith('StateEntered')) return;
    states.push(event.stateName ?? '');
    if (jump === undefined || shift !== 0 || event.stateName !== jump.state) return;
    shift = jump.by;
    clock.setSystemTime(Date.now() + shift);
  });
  scene.region.faults.inject({
    kind: 'throttle',
    when: ({ operation }) => {
      if (LAST.includes(operation)) wrong.push(...scene.alive().map((what) => `${operation}, and ${what}`));
      return false;
    },
  });
  const began = Date.now();
  try {
    const { status, reason } = receiptOf(await scene.end(await scene.begin()));
    const took = Date.now() - began - shift;
    if (status !== 'succeeded') wrong.push(`${status}: ${reason}`);
    else wrong.push(...scene.alive().map((what) => `it has ended, and ${what}`));
    const calls = Object.values(scene.region.calls.counts()).reduce((sum, count) => sum + count, 0);
    return { states: [...new Set(states)], calls, took, wrong };
  } catch (error) {
    return { states, calls: 0, took: 0, wrong: [`it does not end: ${String(error)}`] };
  } finally {
    await scene.close();
  }
}

const SUBJECTS = [DRAIN, ...TERMINATIONS, ...AWAIT, ...DEREGISTER, ...REGISTER, CLEAN_CLOUD_MAP];

describe.each(SUBJECTS.map((subject) => [subject.name, subject] as const))('%s', (_, subject) => {
  test.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])(
    'a clock that jumps %s by an hour ends nothing early, and holds nothing for ever',
    async (_, by) => {
      const straight = await run(subject);
      expect(straight.wrong).toEqual([]);
      const wrong: string[] = [];
      for (const state of straight.states) {
        const jumped = await run(subject, { state, by });
        // After a jump back, what has to come at a point in time comes an hour later.
        const longest = straight.took + Math.max(0, -by) + HOUR / 4;
        wrong.push(
          ...jumped.wrong.map((what) => `${state}: ${what}`),
          ...(jumped.took > longest ? [`${state}: it took ${jumped.took / 1000} s, not ${straight.took / 1000}`] : []),
          ...(jumped.calls > straight.calls * 3 + 1_000 ? [`${state}: ${jumped.calls} calls`] : []),
        );
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});
