import type { StoredEvent } from '../../store/index.js';
import { readMetadata, type EventMetadata } from './event-metadata.js';

const NO_TAGS: readonly string[] = Object.freeze([]);

/**
 * An event read from the log: the event itself, an instance of its class, and where and when it was recorded.
 */
export class RecordedEvent<E extends object = object> {
  readonly stream: string;
  /** Place in its stream; the first event has version 1. */
  readonly version: number;
  /** Place in the whole log; grows in the order of commits. */
  readonly position: number;
  /** Wire name it was stored under; the event may be of a newer name when an upcaster renamed it. */
  readonly type: string;
  /** When it happened, milliseconds since 1970. */
  readonly at: number;
  readonly tags: readonly string[];
  /** The event. Shared by everybody who reads it on a store that keeps references: do not change it. */
  readonly event: E;
  // What was stored, until somebody asks for the metadata: most readers never do, and parsing costs as much as the event.
  #stored: unknown;
  #metadata: EventMetadata | undefined;

  constructor(stored: StoredEvent, event: E) {
    this.stream = stored.stream;
    this.version = stored.version;
    this.position = stored.position;
    this.type = stored.type;
    this.at = stored.at;
    this.tags = stored.tags ?? NO_TAGS;
    this.event = event;
    this.#stored = stored.metadata;
  }

  /** Id of the event, unique among all. */
  get id(): string {
    return this.metadata.eventId;
  }

  /** Who and what caused it; parsed when first asked for. */
  get metadata(): EventMetadata {
    if (this.#metadata === undefined) {
      this.#metadata = readMetadata(this.#stored, this);
      this.#stored = undefined;
    }
    return this.#metadata;
  }

  /** With the metadata, which is no own field. */
  toJSON(): object {
    const { event, stream, version, position, type, at, tags, id, metadata } = this;
    return { event, stream, version, position, type, at, tags, id, metadata };
  }
}

/** An event of a type that this program does not know, as readers with `unknown: 'raw'` get it. */
export class RawEvent {
  constructor(
    /** Wire name. */
    readonly type: string,
    /** Version of the shape it was stored in. */
    readonly schemaVersion: number,
    /** What was stored, decoded, and nothing else done to it. */
    readonly data: unknown,
  ) {}
}
