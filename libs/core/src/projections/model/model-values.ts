import type { Codec, Payload, Store } from '../../store/index.js';

/** How the values of read models get into the store and back. */
export interface ModelValues {
  encode(value: unknown): Payload;
  decode(payload: Payload): unknown;
}

const asTheyAre: ModelValues = { encode: (value) => value, decode: (payload) => payload };

/** Values of a store: through the codec where it keeps text or bytes, as they are where it keeps references. */
export function modelValues(store: Store, codec: Codec): ModelValues {
  if (store.capabilities.payload === 'reference') return asTheyAre;
  return {
    encode: (value) => codec.encode(value),
    decode: (payload) => codec.decode(payload as string | Uint8Array),
  };
}

/** The framework's own notes: JSON that every node reads, whatever codec the application has. */
export function noteValues(store: Store): ModelValues {
  if (store.capabilities.payload === 'reference') return asTheyAre;
  return {
    encode: (value) => JSON.stringify(value),
    decode: (payload) => JSON.parse(payload as string) as unknown,
  };
}
