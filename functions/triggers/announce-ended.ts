import { announceEnded } from '../../src/triggers/ended.ts';
import { trigger } from '../../src/triggers/trigger.ts';

export const handler = trigger(announceEnded);
