export type { Codec } from './codec.js';
export {
  CodecTypeConflictError,
  UndecodablePayloadError,
  UnencodableValueError,
  UnknownCodecTypeError,
} from './codec.errors.js';
export { CommitNotifier } from './commit-notifier.js';
export { versionHolds } from './expected-version.js';
export type { CodecClass, CodecTypeOptions } from './json/codec-types.js';
export { JsonCodec } from './json/json-codec.js';
export { MemoryStore, type MemoryStoreOptions } from './memory/memory-store.js';
export { assertEncoded } from './memory/payload-policy.js';
export { readRecordCursor, writeRecordCursor, type RecordOrder, type RecordPlace } from './record-cursor.js';
export {
  Store,
  type CommitBatch,
  type CommitNotice,
  type CommitResult,
  type DerivedRecord,
  type DirectStream,
  type EventShape,
  type ExpectedVersion,
  type NewEvent,
  type Payload,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type RecordWrite,
  type StoreCapabilities,
  type StoredEvent,
  type StoredRecord,
  type StreamAppend,
} from './store.js';
export {
  InvalidCursorError,
  PayloadNotEncodedError,
  RecordConflictError,
  StoreUnavailableError,
  VersionConflictError,
  type StoreUnavailableReason,
} from './store.errors.js';
