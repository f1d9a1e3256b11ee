import type { RecordWrite } from '../../store/index.js';
import type { EventNotes } from '../log/index.js';

/** Options of a save. */
export interface SaveOptions extends EventNotes {
  /** Records written in the same commit, e.g. an outbox. */
  readonly records?: readonly RecordWrite[] | undefined;
  /**
   * Makes the save safe to repeat: when something was stored under this id before, nothing is stored now. Use one id
   * for one intent, e.g. the idempotency key of the command with the name of the aggregate.
   */
  readonly id?: string | undefined;
}

/** Options of what is tried again after a conflict. */
export interface UpdateOptions extends SaveOptions {
  /** Tries in all before the conflict is given to the caller, a whole number from 1. Default 10. */
  readonly attempts?: number | undefined;
}

/** What a save did. */
export interface SaveResult {
  /** Version of the stream after it. */
  readonly version: number;
  /**
   * Position of the log after it, to wait for a projection with; undefined when there was nothing to save.
   */
  readonly position: number | undefined;
  /** True when something was stored under {@link SaveOptions.id} before, and nothing now. */
  readonly repeated: boolean;
}
