/** What Prometheus reads from `sluice serve`. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import { stateOf } from '../../http/executions.ts';
import type { RequestRecord } from '../../http/request-log.ts';

/** Answers that take long are mostly `/drain-delay`, which is meant to. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 900, 3600];
const ROUTES = [
  'delayed-termination',
  'drain-delay',
  'elb',
  'workflows',
  'executions',
  'health',
  'healthcheck',
  'metrics',
];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });

  constructor(engine: EmbeddedEngine) {
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    const ended = new Counter({
      name: 'sluice_executions_ended_total',
      help: 'Executions that have ended, by workflow and status.',
      labelNames: ['workflow', 'status'],
      registers,
    });
    const last = new Gauge({
      name: 'sluice_last_success_timestamp_seconds',
      help: 'When an execution of the workflow last succeeded.',
      labelNames: ['workflow'],
      registers,
    });
    new Gauge({
      name: 'sluice_executions_open',
      help: 'Executions that have not ended.',
      registers,
      collect() {
        this.set(engine.openCount);
      },
    });
    engine.onClosed((description) => {
      const { workflow } = description;
      const status = stateOf(description);
      ended.inc({ workflow, status });
      if (status === 'succeeded') last.set({ workflow }, Date.now() / 1000);
    });
  }

  count({ method, path, status, milliseconds }: RequestRecord): void {
    const first = path.split('/')[1] ?? '';
    const route = ROUTES.includes(first) ? `/${first}` : 'other';
    this.#requests.observe({ method, route, status }, milliseconds / 1000);
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
