/** `sluice doctor`: what stands in the way, and what to do about it. */
import type { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { readSettings } from '../contract/settings.ts';
import { awsAccess, regionOf } from './aws-access.ts';
import { EXIT } from './exit-codes.ts';

interface Options {
  readonly awsRegion?: string;
  readonly awsProfile?: string;
  readonly endpointUrl?: string;
  readonly stack?: string;
  readonly json: boolean;
}

const MARKS = { ok: 'ok     ', note: 'note   ', warning: 'warning', fault: 'FAULT  ' } as const;

const HELP = `
It reads, and changes nothing. Exit codes: 0 nothing is in the way, 1 something is.`;

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('say what stands in the way of draining here, and what to do about it')
    .description(
      'Looks at tools, credentials, the deployed stack, its parameter, your permissions, and the lifecycle hooks of all groups.',
    )
    .option('--stack <name>', 'name of the stack, where it is not that of SLUICE_STACK')
    .option('--aws-region <region>', 'region to look at')
    .option('--aws-profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'another endpoint than AWS')
    .option('--json', 'print the findings as JSON lines', false)
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      process.exitCode = await runDoctor(options);
    });
}

async function runDoctor({ awsRegion, stack, json, ...aws }: Options): Promise<number> {
  const { examine } = await import('../doctor/examine.ts');
  const settings = readSettings(process.env);
  let faults = 0;
  const findings = examine({
    access: awsAccess(aws),
    region: regionOf(awsRegion),
    stack: stack ?? settings.stack,
    settings,
    release: packageJson.version,
    nodeVersion: process.versions.node,
  });
  for await (const finding of findings) {
    const { level, about, found, remedy } = finding;
    if (level === 'fault') faults += 1;
    const text = `${MARKS[level]}  ${about}: ${found}${remedy === undefined ? '' : `\n         ${remedy}`}`;
    process.stdout.write(`${json ? JSON.stringify(finding) : text}\n`);
  }
  return faults === 0 ? EXIT.succeeded : EXIT.failed;
}
