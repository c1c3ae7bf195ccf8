/**
 * Each AWS operation of a workflow × each kind of fault × two shapes. The operations are those that a run without faults
 * has made, so that a new call is in the matrix from its first day.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Clock } from '@sinonjs/fake-timers';
import type { Status } from '../../../src/contract/common.ts';
import type { EmbeddedEngine, EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import type { Journal } from '../../../src/engine/embedded/journal.ts';
import type { ExecutionDescription } from '../../../src/engine/workflow-engine.ts';
import type { CallLog } from '../../../src/simulated-region/calls.ts';
import { batchOperations, type FaultKind, type FaultRule, type Faults } from '../../../src/simulated-region/faults.ts';

export const KINDS: readonly FaultKind[] = [
  'throttle',
  'internal-error',
  'unavailable',
  'connection-reset',
  'timeout',
  'slow',
  'access-denied',
  'stale-read',
  'partial-failure',
  'response-lost',
];

export interface Cell {
  /** `ecs:ListTasks` */
  readonly operation: string;
  readonly kind: FaultKind;
  /** A burst strikes the first five calls: more than all retries of one state. What lasts goes on for ever. */
  readonly shape: 'burst' | 'lasting';
}

/** What every workflow's receipt has. */
export interface AnyReceipt {
  readonly workflow: string;
  readonly status: Status;
  readonly reason: string;
  readonly deadline?: string | undefined;
}

/** One world with an execution that can be begun. */
export interface Scene {
  readonly region: { readonly calls: CallLog; readonly faults: Faults };
  readonly lab: {
    readonly clock: Clock;
    engine: EmbeddedEngine;
    newEngine(more: Partial<EmbeddedEngineOptions>): EmbeddedEngine;
  };
  /** What stands now and has to be gone before the end, in whatever time the region's records are. */
  alive(): string[];
  /** @returns the execution's ARN */
  begin(): Promise<string>;
  /** Lets time pass to the end of the execution. */
  end(executionArn: string): Promise<ExecutionDescription>;
  /** What the region's own records hold against the run, whatever the fault was: one sentence each. */
  wrongs(receipt: AnyReceipt, cell: Cell | undefined): string[];
  close(): Promise<void>;
}

export interface SceneOptions {
  /** Long enough for every run without a fault when absent. */
  readonly timeoutSeconds?: number;
  /** Of a lifecycle hook, seconds. */
  readonly heartbeatTimeout?: number;
  /** In memory when absent. */
  readonly journal?: Journal;
}

export interface Subject {
  readonly name: string;
  build(options?: SceneOptions): Scene | Promise<Scene>;
  /** Operations that it can go on without, unless it is a read that is forbidden: that is said, and not worked around. */
  readonly spared: readonly string[];
  /** How a cell ends where the general rule does not say it. */
  exception?(cell: Cell): readonly Status[] | undefined;
  /** Cells whose receipt cannot name the call that failed; elsewhere it has to. */
  unnamed?(cell: Cell): boolean;
}

const BURST = 5;

function rule({ operation, kind, shape }: Cell): FaultRule {
  const [service = '', name = ''] = operation.split(':');
  const match = { service, operation: name, ...(shape === 'burst' ? { times: BURST } : {}) };
  switch (kind) {
    case 'slow':
      return { ...match, kind, seconds: 3 };
    case 'stale-read':
      return { ...match, kind, seconds: 10 };
    default:
      return { ...match, kind };
  }
}

const isRead = (operation: string): boolean => /:(Describe|List|Get)/.test(operation);

function applies({ operation, kind }: Cell): boolean {
  if (kind === 'stale-read') return isRead(operation);
  return kind !== 'partial-failure' || batchOperations.has(operation);
}

