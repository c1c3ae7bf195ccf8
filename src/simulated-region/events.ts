import type {
  PutEventsCommandInput,
  PutEventsCommandOutput,
  PutEventsRequestEntry,
  PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { PutEvents$ } from '@aws-sdk/client-eventbridge';
import type { RegionOutbox } from './outbox.ts';
import type { ServiceModel } from './service.ts';
import { operation, ServiceError } from './service.ts';
import type { World } from './world.ts';

const MOST_ENTRIES = 10;
const MOST_BYTES = 256 * 1024;

/** EventBridge: takes custom events, and hands them to the same outbox that AWS's own events go to. */
export class EventsModel {
  readonly service: ServiceModel;
  /** Every entry that was accepted, as it was given. */
  readonly entries: PutEventsRequestEntry[] = [];
  readonly #world: World;
  readonly #outbox: RegionOutbox;

  constructor(world: World, outbox: RegionOutbox) {
    this.#world = world;
    this.#outbox = outbox;
    this.service = {
      id: 'events',
      protocol: 'json-1.1',
      target: 'AWSEvents',
      operations: {
        PutEvents: operation<PutEventsCommandInput, PutEventsCommandOutput>(
          PutEvents$,
          'write',
          (input) => this.#putEvents(input.Entries ?? []),
          [{ name: 'events-put-events', cost: (input) => input.Entries?.length ?? 0 }],
        ),
      },
    };
  }

  #putEvents(entries: readonly PutEventsRequestEntry[]): Omit<PutEventsCommandOutput, '$metadata'> {
    if (entries.length === 0 || entries.length > MOST_ENTRIES) {
      const bound = entries.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${MOST_ENTRIES}`;
      throw new ServiceError(
        'ValidationException',
        `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${bound}`,
      );
    }
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES) {
      throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.');
    }
    const results = entries.map((entry) => this.#put(entry));
    return { FailedEntryCount: results.filter((each) => each.ErrorCode !== undefined).length, Entries: results };
  }

  /** One bad entry fails alone. */
  #put(entry: PutEventsRequestEntry): PutEventsResultEntry {
    const { Source, DetailType, Detail } = entry;
    const lacking = Object.entries({ Source, DetailType, Detail }).find(([, value]) => !value);
    if (lacking) {
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: `Parameter ${lacking[0]} is not valid. Reason: ${lacking[0]} is a required argument.`,
      };
    }
    if (Source?.startsWith('aws.')) {
      return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
    }
    const detail = parsedObject(Detail ?? '');
    if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const bus = entry.EventBusName ?? 'default';
    const { region, accountId } = this.#world;
    if (bus !== 'default' && bus !== `arn:aws:events:${region}:${accountId}:event-bus/default`) {
      return { ErrorCode: 'InvalidArgument', ErrorMessage: `Event bus ${bus} does not exist.` };
    }
    this.entries.push(entry);
    const id = this.#outbox.emit(
      { source: Source ?? '', 'detail-type': DetailType ?? '', resources: entry.Resources ?? [], detail },
      entry.Time,
    );
    return { EventId: id };
  }
}

/** As EventBridge counts it: 14 bytes for a time, and the bytes of the texts. */
function sizeOf(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), entry.Time ? 14 : 0);
}

function parsedObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
