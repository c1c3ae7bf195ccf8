import { sweep } from '../../src/triggers/sweep.ts';
import { trigger } from '../../src/triggers/trigger.ts';

export const handler = trigger((_, environment) => sweep(environment));
