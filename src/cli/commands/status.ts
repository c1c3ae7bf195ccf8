import { type Command, InvalidArgumentError } from 'commander';
import { Region } from '../../contract/common.ts';
import { readSettings } from '../../contract/settings.ts';
import { awsAccess, isUrl, regionOf } from '../aws-access.ts';
import { Faults } from '../faults.ts';

interface StatusOptions {
  readonly journal?: string;
  readonly most: number;
  readonly awsRegion?: string;
  readonly awsProfile?: string;
  readonly endpointUrl?: string;
  readonly json: boolean;
}

/** A journal is the same in every region. */
const ANY_REGION = 'us-east-1';
const MOST = 1000;

export function registerStatus(program: Command): void {
  program
    .command('status [execution]')
    .summary('list executions, or show one with its receipt')
    .description(
      'Lists the newest executions of a deployed stack (SLUICE_STACK) or of a journal, or shows one of them, by name or ARN, with its receipt.',
    )
    .option('--journal <file>', 'of this journal, while no other process has it, instead of a deployed stack')
    .option('--most <number>', 'how many the list shows', mostOf, 20)
    .option('--aws-region <region>', 'region of the stack')
    .option('--aws-profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'another endpoint than AWS, such as that of `sluice simulate`')
    .option('--json', 'one line of JSON for each', false)
    .action(async (execution: string | undefined, options: StatusOptions) => {
      const { journal } = options;
      const region = regionOf(options.awsRegion) ?? (journal === undefined ? undefined : ANY_REGION);
      const faults = new Faults();
      if (!Region.safeParse(region).success) {
        const expected = 'must be an AWS region such as "eu-west-1"; AWS_REGION says it, too';
        faults.add({
          field: '--aws-region',
          found: region === undefined ? 'nothing' : JSON.stringify(region),
          expected,
        });
      }
      if (options.endpointUrl !== undefined && !isUrl(options.endpointUrl)) {
        const expected = 'must be a URL such as "http://127.0.0.1:4600"';
        faults.add({ field: '--endpoint-url', found: JSON.stringify(options.endpointUrl), expected });
      }
      const settings = faults.try(() => readSettings(process.env));
      faults.throwAny('sluice status');
      if (settings === undefined || region === undefined) throw new TypeError('What cannot be used was not reported');
      const { status } = await import('../status/status.ts');
      const { most, json } = options;
      await status({ execution, journal, most, json, region, settings, access: awsAccess(options) });
    });
}

function mostOf(text: string): number {
  const most = Number(text);
  if (/^\d+$/.test(text) && most >= 1 && most <= MOST) return most;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST}.`);
}
