import { CatgaError, type CatgaErrorOptions } from '../foundation/index.js';
import type { ExpectedVersion } from './store.js';

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
