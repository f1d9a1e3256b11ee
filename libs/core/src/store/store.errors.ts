import { CatgaError, type CatgaErrorOptions } from '../foundation/index.js';
import type { ExpectedVersion } from './expected-version.js';
import type { StreamState } from './stream-state.js';

/** The stream is not at the version the writer expected: somebody else has written. */
export class VersionConflictError extends CatgaError {
  readonly code = 'CATGA_VERSION_CONFLICT';
  readonly kind = 'request';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedVersion,
    readonly actual: number,
  ) {
    super(
      `Stream "${stream}" is at version ${actual}, not at ${expected}. Somebody else has appended to it: read it again, decide again, append again.`,
      { details: { stream, expected, actual } },
    );
  }
}

/** The record is not at the version the writer expected. */
export class RecordConflictError extends CatgaError {
  readonly code = 'CATGA_RECORD_CONFLICT';
  readonly kind = 'request';
  constructor(
    readonly collection: string,
    readonly key: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(
      `Record "${collection}/${key}" is at version ${actual}, not at ${expected}. Somebody else has written it: read it again and decide again.`,
      { details: { collection, key, expected, actual } },
    );
  }
}

/** Somebody has appended an event that may change the decision, see `AppendCondition`. Nothing was written. */
export class AppendConditionError extends CatgaError {
  readonly code = 'CATGA_APPEND_CONDITION';
  readonly kind = 'request';
  constructor(
    /** Index in `CommitBatch.conditions`. */
    readonly condition: number,
    readonly after: number,
    /** Position of a matching event. */
    readonly position: number,
  ) {
    super(
      `The event at position ${position} matches condition ${condition} of the commit, which allows none after ${after}. Somebody else has appended it: read the events of the query again, decide again, append again.`,
      { details: { condition, after, position } },
    );
  }
}

/** An append to an archived or deleted stream. Nothing was written. */
export class StreamClosedError extends CatgaError {
  readonly code = 'CATGA_STREAM_CLOSED';
  readonly kind = 'request';
  constructor(
    readonly stream: string,
    readonly state: Exclude<StreamState, 'open'>,
  ) {
    super(
      `Stream "${stream}" is ${state} and takes no events. Append to another stream, or reopen it in a commit before or in the same one: streams: [{ stream: '${stream}', state: 'open' }].`,
      { details: { stream, state } },
    );
  }
}

/** Why a store is away. */
export type StoreUnavailableReason =
  | 'closed'
  | 'damaged'
  | 'disk-full'
  | 'read-only'
  | 'newer-schema'
  | 'foreign-file'
  | 'locked'
  | 'connection'
  /** The store has forgotten what it had said was safe: restored, deleted, or taken over by a copy that was behind. */
  | 'data-loss'
  /** Settings of the server put data at risk, and the store was told to be strict about it. */
  | 'unsafe-settings'
  | 'unknown';

/** The store cannot be used now. Nothing acknowledged is lost; what waited was not written. */
export class StoreUnavailableError extends CatgaError {
  readonly code: string;
  readonly kind = 'infrastructure';
  constructor(
    readonly reason: StoreUnavailableReason,
    message: string,
    options?: CatgaErrorOptions,
  ) {
    super(message, options);
    this.code = `CATGA_STORE_${reason.toUpperCase().replaceAll('-', '_')}`;
  }
}

/** A store of text and bytes was given something else. */
export class PayloadNotEncodedError extends CatgaError {
  readonly code = 'CATGA_PAYLOAD_NOT_ENCODED';
  readonly kind = 'internal';
  constructor(store: string, where: string, value: unknown) {
    super(
      `Store "${store}" keeps text and bytes, but ${where} is ${value === null ? 'null' : `a value of type ${typeof value}`}. Encode it with a Codec first.`,
      { details: { store, where } },
    );
  }
}

/** A page was asked for with a cursor that no page of this query can have given. */
export class InvalidCursorError extends CatgaError {
  readonly code = 'CATGA_INVALID_CURSOR';
  readonly kind = 'request';
  constructor(cursor: string, order: string) {
    super(
      `"${cursor}" is not a cursor of a query in the order "${order}". Give the cursor of the page before, with the same query, or none to start again.`,
      { details: { cursor, order } },
    );
  }
}
