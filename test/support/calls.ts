/**
 * Which function made a call: what runs inside `asFunction` is told apart from all else, across every await. Each call that
 * is new is written down, and after the last test held against the functions' roles (test/support/after.ts).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { WorkflowEngine } from '../../src/engine/workflow-engine.ts';
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';

const functions = new AsyncLocalStorage<string>();
const known = new Set<string>();

/** Signing name → prefix of its actions in IAM, where the two differ. */
const PREFIXES: Readonly<Record<string, string>> = { tagging: 'tag' };

export function asFunction<T>(key: string, work: () => T): T {
  return functions.run(key, work);
}

/** @param place a region, or an account, whose regions share one log */
export function recordCalls(place: Pick<SimulatedRegion, 'calls'>): void {
  place.calls.onCall(({ service, operation }) => record(`${PREFIXES[service] ?? service}:${operation}`));
}

function record(action: string): void {
  const key = functions.getStore();
  const folder = process.env.RECORDED_CALLS;
  const line = `${key} ${action}\n`;
  if (key === undefined || folder === undefined || known.has(line)) return;
  known.add(line);
  appendFileSync(path.join(folder, `${process.pid}.txt`), line);
}

const ACTIONS = {
  start: 'StartExecution',
  describe: 'DescribeExecution',
  history: 'GetExecutionHistory',
  stop: 'StopExecution',
  list: 'ListExecutions',
} as const;

/** An engine that stands for Step Functions: each method is the call that the deployed one makes. */
export function recordingEngine(engine: WorkflowEngine): WorkflowEngine {
  const seen = <M extends keyof typeof ACTIONS>(method: M): WorkflowEngine[M] =>
    ((...args: never[]) => {
      record(`states:${ACTIONS[method]}`);
      return Reflect.apply(engine[method], engine, args);
    }) as WorkflowEngine[M];
  return {
    start: seen('start'),
    describe: seen('describe'),
    history: seen('history'),
    stop: seen('stop'),
    list: seen('list'),
    executionArn: (workflow, name) => engine.executionArn(workflow, name),
  };
}
