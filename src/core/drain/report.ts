import { cap } from '../../contract/common.ts';
import type { AnnounceDrainInput } from '../../contract/drain-data.ts';
import type { DrainInstanceReceipt } from '../../contract/drain-instance.ts';
import { drainReceipt } from './receipt.ts';

/** What the last Choice and the ends of the machine read. */
export interface DrainReport {
  readonly ending: 'drained' | 'timed-out-and-continued' | 'timed-out' | 'refused' | 'failed';
  readonly receipt: DrainInstanceReceipt;
  /** The receipt as text: a Fail state's CausePath wants a string. */
  readonly cause: string;
}

/** @param now ms */
export function reportDrain(data: AnnounceDrainInput & { readonly unannounced?: boolean }, now: number): DrainReport {
  const written = drainReceipt(data, now);
  const receipt =
    data.unannounced === true
      ? { ...written, notes: cap([...written.notes.first, 'the outcome could not be announced on the event bus']) }
      : written;
  return { ending: endingOf(receipt, data.plan?.input.onTimeout), receipt, cause: JSON.stringify(receipt) };
}

function endingOf(receipt: DrainInstanceReceipt, onTimeout: 'continue' | 'abandon' | undefined): DrainReport['ending'] {
  switch (receipt.status) {
    case 'succeeded':
      return 'drained';
    case 'timed-out':
      // A lifecycle drain that was told to continue has done what it was told, also where the action had gone already.
      return receipt.lifecycle.outcome === 'continued' ||
        (receipt.lifecycle.outcome === 'gone' && onTimeout === 'continue')
        ? 'timed-out-and-continued'
        : 'timed-out';
    case 'refused':
      return 'refused';
    case 'failed':
    case 'stopped':
      return 'failed';
  }
}
