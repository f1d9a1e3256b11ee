import type { Codec, Payload, Store } from '../../store/index.js';
import { sameValue } from './same-value.js';

/** How the values of one process get into the store and back. */
export interface Values {
  /** False on a store that keeps references: values are handed on as they are. */
  readonly encoded: boolean;
  encode(value: unknown): Payload;
  decode(payload: Payload): unknown;
  /** Bytes, roughly; 0 where nothing is encoded. */
  size(payload: Payload): number;
  /** Identifies encoded arguments; undefined where nothing is encoded. */
  hash(payload: Payload): string | undefined;
  /** Do the arguments of today's call mean the same as the recorded ones? */
  same(recorded: Payload, recordedHash: string | undefined, current: Payload): boolean;
}

/** Values of a store that wants text or bytes. A first run sees what a replay sees: a decoded copy. */
class EncodedValues implements Values {
  readonly encoded = true;
  constructor(private readonly codec: Codec) {}
  encode(value: unknown): Payload {
    return this.codec.encode(value);
  }
  decode(payload: Payload): unknown {
    return payload === '' || payload === null || payload === undefined
      ? undefined
      : this.codec.decode(payload as string | Uint8Array);
  }
  size(payload: Payload): number {
    return (payload as string | Uint8Array).length;
  }
  hash(payload: Payload): string {
    return hashOf(payload as string | Uint8Array);
  }
  same(recorded: Payload, recordedHash: string | undefined, current: Payload): boolean {
    if (recordedHash === this.hash(current)) return true;
    // Another order of properties is another text and the same value.
    return sameValue(this.decode(recorded), this.decode(current));
  }
}

/** Values of a store in memory that keeps the caller's own. */
const referenceValues: Values = {
  encoded: false,
  encode: (value) => value,
  decode: (payload) => payload,
  size: () => 0,
  hash: () => undefined,
  same: (recorded, _hash, current) => sameValue(recorded, current),
};

/** The way values of a process with this codec are kept in that store. */
export function valuesFor(store: Store, codec: Codec): Values {
  return store.capabilities.payload === 'reference' ? referenceValues : new EncodedValues(codec);
}

const { imul } = Math;

/** 64 bits of FNV-1a in two halves: not for secrets, far more than enough to see that arguments have changed. */
export function hashOf(data: string | Uint8Array): string {
  // Small integers from the start, and one kind of data in the loop: that halves its time.
  const text = typeof data === 'string' ? data : undefined;
  const bytes = data as Uint8Array;
  let low = 0x811c9dc5 | 0;
  let high = 0x1b873593;
  for (let i = 0; i < data.length; i++) {
    const unit = text === undefined ? (bytes[i] as number) : text.charCodeAt(i);
    low = imul(low ^ unit, 0x01000193);
    high = imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36);
}
