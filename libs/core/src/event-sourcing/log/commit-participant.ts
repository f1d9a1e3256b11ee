import type { MaybePromise } from '../../foundation/index.js';
import type { RecordWrite } from '../../store/index.js';
import type { RecordedEvent } from '../events/index.js';
import type { LogCommit } from './event-log.types.js';

/**
 * Adds record writes to the commits of events, so that both are one fact: how inline projections work.
 *
 * Give the records that were read an `ifVersion`: when somebody else has written one of them meanwhile, the participant
 * is asked again and the commit tried again, up to 20 times.
 */
export interface CommitParticipant {
  /** For messages. */
  readonly name: string;
  /** Whether events of this wire name concern it. A commit without such an event does not even call it. */
  wants(type: string): boolean;
  /**
   * What to write with these events. They have their version and time, but no position yet: it is 0. A rejection fails
   * the commit; then neither events nor records are written.
   *
   * @param events those of the commit that it wants, in order
   */
  prepare(events: readonly RecordedEvent[], batch: LogCommit): MaybePromise<readonly RecordWrite[]>;
}
