import type { Ec2Model } from '../ec2.ts';
import { later } from '../later.ts';
import type { InstanceFacts, World } from '../world.ts';
import { announceAction, announceTest } from './documents.ts';
import { LifecycleActions } from './lifecycle-actions.ts';
import type {
  GroupRecord,
  GroupSpec,
  HookRecord,
  HookSpec,
  LifecycleAction,
  Member,
  Place,
  Transition,
} from './records.ts';
import { globalTimeoutSeconds } from './records.ts';

const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';
const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';

/** Seconds. From the last completed hook to the next step; from an instance's death to its notice; of a fresh boot. */
const PROCEED = 3;
const HEALTH_CHECK = 30;
const BOOT = 20;

/** The states of a terminate transition are named for where it leads. */
const leaving = { EC2: 'Terminating', WarmPool: 'Warmed:Pending', AutoScalingGroup: 'ReplacingRootVolume' } as const;

/** Groups, their members, and the ways of members into and out of service. */
export class Groups {
  readonly groups = new Map<string, GroupRecord>();
  readonly members = new Map<string, Member>();
  readonly actions: LifecycleActions;
  readonly #world: World;
  readonly #ec2: Ec2Model;
  #created = 0;

  constructor(world: World, ec2: Ec2Model) {
    this.#world = world;
    this.#ec2 = ec2;
    this.actions = new LifecycleActions((action) => this.#actionEnded(action));
    ec2.instances.onStateChange((instance) => this.#instanceChanged(instance));
    world.targets.onStateChange((_group, target, state) => {
      const member = state === 'gone' ? this.members.get(target.id) : undefined;
      if (member?.transition?.kind === TERMINATING) this.#continueLeaving(member);
    });
  }

  create(spec: GroupSpec): GroupRecord {
    if (this.groups.has(spec.name)) throw new Error(`There is an Auto Scaling group ${spec.name} already`);
    const { region, accountId } = this.#world;
    const desiredCapacity = spec.desiredCapacity ?? 0;
    const group: GroupRecord = {
      sequence: this.#next(),
      name: spec.name,
      arn: `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:${this.#world.uuid()}:autoScalingGroupName/${spec.name}`,
      createdAt: Date.now(),
      targetGroupArns: spec.targetGroupArns ?? [],
      loadBalancerNames: spec.loadBalancerNames ?? [],
      tags: new Map(Object.entries(spec.tags ?? {})),
      terminateHookAbandon: spec.terminateHookAbandon,
      warmPoolState: spec.warmPoolState,
      hooks: new Map(),
      desiredCapacity,
      minSize: spec.minSize ?? 0,
      maxSize: spec.maxSize ?? Math.max(desiredCapacity, 10_000),
    };
    this.groups.set(spec.name, group);
    this.reconcile(group);
    return group;
  }

  /** What the update does not name stays as it was. */
  putHook(group: GroupRecord, spec: HookSpec): HookRecord {
    const before = group.hooks.get(spec.name);
    const hook: HookRecord = {
      name: spec.name,
      transition: spec.transition ?? before?.transition ?? TERMINATING,
      heartbeatTimeout: spec.heartbeatTimeout ?? before?.heartbeatTimeout ?? 3600,
      defaultResult: spec.defaultResult ?? before?.defaultResult ?? 'ABANDON',
      notificationMetadata: spec.notificationMetadata ?? before?.notificationMetadata,
      notificationTargetArn: spec.notificationTargetArn ?? before?.notificationTargetArn,
      roleArn: spec.roleArn ?? before?.roleArn,
    };
    group.hooks.set(hook.name, hook);
    if (spec.notificationTargetArn !== undefined) announceTest(this.#world, group, spec.notificationTargetArn);
    return hook;
  }

  attach(group: GroupRecord, instanceId: string): void {
    if (!this.#world.instances.get(instanceId)) throw new Error(`There is no instance ${instanceId}`);
    if (this.members.has(instanceId)) throw new Error(`${instanceId} is in an Auto Scaling group already`);
    group.desiredCapacity += 1;
    group.maxSize = Math.max(group.maxSize, group.desiredCapacity);
    this.#ec2.tag(instanceId, { 'aws:autoscaling:groupName': group.name });
    const member = this.#join(group, instanceId, 'Pending');
    this.#enterService(member);
  }

  /** Takes a member out: target groups first, then the hooks, then what the destination asks for. */
  takeOut(member: Member, destination: Place, decrement: boolean): void {
    if (member.state === 'Terminating:Retained' || member.state === 'Warmed:Pending:Retained') {
      this.#proceedToTermination(member);
      return;
    }
    if (member.transition?.kind === TERMINATING) return;
    const warm = member.state.startsWith('Warmed:');
    if (decrement && !warm) member.group.desiredCapacity = Math.max(0, member.group.desiredCapacity - 1);
    member.transition = {
      kind: TERMINATING,
      origin: warm ? 'WarmPool' : 'AutoScalingGroup',
      destination,
      abandoned: false,
    };
    member.state = leaving[destination];
    for (const arn of member.group.targetGroupArns) {
      const targets = this.#world.targets.registrations(arn, member.instanceId);
      this.#world.targets.deregister(
        arn,
        targets.filter((each) => !each.state.includes('draining')).map(({ port }) => ({ id: member.instanceId, port })),
      );
    }
    this.#continueLeaving(member);
    this.reconcile(member.group);
  }

  /** Out of the warm pool and into service, by way of the launching hooks. */
  leaveWarmPool(member: Member): void {
    if (!/^Warmed:(Stopped|Running|Hibernated)$/.test(member.state)) {
      throw new Error(`${member.instanceId} is ${member.state}, not in the warm pool`);
    }
    this.#ec2.start(member.instanceId);
    this.#beginLaunch(member, 'WarmPool');
  }

  /** Launches what is missing; takes out the oldest of what is too much. Retained and warm instances do not count. */
  reconcile(group: GroupRecord): void {
    const stays = (each: Member) =>
      each.state === 'InService' ||
      each.state.startsWith('Pending') ||
      each.transition?.destination === 'AutoScalingGroup';
    const serving = [...this.members.values()].filter((each) => each.group === group && stays(each));
    for (let count = serving.length; count < group.desiredCapacity; count += 1) this.#launch(group);
    for (const member of serving.slice(0, Math.max(0, serving.length - group.desiredCapacity))) {
      this.takeOut(member, 'EC2', false);
    }
  }

  #next(): number {
    this.#created += 1;
    return this.#created;
  }

  #join(group: GroupRecord, instanceId: string, state: Member['state']): Member {
    const member: Member = {
      sequence: this.#next(),
      instanceId,
      group,
      state,
      healthStatus: 'Healthy',
      transition: undefined,
    };
    this.members.set(instanceId, member);
    return member;
  }

  #launch(group: GroupRecord): void {
    const tags = { ...Object.fromEntries(group.tags), 'aws:autoscaling:groupName': group.name };
    const member = this.#join(group, this.#ec2.launch({ pendingSeconds: BOOT, tags }), 'Pending');
    this.#beginLaunch(member, 'EC2');
  }