/** How such a cell has to end: what passes is waited out, what does not pass is said. */
function expected(cell: Cell, subject: Subject): readonly Status[] {
  const { kind, shape, operation } = cell;
  const exception = subject.exception?.(cell);
  if (exception !== undefined) return exception;
  if (kind === 'slow' || kind === 'stale-read') return ['succeeded'];
  if (subject.spared.includes(operation) && !(kind === 'access-denied' && isRead(operation))) return ['succeeded'];
  if (kind === 'access-denied') return ['failed'];
  // It was carried out, and looking shows it.
  if (kind === 'response-lost' && !isRead(operation)) return ['succeeded'];
  return shape === 'burst' ? ['succeeded'] : ['timed-out'];
}

/** @throws where an execution has ended in another way than its receipt says */
export function receiptOf(ended: ExecutionDescription): AnyReceipt {
  const text = ended.status === 'SUCCEEDED' ? JSON.stringify(ended.output) : ended.cause;
  return JSON.parse(text ?? 'null') as AnyReceipt;
}

/** A batch that leaves one out has not failed: nothing is known of that one, and that is what is said. */
function namesTheCall({ status, reason }: AnyReceipt, { operation, kind }: Cell): boolean {
  if (status === 'succeeded') return true;
  return (
    reason.includes(operation.split(':')[1] ?? '') || (kind === 'partial-failure' && /nothing is known/.test(reason))
  );
}

async function runCell(subject: Subject, cell: Cell): Promise<string[]> {
  const scene = await subject.build();
  try {
    const fault = scene.region.faults.inject(rule(cell));
    const ended = await scene.end(await scene.begin());
    const receipt = receiptOf(ended);
    const wanted = expected(cell, subject);
    const failed = ended.status === 'FAILED';
    return [
      ...(fault.hits === 0 ? ['the fault has struck nothing'] : []),
      ...(wanted.includes(receipt.status) ? [] : [`${receipt.status}, not ${wanted.join(' or ')}: ${receipt.reason}`]),
      ...(receipt.reason.length < 15 ? [`"${receipt.reason}" is no reason`] : []),
      ...(receipt.status === 'failed' && !failed ? ['the execution of a failed workflow did not fail'] : []),
      ...(receipt.status === 'succeeded' && failed ? ['the execution of a workflow that succeeded has failed'] : []),
      ...(namesTheCall(receipt, cell) || subject.unnamed?.(cell) === true
        ? []
        : [`the reason does not name the call: ${receipt.reason}`]),
      ...scene.wrongs(receipt, cell),
    ];
  } catch (error) {
    return [`it does not end: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    await scene.close();
  }
}

/** The options of a laboratory on this journal. */
export function onJournal({ journal }: SceneOptions): { readonly engine?: { readonly journal: Journal } } {
  return journal === undefined ? {} : { engine: { journal } };
}

/** Declares the tests of one workflow: one a kind of fault, which lists every cell that ended wrongly. */
export function faultMatrix(subject: Subject): void {
  describe(subject.name, () => declare(subject));
}

function declare(subject: Subject): void {
  let operations: string[] = [];
  let cells = 0;

  beforeAll(async () => {
    const scene = await subject.build();
    const receipt = receiptOf(await scene.end(await scene.begin()));
    expect({ status: receipt.status, wrongs: scene.wrongs(receipt, undefined) }).toEqual({
      status: 'succeeded',
      wrongs: [],
    });
    operations = Object.keys(scene.region.calls.counts());
    await scene.close();
  }, 60_000);

  afterAll(() => {
    process.stdout.write(`${subject.name}: ${cells} cells (${operations.length} operations)\n`);
  });

  test.each(KINDS)(
    '%s of any call, for a while or for ever, makes no wrong end',
    async (kind) => {
      const wrong: string[] = [];
      let run = 0;
      for (const operation of operations) {
        for (const shape of ['burst', 'lasting'] as const) {
          const cell: Cell = { operation, kind, shape };
          if (!applies(cell)) continue;
          run += 1;
          wrong.push(...(await runCell(subject, cell)).map((what) => `${operation}, ${shape}: ${what}`));
        }
      }
      cells += run;
      expect(wrong).toEqual([]);
    },
    120_000,
  );
}
