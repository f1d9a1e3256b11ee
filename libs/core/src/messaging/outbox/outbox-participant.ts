import type { CommitParticipant, EventRegistry, RecordedEvent } from '../../event-sourcing/index.js';
import type { Type } from '../../messages/index.js';
import type { RecordWrite } from '../../store/index.js';
import type { MessageBus } from '../message-bus.js';
import { entryWrite } from './outbox-records.js';

/** Puts events of some classes into the outbox whenever they are appended to the event log, in the same commit. */
export class OutboxParticipant implements CommitParticipant {
  readonly name = 'outbox';
  private readonly names: ReadonlySet<string>;

  constructor(
    private readonly bus: MessageBus,
    registry: EventRegistry,
    events: readonly Type<object>[],
  ) {
    this.names = new Set(events.map((event) => registry.typeOfClass(event).name));
  }

  wants(type: string): boolean {
    return this.names.has(type);
  }

  async prepare(events: readonly RecordedEvent[]): Promise<readonly RecordWrite[]> {
    const writes: RecordWrite[] = [];
    for (const { event, stream, version, metadata } of events) {
      const { correlationId, causationId, tenant, traceparent, headers } = metadata;
      // Its place, which is the same however often the commit is tried; its position is not known yet.
      const id = `${stream}@${version}`;
      const [addressed] = await this.bus.address(event, {
        id,
        carry: { correlationId, causationId, tenant, traceparent, headers },
      });
      if (addressed !== undefined) writes.push(entryWrite(addressed, undefined));
    }
    return writes;
  }
}
