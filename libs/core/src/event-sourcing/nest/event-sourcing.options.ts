import { assertKnownOptions, InvalidOptionError } from '../../foundation/index.js';
import { messageName, type Type } from '../../messages/index.js';
import { resolvePrivacyOptions, type PrivacyOptions } from '../privacy/index.js';
import { resolveSnapshotWriterOptions, type SnapshotWriterOptions } from '../snapshots/index.js';

/** Options of event sourcing: `CatgaModule.forRoot({ eventSourcing })`. */
export interface EventSourcingOptions {
  /**
   * Classes of events that are read and that nothing else names: events of aggregates, projections and
   * upcasters are known already, and so is every event that was appended since the start.
   */
  readonly events?: readonly Type<object>[] | undefined;
  /**
   * Versions to write events in while older programs that know only these still run, by wire name. Needs `@Downcast`.
   * Default: every event in the version of its class.
   *
   * @example `{ 'order-placed': 1 }`
   */
  readonly writeAs?: Readonly<Record<string, number>> | undefined;
  /** How snapshots of aggregates are written; when they are is said by each aggregate. */
  readonly snapshots?: SnapshotWriterOptions | undefined;
  /** Master keys for personal data. Without it an event class with `@PersonalData` is refused. */
  readonly privacy?: PrivacyOptions | undefined;
}

/** {@link EventSourcingOptions} checked, with every default filled in. */
export type ResolvedEventSourcingOptions = ReturnType<typeof resolveEventSourcingOptions>;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {UnknownOptionError} naming the nearest known option
 * @throws {InvalidOptionError}
 */
export function resolveEventSourcingOptions(options: EventSourcingOptions = {}) {
  assertKnownOptions('eventSourcing', options, ['events', 'writeAs', 'snapshots', 'privacy']);
  return {
    events: eventsOf(options.events),
    writeAs: writeAsOf(options.writeAs),
    snapshots: resolveSnapshotWriterOptions(options.snapshots),
    privacy: options.privacy === undefined ? undefined : resolvePrivacyOptions(options.privacy),
  };
}

function eventsOf(events: readonly Type<object>[] = []): readonly Type<object>[] {
  if (!Array.isArray(events)) throw new InvalidOptionError('eventSourcing.events', events, 'a list of event classes');
  const wrong: unknown = events.find((one) => typeof one !== 'function' || messageName(one) === '');
  if (wrong === undefined) return events;
  throw new InvalidOptionError('eventSourcing.events', wrong, 'event classes only: [OrderPlaced, OrderShipped]');
}

function writeAsOf(versions: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  for (const [name, version] of Object.entries(versions)) {
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new InvalidOptionError(`eventSourcing.writeAs['${name}']`, version, 'a version, a whole number from 1');
    }
  }
  return versions;
}
