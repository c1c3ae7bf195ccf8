/** Metrics for Prometheus: the two of aws-cloud-unmap under their old names, and what was removed and retained. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import type { ServiceOutcome } from '../../contract/clean-cloud-map.ts';

const NO_GUARD = 'none';
const GUARDS = ['minRemaining', 'maxAbsentPercent', NO_GUARD] as const;

export class ReconcileMetrics {
  readonly registry = new Registry();
  readonly #up: Gauge;
  readonly #success: Gauge;
  readonly #removed: Counter;
  readonly #retained: Gauge;

  /** @param services those that are known before the first reconcile */
  constructor(services: readonly string[]) {
    const registers = [this.registry];
    const labelNames = ['service_id'];
    this.#up = new Gauge({
      name: 'aws_cloud_unmap_up',
      help: '1 for as long as this process runs',
      labelNames,
      registers,
    });
    this.#success = new Gauge({
      name: 'aws_cloud_unmap_last_reconcile_success_timestamp_seconds',
      help: 'When the service was last reconciled successfully, in seconds since the epoch',
      labelNames,
      registers,
    });
    this.#removed = new Counter({
      name: 'sluice_cloud_map_removed_total',
      help: 'Registrations that were removed',
      labelNames,
      registers,
    });
    this.#retained = new Gauge({
      name: 'sluice_cloud_map_retained',
      help: 'Registrations that looked stale at the last reconcile and stayed, by the guard that retained them',
      labelNames: [...labelNames, 'guard'],
      registers,
    });
    for (const service of services) this.#up.set({ service_id: service }, 1);
  }

  record(outcome: ServiceOutcome, at: Date): void {
    const labels = { service_id: outcome.service };
    this.#up.set(labels, 1);
    if (outcome.status === 'succeeded') this.#success.set(labels, Math.floor(at.getTime() / 1000));
    this.#removed.inc(labels, outcome.removed);
    const { count, guard = NO_GUARD } = outcome.retained;
    for (const each of GUARDS) this.#retained.set({ ...labels, guard: each }, each === guard ? count : 0);
  }

  /** Serves the metrics under every path, as the old program did. @throws when the address cannot be listened on */
  async serve({ host, port }: { readonly host: string; readonly port: number }): Promise<Server> {
    const server = createServer((_, response) => {
      this.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': this.registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return server;
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
