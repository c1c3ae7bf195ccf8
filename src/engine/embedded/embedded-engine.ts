/** Runs the shipped definitions within one process, durably: a journal in SQLite is what survives it. */
import { executionArnOf, type StackLocation, stateMachineArn } from '../arns.ts';
import { EngineClosed, ExecutionAlreadyExists, ExecutionDoesNotExist, JournalUnavailable } from '../errors.ts';
import type {
  ExecutionDescription,
  ExecutionPage,
  HistoryEvent,
  ListRequest,
  StartedExecution,
  StartRequest,
  WorkflowEngine,
  WorkflowName,
} from '../workflow-engine.ts';
import type { StateMachineDefinition } from './definition.ts';
import { describeRow, pageOf, pageStart } from './descriptions.ts';
import { Execution } from './execution.ts';
import { toHistoryEvent } from './history.ts';
import type { EngineLogger, Host, Progress, StepHandler } from './host.ts';
import { type ExecutionRow, Journal } from './journal.ts';
import { checkInput, checkName } from './limits.ts';
import { Machines } from './machines.ts';
import { Slots } from './slots.ts';
import { hashOf, type Position, Store } from './store.ts';
import { at } from './timers.ts';

export interface EmbeddedEngineOptions {
  /** As in `state-machines/`. */
  readonly definitions: Readonly<Partial<Record<WorkflowName, StateMachineDefinition>>>;
  /** They have been held against the language before, as the shipped ones have: a process then starts in half the time. */
  readonly definitionsChecked?: boolean;
  /** By the key that a Task's Resource names: `observeDrain`. */
  readonly handlers: Readonly<Record<string, StepHandler>>;
  /** A file, or `:memory:`. */
  readonly journal: string | Journal;
  readonly region: string;
  readonly accountId: string;
  readonly stack?: string;
  /** How many unfinished executions `resume` re-enters each second; 50 unless told. */
  readonly resumePerSecond?: number;
  /** How many handlers run at once; 256 unless told. */
  readonly concurrentTasks?: number;
  /** How much of what the events of one execution carried is kept; 1 MiB unless told. The events themselves stay. */
  readonly historyBytes?: number;
  /** How long closed executions, and so their names, are remembered; 90 days unless told. */
  readonly retentionDays?: number;
  readonly logger?: EngineLogger;
}

const SILENT: EngineLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const DAY_MS = 86_400_000;
const PURGE_EVERY_MS = 3_600_000;
/** Re-entries come in ten small groups a second. */
const RESUME_STEP_MS = 100;

interface Started {
  readonly arn: string;
  readonly started: number;
}

export class EmbeddedEngine implements WorkflowEngine {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #machines: Machines;
  readonly #location: StackLocation;
  readonly #options: EmbeddedEngineOptions;
  readonly #logger: EngineLogger;
  readonly #host: Host;
  readonly #open = new Map<string, Execution>();
  readonly #waiters = new Map<string, ((description: ExecutionDescription) => void)[]>();
  readonly #eventListeners = new Set<(progress: Progress) => void>();
  readonly #closedListeners = new Set<(description: ExecutionDescription) => void>();
  #closing: Promise<void> | undefined;
  #purged = 0;

