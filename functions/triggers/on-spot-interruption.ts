import { takeSpotEvent } from '../../src/triggers/spot.ts';
import { trigger } from '../../src/triggers/trigger.ts';

export const handler = trigger(takeSpotEvent);
