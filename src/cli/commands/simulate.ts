import { type Command, InvalidArgumentError } from 'commander';
import { Region } from '../../contract/common.ts';

interface SimulateOptions {
  readonly port: number;
  readonly host: string;
  readonly region: string;
}

const HIGHEST_PORT = 65_535;

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .summary('serve a small simulated AWS region on a port of this machine')
    .description(
      'Serves a simulated AWS region over HTTP, in real time, with an ECS cluster on an Auto Scaling group behind a load balancer, and the state machines of Sluice. The AWS CLI and any SDK can be pointed at it. Needs no AWS account.',
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', portOf, 4600)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--region <region>', 'name of the region', regionOf, 'eu-west-1')
    .action(async (options: SimulateOptions) => {
      const { simulate } = await import('../simulate/simulate.ts');
      await simulate(options);
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= HIGHEST_PORT) return port;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${HIGHEST_PORT}.`);
}

function regionOf(text: string): string {
  if (Region.safeParse(text).success) return text;
  throw new InvalidArgumentError('It must be an AWS region such as "eu-west-1".');
}
