import { assertKnownOptions, toMilliseconds, type Duration } from '../../foundation/index.js';
import type { RecordWrite, Store } from '../../store/index.js';
import type { MessageBus, PublishMessageOptions } from '../message-bus.js';
import { entryWrite } from './outbox-records.js';

/** Options of {@link Outbox.entries}. */
export interface OutboxPublishOptions extends PublishMessageOptions {
  /** Publish it after this time, by the clock of the store. Default: at once. */
  readonly delay?: Duration | undefined;
}

/**
 * Publishes events after the commit that they belong to: they are records of that commit, and a relay publishes them as
 * soon as it is there, again and again until the broker has them. So there is never a state without its message, nor a
 * message without its state. Inject it by this class.
 *
 * A node that dies between publishing and forgetting a message has it published twice, with the same id: use QoS 2 where
 * that matters. Messages go out in the order of their commits.
 *
 * @example
 * ```ts
 * await this.log.commit({
 *   appends: [{ stream: `order-${id}`, expectedVersion: 'no-stream', events: [placed] }],
 *   records: await this.outbox.entries(new OrderPlaced(id), { context }),
 * });
 * ```
 */
export class Outbox {
  constructor(
    private readonly store: Store,
    private readonly bus: MessageBus,
    /** Told before there is anything in the outbox. */
    private readonly relay: { expect(): void },
  ) {}

  /**
   * The records to write with the state. Nothing is published before they are committed.
   *
   * @throws {NotAnEventError} {@link UnencodableValueError}
   */
  async entries(
    events: object | readonly object[],
    { delay, ...options }: OutboxPublishOptions = {},
  ): Promise<readonly RecordWrite[]> {
    assertKnownOptions('Outbox', options, ['qos', 'key', 'id', 'context', 'correlationId', 'tenant', 'headers']);
    this.relay.expect();
    const dueAt = delay === undefined ? undefined : (await this.store.now()) + toMilliseconds(delay, 'Outbox delay');
    return (await this.bus.address(events, options)).map((message) => entryWrite(message, dueAt));
  }

  /** A commit of its own: resolves when the events are kept, and published as soon as the broker is there. */
  async publish(events: object | readonly object[], options?: OutboxPublishOptions): Promise<void> {
    const records = await this.entries(events, options);
    if (records.length > 0) await this.store.commit({ records });
  }
}
