import { takeSnsEvent } from '../../src/triggers/lifecycle.ts';
import { trigger } from '../../src/triggers/trigger.ts';

export const handler = trigger((event, { engine, settings }) => takeSnsEvent(event, engine, settings));
