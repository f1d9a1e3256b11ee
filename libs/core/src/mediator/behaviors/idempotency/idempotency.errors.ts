import { CatgaError } from '../../../foundation/index.js';

/** The same intent is being handled right now, and it did not end while the repetition waited. */
export class IdempotencyInProgressError extends CatgaError {
  readonly code = 'CATGA_IDEMPOTENCY_IN_PROGRESS';
  readonly kind = 'request';
  constructor(message: string, key: string) {
    super(
      `${message} with the idempotency key "${key}" is still being handled. Send it again with the same key in a moment: it gets the first answer.`,
      { details: { message, key } },
    );
  }
}

/** One idempotency key was used for two different messages. */
export class IdempotencyKeyReusedError extends CatgaError {
  readonly code = 'CATGA_IDEMPOTENCY_KEY_REUSED';
  readonly kind = 'request';
  constructor(message: string, key: string) {
    super(
      `The idempotency key "${key}" was used for another ${message} before, with other content. A key stands for one intent: make a new one for a new intent.`,
      { details: { message, key } },
    );
  }
}

/** The first answer could not be kept, so a repetition cannot get it; the handler is not run again. */
export class IdempotentAnswerLostError extends CatgaError {
  readonly code = 'CATGA_IDEMPOTENT_ANSWER_LOST';
  readonly kind = 'internal';
  constructor(message: string, key: string, reason: string) {
    super(
      `${message} with the idempotency key "${key}" was handled, but its answer could not be kept: ${reason} Return plain data, or register the class with the codec.`,
      { details: { message, key } },
    );
  }
}
