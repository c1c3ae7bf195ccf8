/** Amazon EventBridge: the bus on which outcomes are announced. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Unavailable } from '../contract/errors.ts';
import { clientFactory } from './clients.ts';

export const eventBridgeClient = clientFactory(EventBridgeClient);

/** @throws Unavailable when the bus took the call but not the event */
export async function putEvent(
  events: EventBridgeClient,
  bus: string,
  event: { readonly detailType: string; readonly resources: readonly string[]; readonly detail: unknown },
): Promise<void> {
  const answer = await events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: bus,
          Source: 'sluice',
          DetailType: event.detailType,
          Resources: [...event.resources],
          Detail: JSON.stringify(event.detail),
        },
      ],
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    const entry = answer.Entries?.[0];
    throw new Unavailable(`EventBridge PutEvents: ${entry?.ErrorCode ?? 'failed'} ${entry?.ErrorMessage ?? ''}`.trim());
  }
}
