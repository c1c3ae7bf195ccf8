/** From Auto Scaling's documents to the input of a drain. Pure, so that both doors and the sweep agree. */

import type * as z from 'zod/mini';
import { type DrainInstanceInput, LAUNCHING, TERMINATING } from '../../contract/drain-instance.ts';
import type { LifecycleEvent, LifecycleNotification } from '../../contract/events.ts';
import { HookMetadata } from '../../contract/hook-metadata.ts';
import { parse } from '../../contract/parse.ts';
import { type HookSettings, isOurHook } from '../hooks.ts';
import { parsedJson } from '../json.ts';
import { SECOND } from '../time.ts';

export interface DrainRequest {
  readonly subject: string;
  /** Two copies of one event have the same. */
  readonly key: string;
  readonly input: z.input<typeof DrainInstanceInput>;
}

type Fields = LifecycleEvent['detail'];

/** @returns the request; or why the event is nobody's here. @throws InvalidInput for metadata of ours that is wrong. */
export function fromLifecycleEvent(event: LifecycleEvent, settings: HookSettings): DrainRequest | { ignored: string } {
  return request(event.detail, event.region, event.time, settings);
}

/** @param region of the topic: the notification itself does not name it. */
export function fromLifecycleNotification(
  message: LifecycleNotification,
  region: string,
  settings: HookSettings,
): DrainRequest | { ignored: string } {
  return request(message, region, message.Time, settings);
}

function request(
  fields: Fields,
  region: string,
  time: string,
  settings: HookSettings,
): DrainRequest | { ignored: string } {
  const hook = fields.LifecycleHookName;
  if (!isOurHook(hook, settings)) return { ignored: `the hook ${hook} belongs to another tool` };
  const metadata = readMetadata(fields.NotificationMetadata, hook);
  return {
    subject: fields.EC2InstanceId,
    key: fields.LifecycleActionToken,
    input: {
      region,
      instanceId: fields.EC2InstanceId,
      lifecycle: {
        autoScalingGroupName: fields.AutoScalingGroupName,
        lifecycleHookName: hook,
        lifecycleActionToken: fields.LifecycleActionToken,
        lifecycleTransition: fields.LifecycleTransition,
        destination: fields.Destination,
        // EventBridge says seconds and SNS milliseconds of the same moment.
        startedAt: new Date(Math.floor(Date.parse(time) / SECOND) * SECOND).toISOString(),
      },
      ...metadata,
    },
  };
}

/** An instance that waits on a hook of ours, as Auto Scaling describes it: without a token, and without a time. */
export interface WaitingOnHook {
  readonly instanceId: string;
  readonly autoScalingGroupName: string;
  /** `Terminating:Wait`, `Warmed:Pending:Wait` and the like. */
  readonly lifecycleState: string;
  readonly hook: { readonly name: string; readonly transition: string; readonly notificationMetadata?: string };
}

/**
 * The waits are named for where the instance goes. `Warmed:Pending:Wait` is on the way into a warm pool, be it from service
 * (a terminate hook) or from a launch.
 */
export function mayWaitFor(lifecycleState: string, transition: string): boolean {
  if (!lifecycleState.endsWith(':Wait')) return false;
  if (lifecycleState === 'Pending:Wait') return transition === LAUNCHING;
  return transition === TERMINATING || (transition === LAUNCHING && lifecycleState === 'Warmed:Pending:Wait');
}

/** @throws InvalidInput for metadata of ours that is wrong. */
export function fromWaitingInstance(waiting: WaitingOnHook, region: string): DrainRequest {
  const { instanceId, autoScalingGroupName, lifecycleState, hook } = waiting;
  const destination = lifecycleState.startsWith('Warmed:Pending')
    ? 'WarmPool'
    : lifecycleState.startsWith('ReplacingRootVolume') || lifecycleState === 'Pending:Wait'
      ? 'AutoScalingGroup'
      : 'EC2';
  return {
    subject: instanceId,
    key: `sweep ${autoScalingGroupName} ${hook.name} ${instanceId}`,
    input: {
      region,
      instanceId,
      lifecycle: {
        autoScalingGroupName,
        lifecycleHookName: hook.name,
        lifecycleTransition: hook.transition === LAUNCHING ? LAUNCHING : TERMINATING,
        destination,
      },
      ...readMetadata(hook.notificationMetadata, hook.name),
      requestedBy: 'sweep',
    },
  };
}

function readMetadata(text: string | undefined, hook: string): Partial<HookMetadata> {
  if (text === undefined) return {};
  const document = parsedJson(text);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return {};
  return parse(HookMetadata, document, `the NotificationMetadata of the hook ${hook}`);
}
