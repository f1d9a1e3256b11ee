import { nearestName } from '../../foundation/index.js';
import type { Codec, StoredEvent } from '../../store/index.js';
import { schemaVersionOf } from './event-metadata.js';
import type { UnknownEventPolicy } from './event-registry.options.js';
import type { EventType } from './event-type.js';
import {
  MissingUpcasterError,
  NewerEventVersionError,
  UnknownEventTypeError,
  UnreadableEventError,
  UpcastError,
} from './events.errors.js';
import type { EventData } from './payload-transform.js';
import { RawEvent, RecordedEvent } from './recorded-event.js';
import type { VersionStep, VersionSteps } from './version-steps.js';

/** How events of one stored name and version become instances of a class. */
interface Route {
  readonly type: EventType;
  readonly steps: readonly VersionStep[];
}

/** Why there is no route. */
type DeadEnd = (stored: StoredEvent) => Error;

/** Makes of a stored event an instance of its class again. */
export class EventReader {
  private readonly routes = new Map<string, (Route | DeadEnd)[]>();

  /** @param codec undefined on a store that keeps references */
  constructor(
    private readonly codec: Codec | undefined,
    private readonly types: ReadonlyMap<string, EventType>,
    private readonly upcasters: VersionSteps,
  ) {}

  /** Called when classes or upcasters were added. */
  forget(): void {
    if (this.routes.size > 0) this.routes.clear();
  }

  record(stored: StoredEvent, unknown: UnknownEventPolicy): RecordedEvent | undefined {
    const route = this.routeOf(stored.type, schemaVersionOf(stored.metadata));
    if (typeof route !== 'function') return new RecordedEvent(stored, this.event(stored, route));
    if (unknown === 'throw') throw route(stored);
    if (unknown === 'skip') return undefined;
    const version = schemaVersionOf(stored.metadata);
    return new RecordedEvent(stored, new RawEvent(stored.type, version, this.decode(stored)));
  }

  event(stored: StoredEvent, route = this.routeOf(stored.type, schemaVersionOf(stored.metadata))): object {
    if (typeof route === 'function') throw route(stored);
    const { type, steps } = route;
    const payload = this.decode(stored);
    if (typeof payload !== 'object' || payload === null) {
      throw new UnreadableEventError(stored.type, 'what was stored is no object', stored);
    }
    // Kept by reference, or by a codec that knows the class.
    if (steps.length === 0 && type.owns(payload)) return payload;
    let data = payload as EventData;
    for (const transform of type.transforms ?? []) data = transform.decode(data, type, stored);
    for (const step of steps) data = upcast(step, data, stored);
    return type.revive(data);
  }

  /** The class that a stored event becomes; undefined when there is none. */
  typeOf(stored: StoredEvent): EventType | undefined {
    const route = this.routeOf(stored.type, schemaVersionOf(stored.metadata));
    return typeof route === 'function' ? undefined : route.type;
  }

  missingSteps(): string[] {
    const missing: string[] = [];
    const look = (name: string, upTo: number): void => {
      for (let version = 1; version < upTo; version++) {
        if (this.upcasters.get(name, version) === undefined) missing.push(`"${name}" from version ${version}`);
      }
    };
    for (const type of this.types.values()) look(type.name, type.version);
    return missing;
  }

  private decode(stored: StoredEvent): unknown {
    if (this.codec === undefined) return stored.data;
    try {
      return this.codec.decode(stored.data as string | Uint8Array);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UnreadableEventError(stored.type, reason, stored, { cause });
    }
  }

  private routeOf(name: string, version: number): Route | DeadEnd {
    let versions = this.routes.get(name);
    if (versions === undefined) this.routes.set(name, (versions = []));
    return (versions[version] ??= this.findRoute(name, version));
  }

  private findRoute(name: string, version: number): Route | DeadEnd {
    const steps: VersionStep[] = [];
    const visited = new Set<string>();
    let at = { name, version };
    for (;;) {
      const type = this.types.get(at.name);
      if (type?.version === at.version) return { type, steps };
      const step = this.upcasters.get(at.name, at.version);
      const place = `${at.name} ${at.version}`;
      if (step === undefined || visited.has(place)) return this.deadEnd(at, type);
      visited.add(place);
      steps.push(step);
      at = { name: step.to, version: step.toVersion };
    }
  }

  private deadEnd({ name, version }: { name: string; version: number }, type: EventType | undefined): DeadEnd {
    if (type === undefined) {
      return (stored) => new UnknownEventTypeError(name, stored, nearestName(name, [...this.types.keys()]));
    }
    return (stored) =>
      version > type.version
        ? new NewerEventVersionError(name, version, type.version, stored)
        : new MissingUpcasterError(name, version, version + 1, stored);
  }
}

function upcast(step: VersionStep, data: EventData, stored: StoredEvent): EventData {
  const { type, from } = step;
  let result: unknown;
  try {
    result = step.run(data, { type, from, stream: stored.stream, at: stored.at });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UpcastError(type, from, reason, stored, { cause });
  }
  if (typeof result === 'object' && result !== null) return result as EventData;
  throw new UpcastError(type, from, 'it gave no object', stored);
}
