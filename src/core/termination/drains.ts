/** What the drains of a delayed termination mean for it. */
import type {
  DrainOutcome,
  DrainResult,
  JudgeDrainInput,
  SettleDrainsInput,
  TerminationData,
} from '../../contract/termination-data.ts';
import { parsedJson } from '../json.ts';
import { messageOf } from '../messages.ts';
import { iso } from '../time.ts';
import { termination } from './plan.ts';

const LONGEST_REASON = 200;
/** An inline Map runs at most 40 at once. Beyond that each item is a batch, drained by a child execution. */
const MOST_AT_ONCE = 40;

type Begun = TerminationData & {
  readonly items?: readonly (
    | { readonly instanceId: string }
    | { readonly instances: readonly { instanceId: string }[] }
  )[];
};

/** The time has come: drains first, where they are wanted. `items` are the instances, or batches of them. */
export function beginTermination({ plan, progress }: TerminationData, now: number): Begun {
  if (!plan.drain || progress.drainedAt !== undefined) {
    return { plan, progress, decision: termination('terminate', 'the time has come', now) };
  }
  const instances = progress.instances.map(({ id }) => ({ instanceId: id }));
  if (instances.length <= MOST_AT_ONCE) {
    return { plan, progress, decision: termination('drain', 'drains first', now), items: instances };
  }
  const size = Math.ceil(instances.length / MOST_AT_ONCE);
  const items = Array.from({ length: Math.ceil(instances.length / size) }, (_batch, index) => ({
    instances: instances.slice(index * size, (index + 1) * size),
  }));
  return { plan, progress, decision: termination('drain-batches', 'drains first', now), items };
}

/** Reads the receipt out of the failure of a child execution: it is the Cause within the Cause. */
export function judgeDrain({ instances, failure }: JudgeDrainInput): DrainOutcome[] {
  const child = parsedJson(failure.Cause);
  const receipt = parsedJson(textOf(child, 'Cause') ?? '');
  const told = textOf(receipt, 'status');
  const status =
    textOf(child, 'Status') === 'ABORTED' ? 'stopped' : told === 'timed-out' || told === 'refused' ? told : 'failed';
  const why = textOf(receipt, 'reason') ?? textOf(child, 'Error') ?? (messageOf(failure.Cause) || failure.Error);
  const where = textOf(child, 'ExecutionArn');
  const reason = `${why.slice(0, LONGEST_REASON)}${where === undefined ? '' : ` (${where})`}`;
  return instances.map(({ instanceId }) => ({ instanceId, status, reason }));
}

function textOf(document: unknown, name: string): string | undefined {
  const value = typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** A batch holds outcomes, and what could not be told of one by its execution is a batch of its own. */
function flattened(drains: readonly DrainResult[]): DrainOutcome[] {
  return drains.flatMap((one) => ('drains' in one ? flattened(one.drains) : [one]));
}

/** An instance whose drain failed is kept; one whose drain timed out goes as the input says. */
export function settleDrains({ plan, progress, drains }: SettleDrainsInput, now: number): TerminationData {
  const outcomes = new Map(flattened(drains).map((outcome) => [outcome.instanceId, outcome]));
  const instances = progress.instances.map((one) => {
    const outcome = outcomes.get(one.id);
    if (outcome === undefined) {
      return { ...one, status: 'failed' as const, drained: 'failed' as const, reason: 'nothing is known of its drain' };
    }
    if (outcome.status === 'succeeded') return { ...one, drained: 'drained' as const };
    const why = outcome.reason ?? outcome.status;
    if (outcome.status !== 'timed-out') {
      return { ...one, status: 'failed' as const, drained: 'failed' as const, reason: `not drained: ${why}` };
    }
    if (plan.onDrainTimeout === 'terminate') {
      return { ...one, drained: 'timed-out' as const, reason: `its drain timed out: ${why}` };
    }
    return { ...one, status: 'timed-out' as const, drained: 'timed-out' as const, reason: `kept: ${why}` };
  });
  return {
    plan,
    progress: { ...progress, instances, drainedAt: iso(now) },
    decision: termination('terminate', 'the drains have ended', now),
  };
}
