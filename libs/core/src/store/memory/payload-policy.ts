import type { CommitBatch, Payload } from '../store.js';
import { PayloadNotEncodedError } from '../store.errors.js';
import { deepFreeze } from './deep-freeze.js';

/** What happens to payloads on their way into and out of a memory store. */
export interface PayloadPolicy {
  /**
   * Throws when the batch holds something the store does not keep. Called before anything is applied.
   *
   * @throws {PayloadNotEncodedError}
   */
  check(batch: CommitBatch): void;
  /** The value to keep. */
  take(value: Payload): Payload;
  /** The value for a reader. */
  give(value: Payload): Payload;
}

/** Keeps the caller's own objects. */
export function referencePolicy(freeze: boolean): PayloadPolicy {
  const keep = (value: Payload): Payload => value;
  const frozen = (value: Payload): Payload => {
    deepFreeze(value);
    return value;
  };
  return { check: () => undefined, take: freeze ? frozen : keep, give: keep };
}

/** Keeps text and copies of bytes; what a reader gets is a copy again. */
export function copyPolicy(store: string): PayloadPolicy {
  const copy = (value: Payload): Payload => (typeof value === 'string' ? value : copyBytes(value as Uint8Array));
  return { check: (batch) => assertEncoded(store, batch), take: copy, give: copy };
}

/** Not `slice`: that of a Buffer shares its memory. */
function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/**
 * Throws unless everything in the batch is text or bytes. For authors of stores with `payload: 'encoded'`.
 *
 * @throws {PayloadNotEncodedError}
 */
export function assertEncoded(store: string, batch: CommitBatch): void {
  for (const { stream, events } of batch.appends ?? []) {
    for (const { type, data, metadata } of events) {
      if (!isEncoded(data)) throw new PayloadNotEncodedError(store, `data of event "${type}" for "${stream}"`, data);
      if (metadata !== undefined && !isEncoded(metadata)) {
        throw new PayloadNotEncodedError(store, `metadata of event "${type}" for "${stream}"`, metadata);
      }
    }
  }
  for (const { collection, key, value } of batch.records ?? []) {
    if (value !== undefined && !isEncoded(value)) {
      throw new PayloadNotEncodedError(store, `record "${collection}/${key}"`, value);
    }
  }
}

function isEncoded(value: Payload): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}
