import { deployedHandler } from '../../src/http/lambda.ts';
import { ALL_ROUTES } from '../../src/http/routes/all.ts';

/** Every route of the HTTP API but `/drain-delay`, which API Gateway takes to a function of its own. */
export const handler = deployedHandler(ALL_ROUTES);
