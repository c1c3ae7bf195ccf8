#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The command `sluice`. One file a command, registered here. */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { registerDemo } from './commands/demo.ts';
import { registerRun } from './commands/run.ts';
import { registerServe } from './commands/serve.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerStatus } from './commands/status.ts';
import { registerDoctor } from './doctor.ts';
import { EXIT } from './exit-codes.ts';

const GUIDE = `
Try it first, without an AWS account:
  sluice demo
  sluice simulate --port 4600

Exit codes: 0 succeeded, 1 failed, 2 the command or its input cannot be used, 3 timed out, 4 refused, 130 stopped.`;

function program(): Command {
  const sluice = new Command('sluice')
    .description(
      'Takes machines, containers and registrations out of service on AWS without dropping a request, and puts them back.',
    )
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .helpCommand(false)
    .addHelpText('after', GUIDE)
    .showSuggestionAfterError()
    .exitOverride();
  for (const register of [registerDemo, registerDoctor, registerRun, registerServe, registerSimulate, registerStatus])
    register(sluice);
  return sluice;
}

/** `node:sqlite`, which the journal is kept in, came with it. */
const LEAST_NODE = 24;

async function main(): Promise<void> {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < LEAST_NODE) {
    process.stderr.write(`sluice needs Node ${LEAST_NODE}, and this is Node ${node}\n`);
    process.exitCode = EXIT.unusable;
    return;
  }
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.succeeded : EXIT.unusable;
      return;
    }
    const { reportError } = await import('./report-error.ts');
    process.exitCode = reportError(error);
  }
}

void main();
