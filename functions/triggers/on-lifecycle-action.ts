import { takeLifecycleEvent } from '../../src/triggers/lifecycle.ts';
import { trigger } from '../../src/triggers/trigger.ts';

export const handler = trigger((event, { engine, settings }) => takeLifecycleEvent(event, engine, settings));
