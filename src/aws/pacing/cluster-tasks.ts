/**
 * The tasks of many container instances of one cluster, read together where that takes fewer calls. Whichever way, the order
 * is the law of the drain: RUNNING to its last page, then STOPPED to its last page, then describe; and an answer counts
 * only for who asked before its reading began.
 */
import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  type DesiredStatus,
  type ECSClient,
  paginateListTasks,
  type Task,
} from '@aws-sdk/client-ecs';
import { SluiceError } from '../../contract/errors.ts';
import { batches } from '../batches.ts';
import { untilBudgetEnds, withinBudget } from '../clients.ts';
import { isWithin, pauseLeft } from './batcher.ts';

/** The tasks on a container instance, and how many of them were listed but could not be described. */
export interface TasksOnInstance {
  readonly tasks: readonly Task[];
  readonly unknown: number;
  /** The container instance itself is not known to ECS any more. */
  readonly absent: boolean;
  /** When the reading began, ms. */
  readonly at: number;
}

interface Asked {
  readonly promise: Promise<TasksOnInstance>;
  readonly resolve: (answer: TasksOnInstance) => void;
  readonly reject: (error: unknown) => void;
}

/** What is true of a task for good: where it is, and its last description once it is STOPPED. */
interface Known {
  readonly instance: string;
  readonly stopped?: Task;
}

/** One reading of the whole cluster. */
interface Whole {
  readonly at: number;
  /** Ids of instances of which not everything was described, because nobody had asked for them. */
  readonly unread: ReadonlySet<string>;
  readonly of: (containerInstanceArn: string) => TasksOnInstance;
}

interface Answered extends TasksOnInstance {
  /** Whoever asked has it. Otherwise it had given up before the reading ended, and will ask again. */
  taken: boolean;
}

const PAGE = 100;
/** Lists and a description: what one instance costs alone, unless it has more than a hundred tasks. */
const CALLS_ALONE = 3;
/** From so many on it is worth a call to know how large the cluster is. */
const WORTH_ASKING = 8;
const PAUSE_MS = 1_000;
const BUDGET_MS = 120_000;
const SIZE_KEPT_MS = 600_000;
/** An answer that was not fetched is good for so long: a completion rests on nothing older than a minute. */
const KEPT_MS = 30_000;
/** A reading of the whole cluster is good for others for so long, unless they are content with an older one. */
const FRESH_MS = 3_000;

/** Which answers that are there already will do. */
export interface Accepts {
  /** ms: the asker's own last change. What was read before it does not count. */
  readonly notBefore: number;
  readonly oldestMs?: number;
}

/** Whole clusters are read one after the other: each answer comes sooner than if all were read at once. */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

export class ClusterTasks {
  readonly #ecs: ECSClient;
  readonly #cluster: string;
  readonly #turn: Turn;
  readonly #alone: (containerInstanceArn: string) => Promise<TasksOnInstance>;
  #waiting = new Map<string, Asked>();
  readonly #answers = new Map<string, Answered>();
  #known = new Map<string, Known>();
  #whole: Whole | undefined;
  /** Of the latest reading of the whole cluster, or what its size makes likely. */
  #callsForAll: number | undefined;
  #sizeKnownAt = Number.NEGATIVE_INFINITY;
  #startedAt = Number.NEGATIVE_INFINITY;
  #busy = false;

  /** @param alone reads one instance by itself */
  constructor(
    ecs: ECSClient,
    cluster: string,
    turn: Turn,
    alone: (containerInstanceArn: string) => Promise<TasksOnInstance>,
  ) {
    this.#ecs = ecs;
    this.#cluster = cluster;
    this.#turn = turn;
    this.#alone = alone;
  }

  /**
   * @param accepts what was read for this instance and not fetched, because who asked gave up waiting for it; and what the
   *   latest reading of the whole cluster shows of it. Without it the question begins a new reading.
   */
  async ask(containerInstanceArn: string, accepts?: Accepts): Promise<TasksOnInstance> {
    const known = accepts === undefined ? undefined : this.#alreadyRead(containerInstanceArn, accepts);
    if (known !== undefined) return known;
    let asked = this.#waiting.get(containerInstanceArn);
    if (asked === undefined) {
      asked = Promise.withResolvers<TasksOnInstance>();
      asked.promise.catch(() => undefined);
      this.#waiting.set(containerInstanceArn, asked);
      this.#plan();
    }
    const answer = await untilBudgetEnds(asked.promise);
    const mine = this.#answers.get(containerInstanceArn);
    if (mine !== undefined) mine.taken = true;
    return answer;
  }

