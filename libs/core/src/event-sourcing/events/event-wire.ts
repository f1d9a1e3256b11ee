import type { MaybePromise } from '../../foundation/index.js';
import type { Codec, StoredEvent } from '../../store/index.js';
import { EventEncoder } from './event-encoder.js';
import { EventReader } from './event-reader.js';
import type { EventType } from './event-type.js';
import { placeOnTheWay } from './events.errors.js';
import type { VersionSteps } from './version-steps.js';

/** An event on its way to another program. */
export interface WireEvent {
  /** Wire name. */
  readonly type: string;
  /** Version of the shape, from 1. */
  readonly version: number;
  readonly data: string | Uint8Array;
}

/** What of the registry is used for it. */
export interface EventWireParts {
  readonly codec: Codec;
  readonly types: ReadonlyMap<string, EventType>;
  readonly upcasters: VersionSteps;
  readonly downcasters: VersionSteps;
  typeOf(event: object): EventType;
  prepareEncode(events: readonly object[]): MaybePromise<void>;
  prepareDecode(events: readonly StoredEvent[]): MaybePromise<void>;
}

/**
 * Writes events for other programs as they are written for a store of text, whatever the store of this one keeps: with
 * older versions where they are asked for, and personal data encrypted.
 */
export class EventWire {
  private readonly encoder: EventEncoder;
  private readonly reader: EventReader;

  constructor(private readonly parts: EventWireParts) {
    this.encoder = new EventEncoder(parts.codec, parts.downcasters);
    this.reader = new EventReader(parts.codec, parts.types, parts.upcasters);
  }

  /** Called when classes or upcasters were added. */
  forget(): void {
    this.reader.forget();
  }

  async write(event: object): Promise<WireEvent> {
    const type = this.parts.typeOf(event);
    await this.parts.prepareEncode([event]);
    const { data } = this.encoder.encode(type, event, {}, undefined);
    return { type: type.name, version: type.writeVersion, data: data as string | Uint8Array };
  }

  /** @param what names it in errors */
  async read({ type, version, data }: WireEvent, at: number, what: string): Promise<object> {
    const metadata = version === 1 ? '{}' : JSON.stringify({ v: version });
    const stored: StoredEvent = { ...placeOnTheWay(what), at, type, data, metadata, tags: [] };
    await this.parts.prepareDecode([stored]);
    return this.reader.event(stored);
  }
}
