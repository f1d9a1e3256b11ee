import { chain, type MaybePromise } from '../../foundation/index.js';
import type { StoredEvent } from '../../store/index.js';
import type { EventRegistry, RecordedEvent, UnknownEventPolicy } from '../events/index.js';
import { isGiven } from './selection.js';

/** Decodes what was read in one go: a page, or a stream. */
export class EventDecoder {
  constructor(private readonly registry: EventRegistry) {}

  /** @param journals `raw` when a reader asked for a stream by its name, so that a journal is meant if it is one */
  decode(
    stored: readonly StoredEvent[],
    unknown: UnknownEventPolicy,
    journals: UnknownEventPolicy = unknown,
  ): MaybePromise<RecordedEvent[]> {
    if (!this.registry.hasTransforms) return this.decodeNow(stored, unknown, journals);
    return chain(this.registry.prepareDecode(stored), () => this.decodeNow(stored, unknown, journals));
  }

  private decodeNow(
    stored: readonly StoredEvent[],
    unknown: UnknownEventPolicy,
    journals: UnknownEventPolicy,
  ): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    for (const one of stored) {
      const event = isGiven(one, journals) ? this.registry.decode(one, unknown) : undefined;
      if (event !== undefined) events.push(event);
    }
    return events;
  }
}
