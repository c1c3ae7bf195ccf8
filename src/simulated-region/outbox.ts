import type { Randomness } from './randomness.ts';
import type { Outbox } from './world.ts';

/** An event as a rule's target receives it. */
export interface EventDocument {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** To the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** A notification as a Lambda that is subscribed to the topic receives it. */
export interface NotificationDocument {
  readonly Records: readonly [
    {
      readonly EventSource: 'aws:sns';
      readonly EventVersion: '1.0';
      readonly EventSubscriptionArn: string;
      readonly Sns: {
        readonly Type: 'Notification';
        readonly MessageId: string;
        readonly TopicArn: string;
        readonly Subject: string;
        /** JSON. */
        readonly Message: string;
        readonly Timestamp: string;
        readonly SignatureVersion: '1';
        readonly Signature: string;
        readonly SigningCertUrl: string;
        readonly UnsubscribeUrl: string;
        readonly MessageAttributes: Readonly<Record<string, never>>;
      };
    },
  ];
}

/** Everything that left the region, in order. Listeners are called at once; a delay in delivery is theirs to model. */
export class RegionOutbox implements Outbox {
  readonly events: EventDocument[] = [];
  readonly notifications: NotificationDocument[] = [];
  readonly #region: string;
  readonly #accountId: string;
  readonly #randomness: Randomness;
  /** One subscription a topic. */
  readonly #subscriptions = new Map<string, string>();
  readonly #eventListeners = new Set<(event: EventDocument) => void>();
  readonly #notificationListeners = new Set<(notification: NotificationDocument) => void>();

  constructor(region: string, accountId: string, randomness: Randomness) {
    this.#region = region;
    this.#accountId = accountId;
    this.#randomness = randomness;
  }

  /** @returns what ends the subscription. */
  onEvent(listener: (event: EventDocument) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** @returns what ends the subscription. */
  onNotification(listener: (notification: NotificationDocument) => void): () => void {
    this.#notificationListeners.add(listener);
    return () => this.#notificationListeners.delete(listener);
  }

  /** @returns the event's id. */
  emit(event: Parameters<Outbox['emit']>[0], time = new Date()): string {
    const document: EventDocument = {
      version: '0',
      id: this.#randomness.uuid(),
      'detail-type': event['detail-type'],
      source: event.source,
      account: this.#accountId,
      time: time.toISOString().replace(/\.\d{3}Z$/, 'Z'),
      region: this.#region,
      resources: event.resources,
      detail: event.detail,
    };
    this.events.push(document);
    for (const listener of this.#eventListeners) listener(document);
    return document.id;
  }

  publish(topicArn: string, message: { readonly subject: string; readonly body: unknown }): void {
    const host = `https://sns.${this.#region}.amazonaws.com`;
    const subscription = this.#subscriptions.get(topicArn) ?? `${topicArn}:${this.#randomness.uuid()}`;
    this.#subscriptions.set(topicArn, subscription);
    const document: NotificationDocument = {
      Records: [
        {
          EventSource: 'aws:sns',
          EventVersion: '1.0',
          EventSubscriptionArn: subscription,
          Sns: {
            Type: 'Notification',
            MessageId: this.#randomness.uuid(),
            TopicArn: topicArn,
            Subject: message.subject,
            Message: JSON.stringify(message.body),
            Timestamp: new Date().toISOString(),
            SignatureVersion: '1',
            Signature: Buffer.from(this.#randomness.hex(64), 'hex').toString('base64'),
            SigningCertUrl: `${host}/SimpleNotificationService-${this.#randomness.hex(32)}.pem`,
            UnsubscribeUrl: `${host}/?Action=Unsubscribe&SubscriptionArn=${subscription}`,
            MessageAttributes: {},
          },
        },
      ],
    };
    this.notifications.push(document);
    for (const listener of this.#notificationListeners) listener(document);
  }
}