  #beginLaunch(member: Member, origin: Place): void {
    member.transition = { kind: LAUNCHING, origin, destination: 'AutoScalingGroup', abandoned: false };
    member.state = 'Pending';
    this.#continueLaunch(member);
  }

  #continueLaunch(member: Member): void {
    if (member.state !== 'Pending' || this.#world.instances.get(member.instanceId)?.state !== 'running') return;
    this.#runHooks(member, 'Pending:Wait');
  }

  #continueLeaving(member: Member): void {
    const { transition } = member;
    if (!transition || member.state !== leaving[transition.destination]) return;
    const draining = member.group.targetGroupArns.some(
      (arn) => this.#world.targets.registrations(arn, member.instanceId).length > 0,
    );
    if (!draining) this.#runHooks(member, `${leaving[transition.destination]}:Wait`);
  }

  /** One lifecycle action a hook, all at once. */
  #runHooks(member: Member, wait: Member['state']): void {
    const { transition, group } = member;
    if (!transition) return;
    const hooks = [...group.hooks.values()].filter((each) => each.transition === transition.kind);
    if (hooks.length === 0) {
      this.#proceed(member, transition);
      return;
    }
    member.state = wait;
    const started = hooks.map((hook) => ({
      hook,
      action: this.actions.begin({
        token: this.#world.uuid(),
        autoScalingGroupName: group.name,
        hook: hook.name,
        instanceId: member.instanceId,
        transition: transition.kind,
        origin: transition.origin,
        destination: transition.destination,
        heartbeatTimeoutSeconds: hook.heartbeatTimeout,
        globalTimeoutSeconds: globalTimeoutSeconds(hook.heartbeatTimeout),
        defaultResult: hook.defaultResult,
      }),
    }));
    // Announced once all are there: a listener that completes one at once must not end the transition for the others.
    for (const { hook, action } of started) announceAction(this.#world, group, hook, action);
  }

  #actionEnded(action: LifecycleAction): void {
    const member = this.members.get(action.instanceId);
    const transition = member?.transition;
    if (!member || !transition || transition.kind !== action.transition) return;
    if (action.result === 'ABANDON' && !transition.abandoned) {
      transition.abandoned = true;
      this.actions.skip(member.instanceId);
    }
    if (member.state.endsWith(':Wait') && this.actions.open(member.instanceId).length === 0) {
      this.#proceed(member, transition);
    }
  }

  #proceed(member: Member, transition: Transition): void {
    if (transition.kind === LAUNCHING) {
      member.state = 'Pending:Proceed';
      // An abandoned launch is ended by terminating the instance, without another hook.
      later(PROCEED, () => (transition.abandoned ? this.#proceedToTermination(member) : this.#enterService(member)));
      return;
    }
    const { destination } = transition;
    if (transition.abandoned && member.group.terminateHookAbandon === 'retain' && destination !== 'AutoScalingGroup') {
      member.state = `${leaving[destination]}:Retained`;
      return;
    }
    if (transition.abandoned || destination === 'EC2') {
      this.#proceedToTermination(member);
      return;
    }
    member.state = `${leaving[destination]}:Proceed`;
    later(PROCEED, () => (destination === 'WarmPool' ? this.#enterWarmPool(member) : this.#replaceRootVolume(member)));
  }

  #proceedToTermination(member: Member): void {
    member.state = 'Terminating:Proceed';
    later(PROCEED, () => {
      const state = this.#ec2.state(member.instanceId);
      if (state === undefined || state === 'terminated') this.#remove(member);
      else this.#ec2.terminate(member.instanceId);
    });
  }

  #remove(member: Member): void {
    this.members.delete(member.instanceId);
    this.reconcile(member.group);
  }

  #enterWarmPool(member: Member): void {
    const state = member.group.warmPoolState ?? 'Stopped';
    if (state !== 'Running') this.#ec2.stop(member.instanceId);
    member.transition = undefined;
    member.state = `Warmed:${state}`;
  }

  #replaceRootVolume(member: Member): void {
    member.state = 'RootVolumeReplaced';
    this.#beginLaunch(member, 'AutoScalingGroup');
  }

  #enterService(member: Member): void {
    member.transition = undefined;
    member.state = 'InService';
    for (const arn of member.group.targetGroupArns) {
      const { targets } = this.#world;
      targets.register(arn, [{ id: member.instanceId, port: targets.defaultPort(arn) }]);
    }
  }

  #instanceChanged(instance: InstanceFacts): void {
    const member = this.members.get(instance.instanceId);
    if (!member) return;
    if (instance.state === 'running') this.#continueLaunch(member);
    if (instance.state === 'terminated' && member.state === 'Terminating:Proceed') this.#remove(member);
    if (member.state !== 'InService' || instance.state === 'running' || instance.state === 'pending') return;
    // Whoever ended it, the group learns by its health check, and takes it out by way of the hooks.
    member.healthStatus = 'Unhealthy';
    later(HEALTH_CHECK, () => {
      if (member.state === 'InService') this.takeOut(member, 'EC2', false);
    });
  }
}
