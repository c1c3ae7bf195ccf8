/** Reconciles Cloud Map again and again, or once, and says in JSON lines what it does. */
import type { Server } from 'node:http';
import * as z from 'zod/mini';
import type { AwsAccess } from '../../aws/clients.ts';
import { CleanCloudMapReceipt, type ServiceOutcome } from '../../contract/clean-cloud-map.ts';
import { ServiceReport, ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import type { Settings } from '../../contract/settings.ts';
import type { ExecutionDescription } from '../../engine/workflow-engine.ts';
import { EXIT } from '../exit-codes.ts';
import { localEngine } from '../local-engine.ts';
import { type Log, type LogLevel, logFrom } from './log.ts';
import { portOf, ReconcileMetrics } from './metrics.ts';

export interface ReconcileOptions {
  /** The input of clean-cloud-map. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly region: string;
  readonly settings: Settings;
  readonly access: AwsAccess;
  /** From the beginning of one reconcile to that of the next. */
  readonly frequencySeconds: number;
  readonly singleRun: boolean;
  readonly level: LogLevel;
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
}

/** An execution that belongs to one process has no account. */
const NO_ACCOUNT = '000000000000';
/** What is kept of each execution's events: nobody reads them here. */
const HISTORY_BYTES = 65_536;

/** @returns the exit code: of the outcome for a single run, else 0 once it was told to stop */
export async function reconcile(options: ReconcileOptions): Promise<number> {
  const log = logFrom(options.level);
  const { services } = options.document;
  const metrics = new ReconcileMetrics(Array.isArray(services) ? services.map(String) : []);
  const stop = untilTold(log);
  let server: Server | undefined;
  try {
    if (options.metrics !== undefined) {
      server = await metrics.serve(options.metrics);
      log('INFO', `Prometheus exporter listening on ${options.metrics.host}:${portOf(server)}`);
    }
    while (!stop.told) {
      const began = Date.now();
      const receipt = await onceOrLogged(options, metrics, log);
      if (options.singleRun) {
        if (receipt !== undefined) process.stdout.write(`${JSON.stringify(receipt)}\n`);
        return receipt === undefined ? EXIT.failed : EXIT[receipt.status];
      }
      await stop.before(began + options.frequencySeconds * 1000);
    }
    return EXIT.succeeded;
  } catch (error) {
    log('CRITICAL', error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  } finally {
    stop.end();
    server?.close();
    server?.closeAllConnections();
  }
}

/** What goes wrong in one reconcile does not keep the next from being made. */
async function onceOrLogged(
  options: ReconcileOptions,
  metrics: ReconcileMetrics,
  log: Log,
): Promise<CleanCloudMapReceipt | undefined> {
  try {
    return await once(options, metrics, log);
  } catch (error) {
    log('ERROR', `An error occurred while reconciling: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** One execution, on an engine of its own: what it kept goes with it. */
async function once(options: ReconcileOptions, metrics: ReconcileMetrics, log: Log): Promise<CleanCloudMapReceipt> {
  log('INFO', `Checking EC2 instances registered in ${options.region}`);
  const engine = localEngine({
    journal: ':memory:',
    region: options.region,
    accountId: NO_ACCOUNT,
    access: options.access,
    settings: options.settings,
    historyBytes: HISTORY_BYTES,
    logger: {
      info: () => undefined,
      warn: (message, data) => log('WARNING', message, data),
      error: (message, data) => log('ERROR', message, data),
    },
  });
  // The receipt's own list of services is capped; the children speak for each.
  const outcomes = new Map<string, ServiceOutcome>();
  try {
    engine.onClosed((description) => {
      const report = reportOf(description);
      if (report === undefined) return;
      outcomes.set(report.outcome.service, endOf(report.outcome, description.input));
      if (report.removed.count === 0) return;
      const { service: service_id } = report.outcome;
      log('WARNING', `Deregistered ${report.removed.count} stale instances from service ${service_id}`, {
        service_id,
        instance_ids: report.removed.first,
      });
    });
    const { executionArn } = await engine.start({
      workflow: 'clean-cloud-map',
      name: 'reconcile',
      input: options.document,
    });
    const ended = await engine.waitFor(executionArn);
    const receipt = receiptOf(ended);
    for (const outcome of receipt.services.first) outcomes.set(outcome.service, outcome);
    for (const outcome of outcomes.values()) {
      metrics.record(outcome, ended.stopDate ?? new Date());
      tell(outcome, log);
    }
    const level = receipt.status === 'succeeded' ? 'INFO' : receipt.status === 'refused' ? 'WARNING' : 'ERROR';
    log(level, `Checked EC2 instances registered in ${options.region}: ${receipt.reason}`, {
      status: receipt.status,
      ...receipt.totals,
    });
    return receipt;
  } finally {
    await engine.close();
  }
}

/** Of a service's child execution, in whatever phase; the last one says how it ended. */
function reportOf({ workflow, output, cause }: ExecutionDescription): ServiceReport | undefined {
  if (workflow !== 'clean-cloud-map-service') return undefined;
  return ServiceReport.safeParse(output ?? jsonOf(cause)).data;
}

/** After its first phases a service with stale registrations has not ended well unless the last one comes. */
function endOf(outcome: ServiceOutcome, input: unknown): ServiceOutcome {
  const run = z.pick(ServiceRun, { phase: true, plan: true }).safeParse(input).data;
  const stale = outcome.terminated + outcome.mismatched + outcome.absent;
  const unconfirmed = run?.phase === 'confirm' && outcome.confirmed === 0;
  const open = run?.phase !== 'remove' && run?.plan.dryRun !== true && stale > 0 && !unconfirmed;
  if (outcome.status !== 'succeeded' || !open) return outcome;
  return { ...outcome, status: 'failed', reason: 'it was not cleaned to its end', retained: { count: stale } };
}

function receiptOf({ output, cause, status }: ExecutionDescription): CleanCloudMapReceipt {
  const receipt = CleanCloudMapReceipt.safeParse(output ?? jsonOf(cause));
  if (receipt.success) return receipt.data;
  throw new Error(`The reconcile ended without a receipt: ${status} ${cause ?? ''}`);
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function tell(outcome: ServiceOutcome, log: Log): void {
  const { service: service_id, status, reason, ...counts } = outcome;
  const level = status === 'succeeded' ? 'DEBUG' : status === 'refused' ? 'WARNING' : 'ERROR';
  const skipped = status === 'refused' ? ', but nothing was deregistered, for safety' : '';
  log(level, `Service ${service_id}: ${reason}${skipped}`, { service_id, status, ...counts });
}

interface Stop {
  readonly told: boolean;
  /** Resolves at a time, ms, or when told to stop. */
  before(at: number): Promise<void>;
  end(): void;
}

/** The first signal lets the reconcile that is running finish; the second ends the process. */
function untilTold(log: Log): Stop {
  let told = false;
  let wake: (() => void) | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (told) process.exit(EXIT.stopped);
    told = true;
    log('INFO', 'Shutting down', { signal });
    wake?.();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get told() {
      return told;
    },
    before: (at) =>
      new Promise((resolve) => {
        if (told) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, Math.max(0, at - Date.now()));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    end: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
