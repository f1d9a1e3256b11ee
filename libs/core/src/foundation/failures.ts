/**
 * A refusal of the business: out of stock, card declined. Never retried: the same question gets the same answer.
 * Subclass it for refusals that callers tell apart, or give a `code`.
 *
 * @example
 * ```ts
 * throw new DomainError('Card was declined', { code: 'CARD_DECLINED' });
 * ```
 */
export class DomainError extends Error {
  /** What callers tell refusals apart by. Default `DOMAIN_ERROR`. */
  readonly code: string;
  constructor(message: string, options: ErrorOptions & { code?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code ?? 'DOMAIN_ERROR';
  }
}

/** A failure of any kind that trying again cannot mend. Never retried. */
export class NonRetriableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A failure that says when to try again; takes the place of the configured backoff. */
export class RetryAfterError extends Error {
  /** Milliseconds from now until the next attempt. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter: number, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.retryAfter = retryAfter;
  }
}
