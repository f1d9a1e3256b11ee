import type { StreamState } from '../stream-state.js';

/** What may happen to a stream apart from appends. Nearly all streams share {@link OPEN}, so it costs them one word. */
export interface StreamLife {
  readonly state: StreamState;
  /** True once the stream was removed from the store; who still holds it may push, nobody will read it. */
  readonly removed: boolean;
  /** Events that were truncated: versions up to this one are gone. */
  readonly gone: number;
}

/** A stream to which nothing has happened. */
export const OPEN: StreamLife = Object.freeze({ state: 'open', removed: false, gone: 0 });

/** A stream that is no longer there. */
export const REMOVED: StreamLife = Object.freeze({ ...OPEN, removed: true });