  /** @throws UnsupportedDefinition @throws JournalUnavailable */
  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.#location = { region: options.region, accountId: options.accountId, stack: options.stack ?? 'sluice' };
    this.#logger = options.logger ?? SILENT;
    this.#machines = new Machines(options, this.#location);
    this.#journal = typeof options.journal === 'string' ? new Journal({ path: options.journal }) : options.journal;
    this.#store = new Store(this.#journal);
    this.#host = this.#makeHost();
  }

  executionArn(workflow: WorkflowName, name: string): string {
    return executionArnOf(stateMachineArn(this.#location, workflow), name);
  }

  /** @throws JournalUnavailable when the admission could not be written: then nothing was accepted. */
  async start(request: StartRequest): Promise<StartedExecution> {
    const { arn, started } = await this.#admit(request, null);
    return { executionArn: arn, startDate: new Date(started) };
  }

  async describe(executionArn: string): Promise<ExecutionDescription> {
    return describeRow(this.#row(executionArn));
  }

  async history(executionArn: string, options: { readonly last?: number } = {}): Promise<readonly HistoryEvent[]> {
    const row = this.#row(executionArn);
    await this.#open.get(executionArn)?.flush();
    return this.#store.events(row.id, options.last).map(toHistoryEvent);
  }

  /** Events written so far, and transitions (states entered, tasks retried), which are what AWS bills. */
  counts(executionArn: string): { readonly events: number; readonly transitions: number } {
    const open = this.#open.get(executionArn);
    if (open !== undefined) return { events: open.history.count, transitions: open.transitions };
    const { events, transitions } = this.#row(executionArn);
    return { events, transitions };
  }

  async stop(executionArn: string, reason: { readonly error?: string; readonly cause?: string } = {}): Promise<void> {
    const row = this.#row(executionArn);
    if (row.status !== 'RUNNING') return;
    const execution = this.#open.get(executionArn) ?? this.#load(row);
    await execution.end('ABORTED', reason);
  }

  async list(request: ListRequest): Promise<ExecutionPage> {
    const limit = Math.min(request.maxResults || 100, 1000);
    this.#machines.get(request.workflow);
    const rows = this.#store.page(request.workflow, request.status, pageStart(request.nextToken), limit + 1);
    return pageOf(rows, limit);
  }

  /** Resolves when the execution has ended, however. @throws ExecutionDoesNotExist */
  async waitFor(executionArn: string): Promise<ExecutionDescription> {
    const row = this.#row(executionArn);
    if (row.status !== 'RUNNING') return describeRow(row);
    return new Promise((resolve) => {
      this.#waiters.set(executionArn, [...(this.#waiters.get(executionArn) ?? []), resolve]);
    });
  }

  /**
   * Re-enters every unfinished execution of the journal at the state it was in, paced. Called once, after the start.
   * @returns how many, when all have been.
   */
  async resume(): Promise<number> {
    this.#purge();
    const arns = this.#store.running().filter((arn) => !this.#open.has(arn));
    const group = Math.max(1, Math.round(((this.#options.resumePerSecond ?? 50) * RESUME_STEP_MS) / 1000));
    if (arns.length > 0) this.#logger.info('Unfinished executions are re-entered', { count: arns.length });
    for (let index = 0; index < arns.length; index += group) {
      if (index > 0) await new Promise<void>((resolve) => at(Date.now() + RESUME_STEP_MS, resolve));
      if (this.#closing !== undefined) return index;
      for (const arn of arns.slice(index, index + group)) this.#reenter(arn);
    }
    return arns.length;
  }

  /** How many executions this process is running. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Tells of every event as it happens; what is told may be repeated after a crash. @returns stops telling. */
  onEvent(listener: (progress: Progress) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Tells of every execution that has ended. @returns stops telling. */
  onClosed(listener: (description: ExecutionDescription) => void): () => void {
    this.#closedListeners.add(listener);
    return () => this.#closedListeners.delete(listener);
  }

  /** Workflows that can be started, and the shipped definition of each. */
  definitions(): Readonly<Partial<Record<WorkflowName, StateMachineDefinition>>> {
    return this.#options.definitions;
  }

  /** Enters no further state, lets running steps finish, and leaves everything unfinished to the journal. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.resolve();
      await Promise.allSettled([...this.#open.values()].map((execution) => execution.release()));
      this.#journal.close();
    })();
    return this.#closing;
  }

  async #admit(request: StartRequest, parent: string | null): Promise<Started> {
    if (this.#closing !== undefined) throw new EngineClosed('The engine is closing and accepts nothing any more');
    const { workflow, name } = request;
    const machine = this.#machines.get(workflow);
    checkName(name);
    const input = checkInput(request.input);
    this.#purge();
    const identity = { arn: this.executionArn(workflow, name), workflow, name, input, started: Date.now() };
    const execution = new Execution(this.#host, identity, machine.definition);
    let first: Position | undefined;
    const { arn } = identity;
    const insert = (): Started => {
      const same = this.#store.byArn(arn);
      if (same !== undefined) {
        if (same.status === 'RUNNING' && same.input === input) return { arn, started: same.started };
        throw new ExecutionAlreadyExists(`Execution Already Exists: '${arn}'`);
      }
      this.#store.insertDefinition(machine.hash, machine.text);
      first = execution.admit(() => this.#store.insertExecution({ ...identity, definition: machine.hash, parent }));
      // Known as open before anybody can read of it.
      this.#open.set(arn, execution);
      return { arn, started: identity.started };
    };
    try {
      const started = await this.#journal.write(insert);
      if (first === undefined) return started;
      this.#store.definitionKept(machine.hash);
      execution.admitted();
      execution.run(first);
      return started;
    } catch (error) {
      if (error instanceof JournalUnavailable && this.#open.get(arn) === execution) this.#open.delete(arn);
      throw error;
    }
  }

  #reenter(arn: string): void {
    if (this.#open.has(arn)) return;
    const row = this.#store.byArn(arn);
    if (row === undefined || row.status !== 'RUNNING') return;
    try {
      const { state, state_input: input, state_entered: entered, state_event: event } = row;
      if (state === null || input === null || entered === null || event === null) {
        throw new JournalUnavailable(`The journal ${this.#journal.path} does not say where ${arn} stands`);
      }
      this.#load(row).run({ state, input, entered, event });
    } catch (error) {
      // The others must not wait for one that cannot go on.
      this.#logger.error('An execution cannot be re-entered', { arn, error: String(error) });
    }
  }

  #load(row: ExecutionRow): Execution {
    const { arn, workflow, name, input, started } = row;
    const definition = this.#machines.prepared(row.definition, () => {
      const text = this.#store.definition(row.definition);
      if (text === undefined) throw new JournalUnavailable(`The journal has lost the definition of ${arn}`);
      return text;
    });
    const execution = new Execution(this.#host, { arn, workflow, name, input, started }, definition, row);
    this.#open.set(arn, execution);
    return execution;
  }

  #row(arn: string): ExecutionRow {
    const row = this.#store.byArn(arn);
    if (row === undefined) throw new ExecutionDoesNotExist(`Execution Does Not Exist: '${arn}'`);
    return row;
  }

  #purge(): void {
    const now = Date.now();
    if (now - this.#purged < PURGE_EVERY_MS) return;
    this.#purged = now;
    const before = now - (this.#options.retentionDays ?? 90) * DAY_MS;
    const purge = async (): Promise<void> => {
      while ((await this.#journal.write(() => this.#store.purge(before))) > 0);
    };
    purge().catch((error: unknown) => this.#logger.warn('Old executions were not forgotten', { error: String(error) }));
  }

  #ended(arn: string): void {
    this.#open.delete(arn);
    const waiters = this.#waiters.get(arn) ?? [];
    this.#waiters.delete(arn);
    if (waiters.length + this.#closedListeners.size === 0) return;
    const description = describeRow(this.#row(arn));
    for (const resolve of waiters) resolve(description);
    for (const listener of this.#closedListeners) this.#tell(() => listener(description));
  }

  /** What an observer throws is its own trouble, not the execution's. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error('An observer failed', { error: String(error) });
    }
  }

  #makeHost(): Host {
    const engine = this;
    return {
      journal: this.#journal,
      store: this.#store,
      handlers: this.#options.handlers,
      slots: new Slots(this.#options.concurrentTasks ?? 256),
      logger: this.#logger,
      historyBytes: this.#options.historyBytes ?? 2 ** 20,
      get closing() {
        return engine.#closing !== undefined;
      },
      get observed() {
        return engine.#eventListeners.size > 0;
      },
      machineArn: (workflow) => stateMachineArn(this.#location, workflow),
      observe: (progress) => {
        for (const listener of this.#eventListeners) this.#tell(() => listener(progress));
      },
      startChild: async ({ machineKey, key, name, input }) => {
        const known = this.#store.byParent(key);
        if (known !== undefined) return known.arn;
        const request = { workflow: this.#machines.named(machineKey), name: name ?? hashOf(key), input };
        return (await this.#admit(request, key)).arn;
      },
      waitFor: (arn) => this.waitFor(arn),
      stopChild: (arn, cause) => {
        this.stop(arn, { error: 'States.ParentStopped', cause }).catch((error: unknown) => {
          this.#logger.error('A child execution was not stopped', { arn, error: String(error) });
        });
      },
      ended: (arn) => this.#ended(arn),
    };
  }
}
