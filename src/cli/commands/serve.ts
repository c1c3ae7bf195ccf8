import { type Command, InvalidArgumentError } from 'commander';
import { Region } from '../../contract/common.ts';

const HIGHEST_PORT = 65_535;

export function registerServe(program: Command): void {
  program
    .command('serve')
    .summary('serve the HTTP API from this machine, on an engine with a journal')
    .description(
      'Serves the HTTP API and runs every workflow in this process. What is accepted is in the journal before the answer, and goes on after a crash. Who may call stands in SLUICE_CREDENTIALS, SLUICE_CREDENTIALS_FILE or SLUICE_CREDENTIALS_PARAMETER; without one only this machine is served.',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', portOf, 8000)
    .option('--aws-region <region>', 'region for requests that name none; AWS_REGION when absent', regionOf)
    .option('--aws-profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'another address than that of AWS')
    .option(
      '--journal <file>',
      'where accepted work is kept; one file serves one process (default: sluice/journal.db in XDG_STATE_HOME)',
    )
    .option('--simulate', 'serve against a simulated region in this process: no AWS account is touched', false)
    .action(async (options) => {
      const { serve } = await import('../serve/serve.ts');
      await serve(options);
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
