import type { Codec, NewEvent } from '../../store/index.js';
import type { StoredMetadata } from './event-metadata.js';
import type { EventType } from './event-type.js';
import { DowncastError } from './events.errors.js';
import type { EventData } from './payload-transform.js';
import type { VersionSteps } from './version-steps.js';

/** Makes of an event what the store keeps. */
export class EventEncoder {
  /** @param codec undefined on a store that keeps references */
  constructor(
    private readonly codec: Codec | undefined,
    private readonly downcasters: VersionSteps,
  ) {}

  encode(type: EventType, event: object, metadata: StoredMetadata, extra: readonly string[] | undefined): NewEvent {
    const data = this.data(type, event, type.writeVersion);
    const stored = this.codec === undefined ? data : this.codec.encode(data);
    const kept = this.codec === undefined ? metadata : JSON.stringify(metadata);
    const tags = tagsOf(type, event, extra);
    if (tags === undefined) return { type: type.name, data: stored, metadata: kept };
    return { type: type.name, data: stored, metadata: kept, tags };
  }

  /** @throws {DowncastError} */
  inVersion(type: EventType, event: object, version: number): EventData {
    let data: EventData = { ...event };
    for (let from = type.version; from > version; from--) {
      const step = this.downcasters.get(type.name, from);
      if (step === undefined) throw new DowncastError(type.name, from, version, 'there is no such step');
      data = run(() => step.run(data, { type: type.name, from }), type.name, from, version);
    }
    if (version > type.version) {
      throw new DowncastError(type.name, version, version, `its class has version ${type.version}`);
    }
    return data;
  }

  private data(type: EventType, event: object, version: number): unknown {
    const { transforms } = type;
    if (version === type.version && transforms === undefined) {
      // A store that keeps references keeps the event itself. A codec gets its fields, as it must for a class with methods.
      return this.codec === undefined ? event : { ...event };
    }
    let data = this.inVersion(type, event, version);
    for (const transform of transforms ?? []) data = transform.encode(data, type);
    return data;
  }
}

function tagsOf(type: EventType, event: object, extra: readonly string[] | undefined): readonly string[] | undefined {
  if (type.tagger === undefined) return extra;
  const own = type.tagger(event);
  const all = extra === undefined ? own : [...new Set([...own, ...extra])];
  return all.length === 0 ? undefined : all;
}

function run(step: () => object, type: string, from: number, to: number): EventData {
  let data: unknown;
  try {
    data = step();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DowncastError(type, from, to, reason, { cause });
  }
  if (typeof data === 'object' && data !== null) return data as EventData;
  throw new DowncastError(type, from, to, 'it gave no object');
}
