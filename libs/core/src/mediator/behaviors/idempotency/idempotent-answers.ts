import { createHash } from 'node:crypto';
import type { IdempotencyOutcome, IdempotencyState } from '../../../idempotency/index.js';
import { UnencodableValueError, type Codec } from '../../../store/index.js';

/** Between answers and what is kept of them. */
export class IdempotentAnswers {
  constructor(private readonly codec: Codec) {}

  /** What is kept of an answer. */
  outcomeOf(answer: unknown): IdempotencyOutcome {
    try {
      return { status: 'done', answer: this.codec.encode(answer) };
    } catch (error) {
      if (!(error instanceof UnencodableValueError)) throw error;
      return { status: 'lost', reason: error.message };
    }
  }

  /** The first answer. */
  answerOf({ answer }: Extract<IdempotencyState, { status: 'done' }>): unknown {
    return this.codec.decode(answer);
  }

  /** A short mark of the content of a message; undefined when it cannot be encoded. */
  fingerprint(message: object): string | undefined {
    try {
      return createHash('sha256').update(this.codec.encode(message)).digest('base64url').slice(0, 22);
    } catch (error) {
      if (error instanceof UnencodableValueError) return undefined;
      throw error;
    }
  }
}
