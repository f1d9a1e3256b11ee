import type { ExpectedVersion } from './expected-version.js';

/**
 * - `open`: like every stream that nobody has closed.
 * - `archived`: read with `readStream` as before, but refuses appends and is left out of `readAll`.
 * - `deleted`: refuses appends; neither `readStream` nor `readAll` gives its events, which are kept all the same.
 *
 * `readAll({ closed: true })` gives the events of archived and deleted streams too.
 */
export type StreamState = 'open' | 'archived' | 'deleted';

/** What is known of a stream. */
export interface StreamInfo {
  readonly stream: string;
  /** Version of the last event ever appended; truncating does not change it. */
  readonly version: number;
  /** Version of the oldest event that is still there; `version + 1` when none is. */
  readonly firstVersion: number;
  readonly state: StreamState;
}

/** What a commit does to a stream apart from appending to it. A change of a stream that is not there does nothing. */
export interface StreamChange {
  readonly stream: string;
  /** What must hold for the stream. Default `any`. */
  readonly expectedVersion?: ExpectedVersion;
  /** Removes the events below this version for good. The versions and positions of the others stay. */
  readonly truncateBefore?: number;
  /** Closes the stream, or reopens it. Default: as it is. */
  readonly state?: StreamState;
}
