import { CatgaError } from '../foundation/index.js';

/** A handler took longer than its limit. What it does may still happen; its late answer is ignored. */
export class MessageTimeoutError extends CatgaError {
  readonly code = 'CATGA_MESSAGE_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(
    readonly messageName: string,
    readonly handler: string,
    /** The limit, in milliseconds. */
    readonly ms: number,
  ) {
    super(
      `${messageName} was not handled by ${handler} within ${ms} ms. Its effect may have happened: look before you send it again, or send it with an idempotency key. Give it more time with @Timeout.`,
      { details: { message: messageName, handler, ms } },
    );
  }
}