  #alreadyRead(arn: string, { notBefore, oldestMs = FRESH_MS }: Accepts): TasksOnInstance | undefined {
    const kept = this.#answers.get(arn);
    if (kept !== undefined && !kept.taken && isWithin(kept.at, notBefore, KEPT_MS)) {
      kept.taken = true;
      return kept;
    }
    const whole = this.#whole;
    if (whole === undefined || !isWithin(whole.at, notBefore, oldestMs)) return undefined;
    return whole.unread.has(idOf(arn)) ? undefined : whole.of(arn);
  }

  #plan(): void {
    if (this.#busy || this.#waiting.size === 0) return;
    this.#busy = true;
    // By a timer even when nothing is left: whoever asks in the same moment is in, and counted.
    setTimeout(() => void this.#start(), pauseLeft(this.#startedAt, PAUSE_MS));
  }

  async #start(): Promise<void> {
    this.#startedAt = Date.now();
    await this.#learnSize();
    const together = this.#waiting.size * CALLS_ALONE > (this.#callsForAll ?? Number.POSITIVE_INFINITY);
    await (together ? this.#turn.take(() => this.#readAll()) : this.#readEach());
    this.#busy = false;
    this.#plan();
  }

  /** Only where many ask. Without it each is read alone. */
  async #learnSize(): Promise<void> {
    if (Date.now() - this.#sizeKnownAt > SIZE_KEPT_MS) this.#callsForAll = undefined;
    if (this.#callsForAll !== undefined || this.#waiting.size < WORTH_ASKING) return;
    try {
      this.#callsForAll = await this.#estimate();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // Whatever its size is: a page or two each for so many would take longer.
      this.#callsForAll = 0;
    }
  }

  /** As many STOPPED tasks as RUNNING ones are assumed, and a description of all. */
  async #estimate(): Promise<number> {
    const { clusters } = await withinBudget(BUDGET_MS, () =>
      this.#ecs.send(new DescribeClustersCommand({ clusters: [this.#cluster] })),
    );
    const [found] = clusters ?? [];
    const tasks = (found?.runningTasksCount ?? 0) + (found?.pendingTasksCount ?? 0);
    this.#sizeKnownAt = Date.now();
    return 4 * Math.max(1, Math.ceil(tasks / PAGE));
  }

  async #readEach(): Promise<void> {
    const asked = this.#takeWaiting();
    await Promise.all(
      [...asked].map(async ([arn, one]) => {
        try {
          this.#answer(arn, one, await withinBudget(BUDGET_MS, () => this.#alone(arn)));
        } catch (error) {
          one.reject(error);
        }
      }),
    );
  }

  async #readAll(): Promise<void> {
    const asked = this.#takeWaiting();
    try {
      const whole = await withinBudget(BUDGET_MS, () => this.#readWhole([...asked.keys()]));
      this.#whole = whole;
      for (const [arn, one] of asked) this.#answer(arn, one, whole.of(arn));
    } catch (error) {
      for (const one of asked.values()) one.reject(error);
    }
  }

  #takeWaiting(): ReadonlyMap<string, Asked> {
    const asked = this.#waiting;
    this.#waiting = new Map();
    for (const [arn, { at }] of this.#answers) if (Date.now() - at > KEPT_MS) this.#answers.delete(arn);
    return asked;
  }

  #answer(arn: string, asked: Asked, answer: TasksOnInstance): void {
    this.#answers.set(arn, { ...answer, taken: false });
    asked.resolve(answer);
  }

  /** Describes only what can have changed: not what is STOPPED for good, nor what is on instances that nobody asks about. */
  async #readWhole(asked: readonly string[]): Promise<Whole> {
    const at = Date.now();
    const wanted = new Set(asked.map(idOf));
    const running = await this.#list('RUNNING');
    const stopped = await this.#list('STOPPED');
    const listed = [...new Set([...running.arns, ...stopped.arns])];
    const unread = new Set<string>();
    const open = listed.filter((arn) => {
      const known = this.#known.get(arn);
      if (known?.stopped !== undefined) return false;
      if (known === undefined || wanted.has(known.instance)) return true;
      unread.add(known.instance);
      return false;
    });
    const tasks = new Map<string, Task[]>();
    const add = (instance: string, task: Task) => {
      const those = tasks.get(instance) ?? [];
      tasks.set(instance, those);
      those.push(task);
    };
    const next = new Map<string, Known>();
    const described = new Set<string>();
    for (const batch of batches(open, PAGE)) {
      const answer = await this.#ecs.send(new DescribeTasksCommand({ cluster: this.#cluster, tasks: batch }));
      for (const task of answer.tasks ?? []) {
        if (task.taskArn === undefined) continue;
        described.add(task.taskArn);
        // A task that waits for its placement is on no instance yet.
        if (task.containerInstanceArn === undefined) continue;
        const instance = idOf(task.containerInstanceArn);
        next.set(task.taskArn, { instance, ...(task.lastStatus === 'STOPPED' ? { stopped: task } : {}) });
        add(instance, task);
      }
    }
    const unknown = new Map<string, number>();
    let anywhere = 0;
    const missing = new Set(open.filter((arn) => !described.has(arn)));
    for (const arn of listed) {
      const known = this.#known.get(arn);
      if (known !== undefined && !next.has(arn)) next.set(arn, known);
      if (missing.has(arn)) {
        // Nothing is known of it, not even where it is: then it may be on each of them.
        if (known === undefined) anywhere += 1;
        else unknown.set(known.instance, (unknown.get(known.instance) ?? 0) + 1);
      } else if (known?.stopped !== undefined) add(known.instance, known.stopped);
    }
    this.#known = next;
    this.#sizeKnownAt = at;
    this.#callsForAll = running.pages + stopped.pages + Math.ceil(open.length / PAGE);
    const of = (arn: string) => ({
      tasks: tasks.get(idOf(arn)) ?? [],
      unknown: anywhere + (unknown.get(idOf(arn)) ?? 0),
      absent: false,
      at,
    });
    return { at, unread, of };
  }

  async #list(desiredStatus: DesiredStatus): Promise<{ readonly arns: string[]; readonly pages: number }> {
    const arns: string[] = [];
    let pages = 0;
    const pagesOfTasks = paginateListTasks({ client: this.#ecs }, { cluster: this.#cluster, desiredStatus });
    for await (const page of pagesOfTasks) {
      arns.push(...(page.taskArns ?? []));
      pages += 1;
    }
    return { arns, pages };
  }
}

/** ARNs of one container instance differ by age in whether they carry the cluster's name; its id does not. */
function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
