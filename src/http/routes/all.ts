import type { Routes } from '../app.ts';
import { delayedTermination } from './delayed-termination.ts';
import { docs } from './docs.ts';
import { drainDelay } from './drain-delay.ts';
import { elb } from './elb.ts';
import { executions } from './executions.ts';
import { health } from './health.ts';
import { workflows } from './workflows.ts';

export const ALL_ROUTES: readonly Routes[] = [health, delayedTermination, drainDelay, elb, workflows, executions, docs];
