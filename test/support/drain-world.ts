/**
 * One Auto Scaling group with a hook of ours, one cluster, and an instance that is going to leave: what most scenarios of
 * `drain-instance` begin with, and how they ask the region afterwards what has really happened.
 */
import { DEFINITIONS } from '../../functions/registry.ts';
import type { DrainInstanceInput, DrainInstanceReceipt } from '../../src/contract/drain-instance.ts';
import type { ExecutionDescription } from '../../src/engine/workflow-engine.ts';
import type { Place } from '../../src/simulated-region/auto-scaling/records.ts';
import type { HookSpec, LifecycleAction } from '../../src/simulated-region/auto-scaling.ts';
import type { Call } from '../../src/simulated-region/calls.ts';
import type { LaunchSpec } from '../../src/simulated-region/ec2.ts';
import type { NewContainerInstance, NewService, NewStandaloneTask } from '../../src/simulated-region/ecs.ts';
import type { NewTargetGroup } from '../../src/simulated-region/elbv2.ts';
import type { EventDocument, NotificationDocument } from '../../src/simulated-region/outbox.ts';
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { takeLifecycleEvent } from '../../src/triggers/lifecycle.ts';
import { Lab, type LabOptions } from './lab.ts';

export const GROUP = 'web';
export const CLUSTER = 'web';
export const HOOK = 'sluice-drain';
export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:scaling';

export interface DrainWorldOptions extends LabOptions {
  /** 300 s unless told otherwise, with the cluster's name in its metadata, and an SNS topic. */
  readonly hook?: Partial<HookSpec>;
  readonly otherHooks?: readonly HookSpec[];
  readonly launch?: LaunchSpec;
  /** `false`: the instance joins no cluster. */
  readonly joins?: NewContainerInstance | false;
  readonly attachedTargetGroups?: readonly string[];
  readonly warmPoolState?: 'Stopped' | 'Running';
}

/** The documents of one lifecycle action, by both of its ways. */
export interface ActionDocuments {
  readonly action: LifecycleAction;
  readonly event: EventDocument;
  readonly notification: NotificationDocument | undefined;
}

export interface Drained {
  readonly ended: ExecutionDescription;
  readonly receipt: DrainInstanceReceipt;
  /** Names of the states entered, in order. */
  readonly path: readonly string[];
  readonly executionArn: string;
}

export class DrainWorld {
  readonly lab: Lab;
  readonly region: SimulatedRegion;
  /** The one that leaves. */
  readonly instance: string;
  /** The one that stays, with room for whatever is replaced. */
  readonly other: string;
  readonly targetGroups: string[] = [];
  readonly #balancer: string;

  constructor(options: DrainWorldOptions = {}) {
    const definitions = { 'drain-instance': DEFINITIONS['drain-instance'] };
    this.lab = new Lab({ ...options, engine: { definitions, ...options.engine } });
    this.region = this.lab.region;
    const { ec2, ecs, autoScaling, elbv2 } = this.region;
    this.#balancer = elbv2.createLoadBalancer({ name: 'web' });
    const attached = (options.attachedTargetGroups ?? []).map((name) => this.targetGroup({ name }));
    ecs.createCluster(CLUSTER);
    autoScaling.createGroup({
      name: GROUP,
      targetGroupArns: attached,
      ...(options.warmPoolState === undefined ? {} : { warmPoolState: options.warmPoolState }),
    });
    autoScaling.putLifecycleHook(GROUP, {
      name: HOOK,
      heartbeatTimeout: 300,
      notificationMetadata: JSON.stringify({ cluster: CLUSTER }),
      notificationTargetArn: TOPIC,
      ...options.hook,
    });
    for (const hook of options.otherHooks ?? []) autoScaling.putLifecycleHook(GROUP, hook);
    this.instance = ec2.launch(options.launch);
    this.other = ec2.launch();
    for (const id of [this.instance, this.other]) autoScaling.attachInstance(GROUP, id);
    if (options.joins !== false) ecs.registerContainerInstance(CLUSTER, this.instance, options.joins);
    ecs.registerContainerInstance(CLUSTER, this.other);
  }

