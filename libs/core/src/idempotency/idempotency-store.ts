/** What is known about one intent. The fingerprint is a short mark of its content. */
export type IdempotencyState =
  /** Somebody handles it. */
  | { readonly status: 'running'; readonly fingerprint?: string }
  | (IdempotencyOutcome & { readonly fingerprint?: string });

/** How the handling of an intent ended, to be kept. */
export type IdempotencyOutcome =
  /** The first answer, encoded. */
  | { readonly status: 'done'; readonly answer: string | Uint8Array }
  /** It was handled, but the answer cannot be encoded. */
  | { readonly status: 'lost'; readonly reason: string };

/** A right to handle an intent; what gave it knows more about it. */
export interface IdempotencyClaim {
  readonly id: string;
  readonly fingerprint?: string;
}

/**
 * First answers by idempotency key, and who is about to make one. The mediator's `IdempotencyBehavior` uses it; inject it by
 * this class for HTTP endpoints or consumers of your own.
 *
 * An intent is claimed, handled, completed; or released, so that a repetition handles it. A claim that is not renewed ends
 * by itself. Once completed, an answer does not change until it is forgotten.
 *
 * @example
 * ```ts
 * const claim = await idempotency.claim(`import|${file}`, undefined, 30_000);
 * if (claim === undefined) return; // somebody was first
 * await importFile(file);
 * await idempotency.complete(claim, { status: 'done', answer: 'imported' }, 86_400_000);
 * ```
 */
export abstract class IdempotencyStore {
  /** Undefined: nobody has it, or whoever had it is dead. */
  abstract read(id: string): Promise<IdempotencyState | undefined>;

  /**
   * Takes an intent that nobody has.
   *
   * @param lease milliseconds until others may take it, if it is not renewed
   * @returns undefined when somebody else was first
   */
  abstract claim(id: string, fingerprint: string | undefined, lease: number): Promise<IdempotencyClaim | undefined>;

  /** Prolongs a claim; false when it was lost. @param lease milliseconds */
  abstract renew(claim: IdempotencyClaim, lease: number): Promise<boolean>;

  /**
   * Keeps the outcome.
   *
   * @param keepFor milliseconds
   * @returns false when the claim was lost meanwhile, and another answer may be kept
   */
  abstract complete(claim: IdempotencyClaim, outcome: IdempotencyOutcome, keepFor: number): Promise<boolean>;

  /** Gives an intent back that was not handled. Does nothing when the claim was lost. */
  abstract release(claim: IdempotencyClaim): Promise<void>;

  /**
   * Waits until an intent is no longer running: it is done, given back, or its owner is dead and its claim over.
   *
   * @param limit milliseconds to wait at most
   */
  abstract settled(id: string, limit: number): Promise<void>;
}
