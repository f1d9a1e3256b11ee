import type { MessageContext } from '@catga/core';

/** What repetitions of a call have in common. A command sent outside of a process without a key is a call of its own. */
export function callKey(context: MessageContext): string {
  return context.idempotencyKey ?? context.messageId;
}
