import { cap } from '../../contract/common.ts';
import type { AnnounceTargetsInput } from '../../contract/targets-data.ts';
import { type TargetsReceipt, targetsReceipt } from './receipt.ts';

/** What the last Choice and the ends of the machine read. */
export interface TargetsReport {
  readonly ending: 'done' | 'timed-out' | 'refused' | 'failed';
  readonly receipt: TargetsReceipt;
  /** The receipt as text: a Fail state's CausePath wants a string. */
  readonly cause: string;
}

const ENDINGS = {
  succeeded: 'done',
  'timed-out': 'timed-out',
  refused: 'refused',
  failed: 'failed',
  stopped: 'failed',
} as const;

/** @param now ms */
export function reportTargets(
  data: AnnounceTargetsInput & { readonly unannounced?: boolean },
  now: number,
): TargetsReport {
  const written = targetsReceipt(data, now);
  const receipt =
    data.unannounced === true
      ? { ...written, notes: cap([...written.notes.first, 'the outcome could not be announced on the event bus']) }
      : written;
  return { ending: ENDINGS[receipt.status], receipt, cause: JSON.stringify(receipt) };
}
