import { Groups } from './auto-scaling/groups.ts';
import { autoScalingOperations } from './auto-scaling/operations.ts';
import type { CompletionAttempt, GroupSpec, HookSpec, LifecycleAction, Member, Place } from './auto-scaling/records.ts';
import type { Ec2Model } from './ec2.ts';
import type { ServiceModel } from './service.ts';
import type { World } from './world.ts';

export type { CompletionAttempt, GroupSpec, HookSpec, LifecycleAction } from './auto-scaling/records.ts';

/**
 * Auto Scaling: groups, lifecycle hooks and their actions. What there is no model of (policies, schedules, instance
 * refresh) a scenario does by hand: `scaleIn` is what such a decision leads to.
 */
export class AutoScalingModel {
  readonly service: ServiceModel;
  readonly #groups: Groups;

  constructor(world: World, ec2: Ec2Model) {
    this.#groups = new Groups(world, ec2);
    this.service = {
      id: 'autoscaling',
      protocol: 'query',
      target: '2011-01-01',
      xmlNamespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
      operations: autoScalingOperations(this.#groups, world),
    };
  }

  /** @returns the group's ARN. A desired capacity is launched at once. */
  createGroup(spec: GroupSpec): string {
    return this.#groups.create(spec).arn;
  }

  /** A hook with a topic publishes a test notification to it. */
  putLifecycleHook(groupName: string, hook: HookSpec): void {
    this.#groups.putHook(this.#group(groupName), hook);
  }

  /** Puts a running instance in service, registers it in the group's target groups, and raises the desired capacity. */
  attachInstance(groupName: string, instanceId: string): void {
    this.#groups.attach(this.#group(groupName), instanceId);
  }

  /**
   * Takes an instance out of service: out of the attached target groups, which are waited for, then through the hooks.
   * Its replacement is not launched. `destination`: the warm pool, or the group itself where a root volume is replaced.
   */
  scaleIn(groupName: string, instanceId: string, { destination = 'EC2' }: { readonly destination?: Place } = {}): void {
    this.#groups.takeOut(this.#member(groupName, instanceId), destination, destination !== 'AutoScalingGroup');
  }

  /** Brings an instance from the warm pool into service, through the launching hooks. */
  scaleOutFromWarmPool(groupName: string, instanceId: string): void {
    const group = this.#group(groupName);
    group.desiredCapacity += 1;
    this.#groups.leaveWarmPool(this.#member(groupName, instanceId));
  }

  /** Undefined once the instance is in no group. */
  lifecycleState(instanceId: string): Member['state'] | undefined {
    return this.#groups.members.get(instanceId)?.state;
  }

  /** Ids of the members, in whatever state, oldest first. */
  instanceIds(groupName: string): readonly string[] {
    const members = [...this.#groups.members.values()].filter((each) => each.group.name === groupName);
    return members.map((each) => each.instanceId);
  }

  desiredCapacity(groupName: string): number {
    return this.#group(groupName).desiredCapacity;
  }

  /** Every lifecycle action that there has been, oldest first. */
  get lifecycleActions(): readonly LifecycleAction[] {
    return this.#groups.actions.all;
  }

  /** Every CompleteLifecycleAction that could be read, accepted or not. */
  get completionAttempts(): readonly CompletionAttempt[] {
    return this.#groups.actions.attempts;
  }

  /** Calls back when a lifecycle action ends, by whatever: its state is then that of this very moment. */
  onLifecycleActionCompleted(listener: (action: LifecycleAction) => void): void {
    this.#groups.actions.onCompleted(listener);
  }

  #group(name: string) {
    const group = this.#groups.groups.get(name);
    if (!group) throw new Error(`There is no Auto Scaling group ${name}`);
    return group;
  }

  #member(groupName: string, instanceId: string): Member {
    const member = this.#groups.members.get(instanceId);
    if (member?.group.name !== groupName)
      throw new Error(`${instanceId} is not in the Auto Scaling group ${groupName}`);
    return member;
  }
}
