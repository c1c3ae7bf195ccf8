import { deployedHandler } from '../../src/http/lambda.ts';
import { drainDelay } from '../../src/http/routes/drain-delay.ts';

/** `GET /drain-delay`: held for most of its life, so it has a function and a reserved concurrency of its own. */
export const handler = deployedHandler([drainDelay]);
