import type { Payload } from '../store.js';
import type { StreamState } from '../stream-state.js';

/** An event in an image: type, data, time, position, tags, metadata. The end may be left out. */
export type ImageEvent = readonly [
  type: string,
  data: Payload,
  at: number,
  position: number,
  tags?: readonly string[] | null,
  metadata?: Payload,
];

/** A piece of what a memory store holds; all pieces in their order are the store. Plain data, apart from payloads. */
export type ImageRow =
  | { readonly kind: 'store'; readonly position: number; readonly recordsCreated: number }
  | { readonly kind: 'stream'; readonly stream: string; readonly gone: number; readonly state: StreamState }
  /** Events of the stream before, the next ones. */
  | { readonly kind: 'events'; readonly events: readonly ImageEvent[] }
  | {
      readonly kind: 'record';
      readonly collection: string;
      readonly key: string;
      /** Number in the order of creation. */
      readonly sequence: number;
      readonly version: number;
      readonly createdAt: number;
      readonly updatedAt: number;
      readonly value: Payload;
      readonly tags?: readonly string[];
      readonly dueAt?: number;
      readonly expiresAt?: number;
    };
