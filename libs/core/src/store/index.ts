export type { Codec } from './codec.js';
export {
  CodecTypeConflictError,
  UndecodablePayloadError,
  UnencodableValueError,
  UnknownCodecTypeError,
} from './codec.errors.js';
export { CommitNotifier } from './commit-notifier.js';
export {
  eventMatcher,
  queryFilters,
  streamCategory,
  type EventFilter,
  type EventQuery,
  type QueriedEvent,
} from './event-query.js';
export { versionHolds, type ExpectedVersion } from './expected-version.js';
export type { CodecClass, CodecTypeOptions } from './json/codec-types.js';
export { JsonCodec } from './json/json-codec.js';
export type { ImageEvent, ImageRow } from './memory/image-row.js';
export { MemoryStore, type MemoryStoreOptions } from './memory/memory-store.js';
export { assertEncoded } from './memory/payload-policy.js';
export { readRecordCursor, writeRecordCursor, type RecordOrder, type RecordPlace } from './record-cursor.js';
export {
  Store,
  type AppendCondition,
  type CommitBatch,
  type CommitNotice,
  type CommitResult,
  type DerivedRecord,
  type DirectStream,
  type EventShape,
  type LogPage,
  type NewEvent,
  type Payload,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type RecordWrite,
  type StoreCapabilities,
  type StoreWarning,
  type StoredEvent,
  type StoredRecord,
  type StreamAppend,
  type StreamPayloads,
} from './store.js';
export {
  AppendConditionError,
  InvalidCursorError,
  PayloadNotEncodedError,
  RecordConflictError,
  StoreUnavailableError,
  StreamClosedError,
  VersionConflictError,
  type StoreUnavailableReason,
} from './store.errors.js';
export type { StreamChange, StreamInfo, StreamState } from './stream-state.js';
