/**
 * The arguments of aws-cloud-unmap, taken verbatim. With any of them `sluice run clean-cloud-map` behaves as that program
 * did: it reconciles again and again, logs JSON lines, serves metrics, and finishes what it is doing when it is told to stop.
 */
import { type Command, Option } from 'commander';
import { CleanCloudMapInput } from '../contract/clean-cloud-map.ts';
import { LONGEST_SECONDS } from '../contract/common.ts';
import { type Field, fieldsOf } from '../contract/fields.ts';
import { readSettings } from '../contract/settings.ts';
import { awsAccess, isUrl, regionOf } from './aws-access.ts';
import type { LogLevel } from './clean-cloud-map/log.ts';
import { Faults } from './faults.ts';
import { readInput } from './run/read-input.ts';

const LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
const STANDARD_FREQUENCY = '300';
const STANDARD_HOST = '127.0.0.1';
const STANDARD_PORT = '9100';
const HIGHEST_PORT = 65_535;
/** Options of the execution that a run of many executions does not have. */
const ALIEN = ['journal', 'key', 'json'] as const;

/** As commander gives them: undefined where not said. */
interface UnmapOptions {
  readonly serviceId?: readonly string[];
  readonly serviceRegion?: string;
  readonly instancesRegion?: readonly string[];
  readonly frequency?: string;
  readonly singleRun?: true;
  readonly logLevel?: string;
  readonly enablePrometheus?: true;
  readonly prometheusHost?: string;
  readonly prometheusPort?: string;
  readonly input?: string;
  readonly awsRegion?: string;
  readonly awsProfile?: string;
  readonly endpointUrl?: string;
  readonly journal?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const OWN = [
  'serviceId',
  'serviceRegion',
  'instancesRegion',
  'frequency',
  'singleRun',
  'logLevel',
  'enablePrometheus',
  'prometheusHost',
  'prometheusPort',
] as const satisfies readonly (keyof UnmapOptions)[];

/** The options of the input that have an older name. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'service-id': 'services',
  'service-region': 'region',
  'instances-region': 'instances-regions',
};

export function addUnmapArguments(command: Command): void {
  command.optionsGroup('As aws-cloud-unmap took them (with any of these it goes on until it is stopped):');
  command
    .addOption(new Option('--service-id <ids...>', 'Cloud Map services'))
    .addOption(new Option('--service-region <region>', 'their region'))
    .addOption(new Option('--instances-region <regions...>', 'every region in which their instances may run'))
    .addOption(new Option('--frequency <seconds>', `from one reconcile to the next (default: ${STANDARD_FREQUENCY})`))
    .addOption(new Option('--single-run', 'one reconcile, whose outcome is the exit code'))
    .addOption(new Option('--log-level <level>', `${LEVELS.join(', ')} (default: INFO)`))
    .addOption(new Option('--enable-prometheus', 'serve metrics'))
    .addOption(new Option('--prometheus-host <address>', `where (default: ${STANDARD_HOST})`))
    .addOption(new Option('--prometheus-port <port>', `where (default: ${STANDARD_PORT})`));
}

export function usesUnmapArguments(options: UnmapOptions): boolean {
  return OWN.some((name) => options[name] !== undefined);
}

/**
 * @param texts what was said of the input under its new names, by option
 * @returns the exit code
 * @throws InvalidInput with everything that is wrong
 */
export async function runAsUnmap(
  options: UnmapOptions,
  texts: ReadonlyMap<string, readonly string[]>,
): Promise<number> {
  const faults = new Faults();
  const settings = faults.try(() => readSettings(process.env));
  const frequency = wholeNumber('--frequency', options.frequency ?? STANDARD_FREQUENCY, LONGEST_SECONDS, faults);
  const port = wholeNumber('--prometheus-port', options.prometheusPort ?? STANDARD_PORT, HIGHEST_PORT, faults);
  const level = LEVELS.find((each) => each === (options.logLevel ?? 'INFO'));
  if (level === undefined) fault('--log-level', options.logLevel, `must be one of ${LEVELS.join(', ')}`, faults);
  if (options.endpointUrl !== undefined && !isUrl(options.endpointUrl)) {
    fault('--endpoint-url', options.endpointUrl, 'must be a URL such as "http://127.0.0.1:4600"', faults);
  }
  for (const name of ALIEN) {
    if (options[name] === undefined || options[name] === false) continue;
    fault(`--${name}`, options[name], 'does not go together with arguments of aws-cloud-unmap', faults);
  }
  const fields = fieldsOf(CleanCloudMapInput);
  const input = readInput(
    {
      workflow: 'clean-cloud-map',
      fields: fields.map(underBothNames),
      texts: withOldNames(options, texts),
      file: options.input,
      region: regionOf(options.awsRegion),
    },
    faults,
  );
  faults.throwAny('sluice run clean-cloud-map');
  if (input === undefined || settings === undefined || level === undefined || frequency === undefined) {
    throw new TypeError('What cannot be used was not reported');
  }
  const { reconcile } = await import('./clean-cloud-map/reconcile.ts');
  return reconcile({
    document: input.document,
    region: input.region,
    settings,
    access: awsAccess(options),
    frequencySeconds: frequency,
    singleRun: options.singleRun === true,
    level,
    metrics:
      options.enablePrometheus === true
        ? { host: options.prometheusHost ?? STANDARD_HOST, port: port ?? 0 }
        : undefined,
  });
}

/** A fault names the option that was meant, by the name that this command has had for longest. */
function underBothNames(field: Field): Field {
  const old = Object.entries(OLD_NAMES).find(([, name]) => name === field.option)?.[0];
  return old === undefined ? field : { ...field, option: old };
}

function withOldNames(options: UnmapOptions, texts: ReadonlyMap<string, readonly string[]>) {
  const said = new Map(
    [...texts].map(([option, given]) => {
      const old = Object.entries(OLD_NAMES).find(([, name]) => name === option)?.[0];
      return [old ?? option, given];
    }),
  );
  const add = (option: string, given: readonly string[] | undefined) => {
    if (given !== undefined) said.set(option, [...(said.get(option) ?? []), ...given]);
  };
  add('service-id', options.serviceId);
  add('service-region', options.serviceRegion === undefined ? undefined : [options.serviceRegion]);
  add('instances-region', options.instancesRegion);
  return said;
}

function wholeNumber(option: string, text: string, most: number, faults: Faults): number | undefined {
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
  fault(option, text, `must be a whole number from 0 to ${most}`, faults);
  return undefined;
}

function fault(field: string, found: unknown, expected: string, faults: Faults): void {
  faults.add({ field, found: found === undefined ? 'nothing' : JSON.stringify(found), expected });
}
