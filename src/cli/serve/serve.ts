/** `sluice serve`: the HTTP API on an embedded engine with a journal, until it is told to end. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type AwsAccess, paced } from '../../aws/clients.ts';
import { InvalidInput } from '../../contract/errors.ts';
import { readSettings, type Settings } from '../../contract/settings.ts';
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import { Journal } from '../../engine/embedded/journal.ts';
import { createApp } from '../../http/app.ts';
import { credentialSource } from '../../http/credential-source.ts';
import { Authenticator } from '../../http/credentials.ts';
import { readDocsFile } from '../../http/docs-file.ts';
import { endsOf } from '../../http/ends.ts';
import { ALL_ROUTES } from '../../http/routes/all.ts';
import { awsAccess, regionOf } from '../aws-access.ts';
import { localEngine } from '../local-engine.ts';
import { listen } from './listen.ts';
import { jsonLog, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { simulatedRegion } from './simulated.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly awsRegion?: string;
  readonly awsProfile?: string;
  readonly endpointUrl?: string;
  readonly journal?: string;
  readonly simulate: boolean;
}

/** Executions of this machine's journal belong to no account. */
const NO_ACCOUNT = '000000000000';
const LOOPBACK = /^(localhost|::1|127(\.\d{1,3}){3})$/;

interface Surroundings {
  readonly region: string;
  readonly access: AwsAccess;
  readonly journal: string;
}

/**
 * Resolves when the server has ended: after SIGTERM or SIGINT, its answers given and its executions in the journal.
 * @throws InvalidInput @throws JournalUnavailable @throws the system's error, such as a port that is taken
 */
export async function serve(options: ServeOptions): Promise<void> {
  const settings = readSettings(process.env);
  const log = jsonLog(settings.logLevel);
  const { region, access, journal } = surroundings(options);
  const authenticator = await authenticatorFor(options, settings, access, region, log);
  const engine = localEngine({
    journal: new Journal({ path: journal, grouped: true }),
    region,
    accountId: NO_ACCOUNT,
    access,
    settings,
    logger: log,
  });
  try {
    await serveEngine(engine, { options, settings, log, region, access, authenticator });
  } finally {
    await engine.close();
    log.info('ended; what is unfinished stays in the journal', { journal });
  }
}

function surroundings(options: ServeOptions): Surroundings {
  if (options.simulate) {
    const { region, access } = simulatedRegion(options.awsRegion ?? 'eu-west-1');
    return { region, access, journal: options.journal ?? ':memory:' };
  }
  const region = regionOf(options.awsRegion);
  if (region === undefined) {
    const expected = 'or AWS_REGION must name the region for requests that name none';
    throw new InvalidInput('the command', [{ field: '--aws-region', found: 'nothing', expected }]);
  }
  const journal = options.journal ?? join(stateFolder(), 'sluice', 'journal.db');
  mkdirSync(dirname(journal), { recursive: true });
  return { region, access: awsAccess(options), journal };
}

function stateFolder(): string {
  return process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
}

/** @throws InvalidInput for an address that others can reach without a credential, and for a list that cannot be used */
async function authenticatorFor(
  { host }: ServeOptions,
  settings: Settings,
  access: AwsAccess,
  region: string,
  log: Log,
): Promise<Authenticator | undefined> {
  const source = credentialSource(settings, access, region);
  if (source === undefined) {
    if (LOOPBACK.test(host)) return undefined;
    const expected =
      'is reachable for others: set SLUICE_CREDENTIALS, SLUICE_CREDENTIALS_FILE or SLUICE_CREDENTIALS_PARAMETER first';
    throw new InvalidInput('the command', [{ field: '--host', found: JSON.stringify(host), expected }]);
  }
  const authenticator = new Authenticator({
    source,
    logError: (message, data) => log.error(message, data),
    now: Date.now,
  });
  await authenticator.read();
  return authenticator;
}

interface Served {
  readonly options: ServeOptions;
  readonly settings: Settings;
  readonly log: Log;
  readonly region: string;
  readonly access: AwsAccess;
  readonly authenticator: Authenticator | undefined;
}

async function serveEngine(engine: EmbeddedEngine, served: Served): Promise<void> {
  const { options, settings, log, region, access, authenticator } = served;
  const closing = new AbortController();
  const metrics = new Metrics(engine);
  const app = createApp(
    {
      engine,
      settings,
      region,
      aws: paced(access),
      authenticator,
      ends: endsOf(engine),
      closing: closing.signal,
      log: (record) => {
        metrics.count(record);
        log.write(record);
      },
      logError: (message, data) => log.error(message, data),
      metrics: () => metrics.text(),
      docsFile: (name) => readDocsFile(name),
      now: Date.now,
    },
    ALL_ROUTES,
  );
  const ending = interruption();
  const server = await listen(app, options);
  log.info('listening', {
    url: server.url,
    region,
    simulated: options.simulate,
    ...(authenticator === undefined ? { open: 'no credential is asked for; this machine alone is served' } : {}),
  });
  const resumed = engine.resume();
  log.info('ending', { signal: await ending });
  closing.abort();
  await server.close();
  await resumed;
}

function interruption(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
