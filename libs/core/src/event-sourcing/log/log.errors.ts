import { CatgaError, type CatgaErrorOptions } from '../../foundation/index.js';

/** An append to a stream whose name belongs to the process engine. Nothing was appended. */
export class ReservedStreamError extends CatgaError {
  readonly code = 'CATGA_RESERVED_STREAM';
  readonly kind = 'request';
  constructor(readonly stream: string) {
    super(
      `Stream "${stream}" cannot be written: names beginning with "process-" are journals of processes. Choose another category, e.g. "processing-".`,
      { details: { stream } },
    );
  }
}

/** A subscription is beyond the end of the log: the log has lost events, or is another one. */
export class LogBehindError extends CatgaError {
  readonly code = 'CATGA_LOG_BEHIND';
  readonly kind = 'internal';
  constructor(
    readonly subscription: string,
    readonly checkpoint: number,
    readonly last: number,
  ) {
    super(
      `${subscription} has handled events up to position ${checkpoint}, and the log ends at ${last}. It has lost events, e.g. by being restored from a backup, or it is another log. Find out which; then restore both from one moment, or rebuild what was made of the events from the start.`,
      { details: { subscription, checkpoint, last } },
    );
  }
}

/** Somebody waits for a subscription that has ended. */
export class SubscriptionEndedError extends CatgaError {
  readonly code = 'CATGA_SUBSCRIPTION_ENDED';
  readonly kind = 'request';
  constructor(subscription: string, position: number, options?: CatgaErrorOptions) {
    super(
      `${subscription} has ended at position ${position}${options?.cause === undefined ? ' because it was stopped' : '; the cause tells why'}. Subscribe again from there.`,
      { ...options, details: { subscription, position } },
    );
  }
}

/** A subscription did not get as far as somebody waits for, in the time that was given. */
export class SubscriptionTimeoutError extends CatgaError {
  readonly code = 'CATGA_SUBSCRIPTION_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(subscription: string, wanted: number, position: number, timeout: number) {
    super(
      `${subscription} was at position ${position} and not at ${wanted} after ${timeout} ms. It goes on; wait longer, or answer without it.`,
      { details: { subscription, wanted, position, timeout } },
    );
  }
}
