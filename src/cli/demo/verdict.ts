/** What must be true of a drain, each judged by the region's records alone. */
import { DrainInstanceReceipt } from '../../contract/drain-instance.ts';
import { MOST_CALLS, MOST_TRANSITIONS } from './bars.ts';
import type { Testimony } from './witness.ts';

export interface Finding {
  readonly holds: boolean;
  readonly text: string;
}

export function judge(testimony: Testimony, transitions: number): Finding[] {
  const { action, tasksAlive } = testimony;
  const seconds =
    action?.completedAt === undefined ? '' : ` after ${clockTime(action.completedAt - testimony.announcedAt)}`;
  return [
    {
      holds: action?.result === 'CONTINUE' && action.by === 'caller' && testimony.completions === 1,
      text: `the lifecycle action was completed once, with ${describeEnd(testimony)}${seconds}`,
    },
    {
      holds: action !== undefined && tasksAlive.length === 0,
      text: `at that moment ${tasksAlive.length} of its ${testimony.tasks} tasks were in a state before STOPPED`,
    },
    { holds: testimony.daemonTasksLast, text: 'daemon tasks stopped after all others' },
    {
      holds: action !== undefined && testimony.targetsRegistered === 0,
      text: `at that moment ${testimony.targetsRegistered} of its targets were registered or draining`,
    },
    {
      holds: testimony.requestsDropped === 0 && testimony.requestsSent > 0,
      text: `requests dropped: ${whole(testimony.requestsDropped)} of ${whole(testimony.requestsSent)}`,
    },
    {
      holds: testimony.calls <= MOST_CALLS,
      text: `AWS calls: ${testimony.calls} (at most ${MOST_CALLS})`,
    },
    {
      holds: transitions <= MOST_TRANSITIONS,
      text: `state transitions: ${transitions} (at most ${MOST_TRANSITIONS})`,
    },
  ];
}

/** The receipt has to say what the region says. */
export function agreement(receipt: unknown, { action, instanceId }: Testimony): Finding {
  const parsed = DrainInstanceReceipt.safeParse(receipt);
  const said = parsed.success ? parsed.data : undefined;
  const holds =
    said?.subject === instanceId &&
    said.status === 'succeeded' &&
    said.lifecycle.outcome === 'continued' &&
    Date.parse(said.lifecycle.completedAt ?? '') === action?.completedAt &&
    said.lifecycle.heartbeats === action?.heartbeats.length;
  const heartbeats = action?.heartbeats.length ?? 0;
  return { holds, text: `the receipt says the same: ${said?.status ?? 'nothing'}, heartbeats sent: ${heartbeats}` };
}

/** @returns `CONTINUE by its caller`, or what became of the lifecycle action instead. */
export function describeEnd({ action }: Testimony): string {
  if (action?.by === undefined) return 'nothing: it is still open';
  const by = { caller: 'by its caller', expiry: 'by its expiry', abandonment: 'by another hook' }[action.by];
  return `${action.result} ${by}`;
}

export function whole(number: number): string {
  return number.toLocaleString('en-US');
}

/** @returns minutes and seconds, and hours where there are any: `07:05`, `13:20:00` */
export function clockTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((value) => String(value).padStart(2, '0')).join(':');
}
