import type { Status } from '../contract/common.ts';

/** As in the design's table of outcomes; `unusable` is a command or an input that nothing was done for. */
export const EXIT = {
  succeeded: 0,
  failed: 1,
  unusable: 2,
  'timed-out': 3,
  refused: 4,
  stopped: 130,
} as const satisfies Record<Status | 'unusable', number>;
