import type { Cancel } from '../later.ts';
import { later } from '../later.ts';
import type { Millis } from '../world.ts';
import type { CompletionAttempt, LifecycleAction, LifecycleResult } from './records.ts';

interface OpenAction extends LifecycleAction {
  heartbeats: Millis[];
  expiresAt: Millis | undefined;
  completedAt: Millis | undefined;
  result: LifecycleResult | undefined;
  by: LifecycleAction['by'];
  defaultResult: LifecycleResult;
  cancel: Cancel;
}

export type Started = Pick<
  LifecycleAction,
  | 'token'
  | 'autoScalingGroupName'
  | 'hook'
  | 'instanceId'
  | 'transition'
  | 'origin'
  | 'destination'
  | 'heartbeatTimeoutSeconds'
  | 'globalTimeoutSeconds'
> & { readonly defaultResult: LifecycleResult };

/** Which action a call means: by its token, or else by the instance. */
export interface ActionReference {
  readonly autoScalingGroupName: string;
  readonly hook: string;
  readonly token: string | undefined;
  readonly instanceId: string | undefined;
}

/** The lifecycle actions of a region: their timers, their ends, and everything that was tried on them. */
export class LifecycleActions {
  readonly all: OpenAction[] = [];
  readonly attempts: CompletionAttempt[] = [];
  readonly #open = new Map<string, OpenAction>();
  readonly #listeners: ((action: LifecycleAction) => void)[] = [];
  readonly #ended: (action: LifecycleAction) => void;

  /** @param ended what the group does next; called before the listeners. */
  constructor(ended: (action: LifecycleAction) => void) {
    this.#ended = ended;
  }

  onCompleted(listener: (action: LifecycleAction) => void): void {
    this.#listeners.push(listener);
  }

  begin(started: Started): LifecycleAction {
    const action: OpenAction = {
      ...started,
      startedAt: Date.now(),
      heartbeats: [],
      expiresAt: undefined,
      completedAt: undefined,
      result: undefined,
      by: undefined,
      cancel: () => undefined,
    };
    this.all.push(action);
    this.#open.set(action.token, action);
    this.#arm(action);
    return action;
  }

  open(instanceId: string): readonly LifecycleAction[] {
    return [...this.#open.values()].filter((each) => each.instanceId === instanceId);
  }

  /** @returns false when there is no such open action. */
  heartbeat(reference: ActionReference): boolean {
    const action = this.#find(reference);
    if (!action) return false;
    action.heartbeats.push(Date.now());
    this.#arm(action);
    return true;
  }

  /** @returns false when there is no such open action. */
  complete(reference: ActionReference, result: LifecycleResult): boolean {
    const action = this.#find(reference);
    this.attempts.push({ at: Date.now(), ...reference, result, accepted: action !== undefined });
    if (!action) return false;
    this.#end(action, result, 'caller');
    return true;
  }

  /** Ends what is still open of an instance because another action of it was abandoned. */
  skip(instanceId: string): void {
    for (const action of this.#open.values()) {
      if (action.instanceId === instanceId) this.#end(action, 'ABANDON', 'abandonment');
    }
  }

  #find({ autoScalingGroupName, hook, token, instanceId }: ActionReference): OpenAction | undefined {
    const fits = (action: OpenAction | undefined) =>
      action !== undefined && action.autoScalingGroupName === autoScalingGroupName && action.hook === hook;
    if (token !== undefined) {
      const action = this.#open.get(token);
      return fits(action) && (instanceId === undefined || action?.instanceId === instanceId) ? action : undefined;
    }
    return [...this.#open.values()].find((action) => fits(action) && action.instanceId === instanceId);
  }

  /** A heartbeat starts the timeout anew, and never beyond the global timeout. */
  #arm(action: OpenAction): void {
    action.cancel();
    const end = action.startedAt + action.globalTimeoutSeconds * 1000;
    action.expiresAt = Math.min(Date.now() + action.heartbeatTimeoutSeconds * 1000, end);
    const seconds = (action.expiresAt - Date.now()) / 1000;
    action.cancel = later(seconds, () => this.#end(action, action.defaultResult, 'expiry'));
  }

  #end(action: OpenAction, result: LifecycleResult, by: NonNullable<LifecycleAction['by']>): void {
    if (!this.#open.delete(action.token)) return;
    action.cancel();
    action.expiresAt = undefined;
    action.completedAt = Date.now();
    action.result = result;
    action.by = by;
    this.#ended(action);
    for (const listener of this.#listeners) listener(action);
  }
}
