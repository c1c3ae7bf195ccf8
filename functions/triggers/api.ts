import { deployedHandler } from '../../src/http/lambda.ts';

/** Every route of the HTTP API but `/drain-delay`. */
export const handler = deployedHandler();
