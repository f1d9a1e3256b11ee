import type { IncomingMessage } from '@catga/core';
import type { AbortGroup } from './abort-group.js';

/** One message on its way through a member. */
export interface Task {
  readonly signals: AbortGroup;
  /** Called right before the handler; nothing when the message is not ours any more. */
  begin(): IncomingMessage | undefined;
  /** The handler resolved. */
  done(): void;
  /** It failed, and is tried again after so many milliseconds. */
  again(delay: number): void;
  /** It failed for good and lies with the dead letters. */
  buried(): void;
  /** Somebody else has it, or will: whatever comes of the handler does not count. */
  readonly isLost: boolean;
}
