import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { type Field, fieldsOf } from '../../contract/fields.ts';
import { INPUTS } from '../../contract/inputs.ts';
import { readSettings } from '../../contract/settings.ts';
import type { WorkflowName } from '../../engine/workflow-engine.ts';
import { awsAccess, isUrl, regionOf } from '../aws-access.ts';
import { addUnmapArguments, runAsUnmap, usesUnmapArguments } from '../clean-cloud-map.ts';
import { Faults } from '../faults.ts';
import { readInput } from '../run/read-input.ts';
import { LIFECYCLE_POLICIES, type LifecyclePolicy } from '../run/stopping.ts';

/** What every workflow's command has besides the options of its input. */
interface CommonOptions {
  readonly input?: string;
  readonly journal?: string;
  readonly key?: string;
  readonly awsRegion?: string;
  readonly awsProfile?: string;
  readonly endpointUrl?: string;
  readonly json: boolean;
  readonly lifecycle: string;
}

const SUMMARIES: Readonly<Partial<Record<WorkflowName, string>>> = {
  'drain-instance':
    'take an EC2 instance out of its target groups and its ECS cluster, and complete its lifecycle action',
  'delayed-termination': 'wait, drain first if asked to, then terminate instances',
  'register-targets': 'register targets and wait until they are healthy',
  'deregister-targets': 'deregister targets and wait until they are drained',
  'await-drained': 'change nothing, wait until targets are drained everywhere',
  'clean-cloud-map': 'remove registrations of instances that no longer exist',
};

const HELP = `
An option of the input may also stand in a JSON document (--input); the options say it last.
Ctrl-C stops the execution, and does with a lifecycle action what --lifecycle says; the second one leaves at once.

Exit codes: 0 succeeded, 1 failed, 2 the input cannot be used, 3 timed out, 4 refused, 130 stopped.`;

export function registerRun(program: Command): void {
  const run = program
    .command('run')
    .summary('run a workflow in this process, to its end')
    .description(
      'Runs a workflow in this process, with the credentials that the environment has, shows on standard error how it goes, and prints its receipt on standard output.',
    )
    .helpCommand(false);
  for (const [workflow, schema] of Object.entries(INPUTS)) {
    registerWorkflow(run, workflow as WorkflowName, fieldsOf(schema));
  }
}

function registerWorkflow(run: Command, workflow: WorkflowName, fields: readonly Field[]): void {
  const command = run
    .command(workflow)
    .summary(SUMMARIES[workflow] ?? workflow)
    .addHelpText('after', HELP);
  command.optionsGroup('Input:');
  const texts = new Map<string, string[]>();
  for (const field of fields) command.addOption(optionOf(field, texts));
  command.optionsGroup('How it runs:');
  command
    .option('--input <file>', 'the input as a JSON document; - is standard input')
    .option('--journal <file>', 'outlive this process: the same command takes an unfinished run up again')
    .option('--key <text>', 'two runs with one key are one execution, in one journal')
    .option('--aws-region <region>', 'region where the input names none')
    .option('--aws-profile <name>', 'profile of the AWS configuration')
    .option('--endpoint-url <url>', 'another endpoint than AWS, such as that of `sluice simulate`')
    .option(
      '--lifecycle <policy>',
      `what Ctrl-C does with a lifecycle action: ${LIFECYCLE_POLICIES.join(', ')}`,
      'leave',
    )
    .option('--json', 'print the receipt as one line of JSON', false)
    .action(async (options: CommonOptions) => {
      process.exitCode =
        workflow === 'clean-cloud-map' && usesUnmapArguments(options)
          ? await runAsUnmap(options, texts)
          : await runWorkflow(workflow, fields, texts, options);
    });
  if (workflow === 'clean-cloud-map') addUnmapArguments(command);
}

function optionOf(field: Field, texts: Map<string, string[]>): Option {
  const list = field.kind === 'list' || field.kind === 'objects';
  const form = field.kind === 'number' ? '<number>' : list ? '<items>' : '<text>';
  const notes = [
    ...(field.choices === undefined ? [] : [`one of ${field.choices.join(', ')}`]),
    ...(list ? ['may be given several times'] : []),
    ...(field.required ? ['required'] : []),
    ...(field.standard === undefined || field.standard === false ? [] : [`default: ${String(field.standard)}`]),
  ];
  const description = `${field.description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`.trim();
  const option = new Option(`--${field.option}${field.kind === 'flag' ? '' : ` ${form}`}`, description);
  const keep = (text: string): string => {
    texts.set(field.option, [...(texts.get(field.option) ?? []), text]);
    return text;
  };
  return field.kind === 'flag' ? option.preset('true').argParser(keep) : option.argParser(keep);
}

/** Everything that is wrong is said at once, before anything is loaded or touched. */
async function runWorkflow(
  workflow: WorkflowName,
  fields: readonly Field[],
  texts: ReadonlyMap<string, readonly string[]>,
  options: CommonOptions,
): Promise<number> {
  const faults = new Faults();
  const lifecycle = LIFECYCLE_POLICIES.find((policy): policy is LifecyclePolicy => policy === options.lifecycle);
  if (lifecycle === undefined) {
    const expected = `must be one of ${LIFECYCLE_POLICIES.map((policy) => `"${policy}"`).join(', ')}`;
    faults.add({ field: '--lifecycle', found: JSON.stringify(options.lifecycle), expected });
  }
  if (options.endpointUrl !== undefined && !isUrl(options.endpointUrl)) {
    const expected = 'must be a URL such as "http://127.0.0.1:4600"';
    faults.add({ field: '--endpoint-url', found: JSON.stringify(options.endpointUrl), expected });
  }
  const settings = faults.try(() => readSettings(process.env));
  const region = regionOf(options.awsRegion);
  const input = readInput({ workflow, fields, texts, file: options.input, region }, faults);
  faults.throwAny(`sluice run ${workflow}`);
  if (input === undefined || settings === undefined || lifecycle === undefined) {
    throw new TypeError('What cannot be used was not reported');
  }
  const { keyOf, run } = await import('../run/run.ts');
  return run({
    workflow,
    input,
    settings,
    access: awsAccess(options),
    journal: options.journal,
    key: options.key ?? keyOf(input.document) ?? randomUUID(),
    json: options.json,
    lifecycle,
  });
}
