export type { EventList } from './event-list.js';
export { EventRegistry } from './event-registry.js';
export type { EventRegistryOptions, UnknownEventPolicy } from './event-registry.options.js';
export {
  sharedMetadata,
  type EventContext,
  type EventMetadata,
  type EventMetadataInput,
  type SharedMetadata,
} from './event-metadata.js';
export { EventTags, eventTagger, type EventTagger } from './event-tags.decorator.js';
export { EventType } from './event-type.js';
export {
  DowncastError,
  DuplicateUpcasterError,
  EventTypeConflictError,
  MissingUpcasterError,
  NewerEventVersionError,
  NotAnEventError,
  UnknownEventTypeError,
  UnnamedEventError,
  UnreadableEventError,
  UpcastError,
} from './events.errors.js';
export type { WireEvent } from './event-wire.js';
export type { DescribedEventType, EventData, PayloadTransform } from './payload-transform.js';
export { RawEvent, RecordedEvent } from './recorded-event.js';
export { declaredSteps, Downcast, Upcast, VERSION_STEPS } from './upcast.decorator.js';
export type { Downcaster, Upcaster, UpcastTarget, VersionStepContext } from './version-steps.js';
