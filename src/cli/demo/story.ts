/** An event of an execution, in words. */
import type { DrainData, DrainDecision } from '../../contract/drain-data.ts';
import type { HistoryEvent } from '../../engine/workflow-engine.ts';

type Data = Partial<Pick<DrainData, 'plan' | 'progress' | 'decision'>>;
/** From milliseconds to how the board writes a time. */
type TimeText = (at: number) => string;

/** By the state that was left: what it did, for those that did something. */
const SAYINGS: Readonly<Record<string, (data: Data, time: TimeText) => string | undefined>> = {
  'Read Lifecycle Hook': ({ plan }, time) => plan && `may take until ${time(Date.parse(plan.deadline))}, by its hook`,
  'Locate Instance': ({ plan }) => plan?.location && locationText(plan.location),
  'Deregister From Target Groups': ({ progress }) => {
    const count = progress?.targets.filter(({ deregisteredAt }) => deregisteredAt !== undefined).length ?? 0;
    return count === 0 ? undefined : `deregistered ${count} ${count === 1 ? 'target' : 'targets'}`;
  },
  'Set Instance To Draining': () => 'set the container instance to DRAINING',
  'Observe Drain': ({ decision }, time) => decision && decisionText(decision, time),
  'Record Heartbeat': ({ progress }) => progress && `sent heartbeat ${progress.heartbeats}`,
  'Stop Standalone Tasks': () => 'told the standalone tasks to stop',
  'Stop Daemon Tasks': () => 'told the daemon tasks to stop',
  'Complete Lifecycle Action': ({ progress }) => progress && `completed the lifecycle action: ${progress.lifecycle}`,
  'Announce Drain': () => 'announced the receipt on the event bus',
};

/** @returns undefined for what is not worth a line */
export function eventText(event: HistoryEvent, time: TimeText): string | undefined {
  if (event.type !== 'TaskStateExited' || event.stateName === undefined) return undefined;
  return SAYINGS[event.stateName]?.((event.output ?? {}) as Data, time);
}

function locationText({ cluster, targetGroups }: NonNullable<DrainData['plan']['location']>): string {
  const where = cluster === undefined ? 'in no cluster' : `in the cluster ${cluster}`;
  return `found it ${where} and in ${targetGroups.length} target groups`;
}

function decisionText({ next, reason, waitUntil }: DrainDecision, time: TimeText): string {
  if (next === 'wait') return `looked: wait, look again at ${time(Date.parse(waitUntil))}`;
  return `looked: ${reason}`;
}