  /** Behind the load balancer. @returns its ARN */
  targetGroup(wanted: Partial<NewTargetGroup> & { readonly name: string }): string {
    const arn = this.region.elbv2.createTargetGroup({ deregistrationDelaySeconds: 60, ...wanted });
    this.region.elbv2.attach(this.#balancer, arn);
    this.targetGroups.push(arn);
    return arn;
  }

  /** A service with its first tasks on the instance that leaves. @returns the ARN of its target group */
  service(
    name: string,
    tasks: number,
    wanted: Partial<NewService> & { readonly delaySeconds?: number; readonly balanced?: boolean } = {},
  ): string {
    const { delaySeconds, balanced, ...service } = wanted;
    const awsvpc = service.networkMode === 'awsvpc';
    const targetGroup = this.targetGroup({
      name,
      ...(awsvpc ? { type: 'ip' } : {}),
      ...(delaySeconds === undefined ? {} : { deregistrationDelaySeconds: delaySeconds }),
    });
    this.region.ecs.createService({
      cluster: CLUSTER,
      name,
      desiredCount: tasks,
      on: Array.from({ length: tasks }, () => this.instance),
      ...(balanced === false
        ? {}
        : { loadBalancers: [{ targetGroupArn: targetGroup, containerName: name, containerPort: 8080 }] }),
      ...service,
    });
    return targetGroup;
  }

  /** A task that nobody's service owns. @returns its ARN */
  standalone(wanted: Partial<NewStandaloneTask> = {}): string {
    return this.region.ecs.startTask({ cluster: CLUSTER, instance: this.instance, ...wanted });
  }

  /** A task that the instance started itself, as at boot. @returns its ARN */
  daemon(wanted: Partial<NewStandaloneTask> = {}): string {
    const startedBy = this.region.ecs.containerInstanceOf(this.instance)?.split('/').at(-1) ?? '';
    return this.standalone({ family: 'logs', startedBy, ...wanted });
  }

  /** A process on both instances, registered by hand in the target group. */
  registerByHand(targetGroupArn: string, port: number): void {
    for (const id of [this.instance, this.other]) {
      this.region.traffic.startProcess(id, port);
      this.region.elbv2.registerTargets(targetGroupArn, [{ id, port }]);
    }
  }

  traffic(targetGroupArn: string, requestsPerSecond = 20, requestSeconds = 10): void {
    this.region.traffic.start({ targetGroupArn, requestsPerSecond, requestSeconds });
  }

  /** Takes the instance out, and waits until its hooks have fired. Calls are recorded from then on. */
  async leave(destination: Place = 'EC2', settleSeconds = 120): Promise<ActionDocuments> {
    if (settleSeconds > 0) await this.lab.pass(settleSeconds);
    this.region.autoScaling.scaleIn(GROUP, this.instance, { destination });
    return this.documents();
  }

  /** Waits for the action of the hook to begin. */
  async documents(hook = HOOK, after = 0): Promise<ActionDocuments> {
    const { outbox, autoScaling, calls } = this.region;
    const find = () =>
      autoScaling.lifecycleActions.filter((one) => one.hook === hook && one.instanceId === this.instance)[after];
    for (let waited = 0; find() === undefined && waited < 3_600; waited += 1) await this.lab.pass(1);
    const action = find();
    const event = outbox.events.find((one) => JSON.stringify(one.detail).includes(action?.token ?? '-'));
    if (action === undefined || event === undefined) throw new Error(`the hook ${hook} has not fired`);
    const notification = outbox.notifications.find(({ Records: [{ Sns }] }) => Sns.Message.includes(action.token));
    calls.clear();
    return { action, event, notification };
  }

  /** By the EventBridge document, as a rule would deliver it. @returns the execution's ARN */
  async take(documents: ActionDocuments): Promise<string> {
    const taken = await takeLifecycleEvent(documents.event, this.lab.engine, this.lab.settings);
    if ('ignored' in taken) throw new Error(`the event was ignored: ${taken.ignored}`);
    return taken.executionArn;
  }

  /** Scales in, takes the event, and lets time pass to the end of the execution. */
  async drain(destination: Place = 'EC2'): Promise<Drained> {
    return this.end(await this.take(await this.leave(destination)));
  }

  async end(executionArn: string, withinSeconds?: number): Promise<Drained> {
    const ended = await this.lab.end(executionArn, withinSeconds);
    return { ended, receipt: receiptOf(ended), path: await this.path(executionArn), executionArn };
  }

  /** A drain that no event started. */
  async start(input: Partial<DrainInstanceInput> & Readonly<Record<string, unknown>> = {}): Promise<string> {
    const given = { region: this.region.region, instanceId: this.instance, ...input };
    const name = `raw-${this.region.calls.count()}-${Date.now()}`;
    const started = await this.lab.engine.start({ workflow: 'drain-instance', name, input: given });
    return started.executionArn;
  }

  async path(executionArn: string): Promise<string[]> {
    const history = await this.lab.engine.history(executionArn);
    return history.filter(({ type }) => type.endsWith('StateEntered')).map(({ stateName }) => stateName ?? '');
  }

  /** What was still alive of the instance at a moment: tasks before STOPPED, and registrations not yet gone. */
  aliveAt(at: number): string[] {
    const tasks = this.region.ecs.tasksOn(this.instance);
    const ids = new Set([this.instance, ...tasks.flatMap(({ addresses }) => addresses.map(({ id }) => id))]);
    const standing = this.targetGroups.flatMap((arn) =>
      this.region.elbv2
        .timelines(arn)
        .filter((one) => ids.has(one.id) && one.registeredAt <= at && (one.goneAt ?? Number.POSITIVE_INFINITY) > at)
        .map((one) => `target ${one.id}:${one.port}`),
    );
    const alive = tasks
      .filter(({ history }) => stoppedAt(history) > at && (history[0]?.[0] ?? 0) <= at)
      .map(({ taskArn }) => taskArn);
    return [...alive, ...standing];
  }

  /** When the last task was STOPPED and the last registration gone, ms; 0 when there was none. */
  trueEnd(): number {
    return Math.max(this.goneAt(), ...this.region.ecs.tasksOn(this.instance).map(({ history }) => stoppedAt(history)));
  }

  /** When the last registration of the instance or of a task on it was gone, ms; 0 when there was none. */
  goneAt(): number {
    const tasks = this.region.ecs.tasksOn(this.instance);
    const ids = new Set([this.instance, ...tasks.flatMap(({ addresses }) => addresses.map(({ id }) => id))]);
    const timelines = this.targetGroups.flatMap((arn) => this.region.elbv2.timelines(arn));
    return Math.max(0, ...timelines.flatMap((one) => (ids.has(one.id) ? [one.goneAt ?? 0] : [])));
  }

  /** Calls of one operation, or all. */
  calls(operation?: string): readonly Call[] {
    return this.region.calls.all.filter((call) => operation === undefined || call.operation === operation);
  }

  /** Accepted completions. */
  completions() {
    return this.region.autoScaling.completionAttempts.filter(({ accepted }) => accepted);
  }

  action(hook = HOOK): LifecycleAction {
    const action = this.region.autoScaling.lifecycleActions.findLast((one) => one.hook === hook);
    if (action === undefined) throw new Error(`the hook ${hook} has no lifecycle action`);
    return action;
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

export function stoppedAt(history: readonly (readonly [number, string])[]): number {
  return history.find(([, status]) => status === 'STOPPED')?.[0] ?? Number.POSITIVE_INFINITY;
}

/** The output of an execution that succeeded, the cause of one that did not. */
export function receiptOf(ended: ExecutionDescription): DrainInstanceReceipt {
  const receipt = ended.status === 'SUCCEEDED' ? ended.output : JSON.parse(ended.cause ?? 'null');
  return receipt as DrainInstanceReceipt;
}

/** Operations that change something. */
export function isWrite({ operation }: Call): boolean {
  return !/^(Describe|List|Get)/.test(operation);
}
