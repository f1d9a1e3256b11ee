import type { DirectStream, NewEvent, ReadStreamOptions, StoredEvent } from '../store.js';
import type { LoggedStream, MemoryLog } from './memory-log.js';
import type { PayloadPolicy } from './payload-policy.js';

/** One stream in memory. It is its own {@link DirectStream}: an append is one push to one array. */
export class MemoryStream implements DirectStream, LoggedStream {
  /** True once the stream was removed from the store; who still holds it may push, nobody will read it. */
  deleted = false;
  /** Event, its position, event, its position, …: one array, because a process has few events and each array costs. */
  private readonly items: (NewEvent | number)[] = [];

  constructor(
    readonly name: string,
    private readonly log: MemoryLog,
    private readonly payloads: PayloadPolicy,
  ) {}

  get version(): number {
    return this.items.length >> 1;
  }

  push(event: NewEvent): void {
    const { log } = this;
    this.items.push(this.payloads.takeEvent(event), ++log.last);
    if (log.watched) log.appended(this);
  }

  positionOf(version: number): number {
    return this.items[version * 2 - 1] as number;
  }

  /** The event as a reader sees it; made on every read, so that an append makes nothing. */
  at(version: number): StoredEvent {
    const event = this.items[version * 2 - 2] as NewEvent;
    const { payloads } = this;
    const base = {
      stream: this.name,
      version,
      position: this.positionOf(version),
      type: event.type,
      data: payloads.give(event.data),
      at: event.at as number,
    };
    return event.metadata === undefined ? base : { ...base, metadata: payloads.give(event.metadata) };
  }

  read(options: ReadStreamOptions = {}): StoredEvent[] {
    const { limit = Number.POSITIVE_INFINITY } = options;
    const { version: last } = this;
    const events: StoredEvent[] = [];
    if (options.direction === 'backward') {
      for (let at = Math.min(options.from ?? last, last); at >= 1 && events.length < limit; at--) {
        events.push(this.at(at));
      }
      return events;
    }
    for (let at = Math.max(options.from ?? 1, 1); at <= last && events.length < limit; at++) events.push(this.at(at));
    return events;
  }
}
