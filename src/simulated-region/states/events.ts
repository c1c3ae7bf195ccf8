/** Events of an execution's history in the SDK's shape: each kind has its details under a member of its own. */
import type { HistoryEvent as SdkEvent } from '@aws-sdk/client-sfn';
import type { HistoryEvent } from '../../engine/workflow-engine.ts';

export interface EventOptions {
  readonly includeExecutionData: boolean;
  /** What the Task state of this name calls, as in the definition. */
  resourceOf(stateName: string): string | undefined;
}

type Details = Record<string, unknown>;

/** Of an integration, `arn:aws:states:::states:startExecution.sync:2` → `states` and `startExecution.sync:2`. */
function integration(resource: string | undefined): Details {
  const match = /:::([^:]+):(.+)$/.exec(resource ?? '');
  return match === null ? {} : { resourceType: match[1], resource: match[2] };
}

/** @param events all of them, oldest first: a task's events do not name the state that they belong to. */
export function sdkEvents(events: readonly HistoryEvent[], options: EventOptions): SdkEvent[] {
  let resource: string | undefined;
  return events.map((event) => {
    if (event.type.endsWith('StateEntered')) resource = options.resourceOf(event.stateName ?? '');
    const { id, previousEventId, timestamp, type } = event;
    const head = { id, previousEventId, timestamp, type: type as SdkEvent['type'] & string };
    const details = detailsOf(event, resource, options.includeExecutionData);
    return details === undefined ? head : { ...head, [details.member]: details.content };
  });
}

function detailsOf(
  event: HistoryEvent,
  resource: string | undefined,
  withData: boolean,
): { readonly member: string; readonly content: Details } | undefined {
  const { type } = event;
  const data = (key: string, value: unknown): Details => {
    if (!withData || value === undefined) return {};
    return { [key]: JSON.stringify(value), [`${key}Details`]: { truncated: false } };
  };
  const failure = {
    ...(event.error === undefined ? {} : { error: event.error }),
    ...(event.cause === undefined ? {} : { cause: event.cause }),
  };
  if (type.endsWith('StateEntered')) {
    return { member: 'stateEnteredEventDetails', content: { name: event.stateName, ...data('input', event.input) } };
  }
  if (type.endsWith('StateExited')) {
    return { member: 'stateExitedEventDetails', content: { name: event.stateName, ...data('output', event.output) } };
  }
  if (type === 'LambdaFunctionStarted') return undefined;
  const member = `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
  const content = { ...data('input', event.input), ...data('output', event.output), ...failure };
  if (type === 'LambdaFunctionScheduled') return { member, content: { resource, ...content } };
  if (type === 'TaskScheduled') {
    const parameters = withData ? { parameters: JSON.stringify(event.input) } : {};
    return { member, content: { ...integration(resource), ...parameters } };
  }
  return { member, content: type.startsWith('Task') ? { ...integration(resource), ...content } : content };
}
