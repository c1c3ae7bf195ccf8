import { cap } from '../../contract/common.ts';
import type { DelayedTerminationReceipt } from '../../contract/delayed-termination.ts';
import type { AnnounceTerminationInput } from '../../contract/termination-data.ts';
import { terminationReceipt } from './receipt.ts';

/** What the last Choice and the ends of the machine read. */
export interface TerminationReport {
  readonly ending: 'done' | 'timed-out' | 'refused' | 'failed';
  readonly receipt: DelayedTerminationReceipt;
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
export function reportTermination(
  data: AnnounceTerminationInput & { readonly unannounced?: boolean },
  now: number,
): TerminationReport {
  const written = terminationReceipt(data, now);
  const receipt =
    data.unannounced === true
      ? { ...written, notes: cap([...written.notes.first, 'the outcome could not be announced on the event bus']) }
      : written;
  return { ending: ENDINGS[receipt.status], receipt, cause: JSON.stringify(receipt) };
}
