/** What a service says about a call; services add details of their own. */
export interface RowDetails {
  /** What was asked for, e.g. `charge` or `refund`. */
  readonly kind: string;
  /** How it stands now, e.g. `charged`, later `refunded`. */
  readonly status: string;
  /** The order it belongs to. Stock that is put in belongs to none. */
  readonly orderId?: string;
}

/** A row as it is kept. */
export type LedgerRow<D extends RowDetails = RowDetails> = D & {
  /** The same for every repetition of one call; the row's key. */
  readonly idempotencyKey: string;
  /** How often it was asked for: more than 1 after a retry or a crash. The effect happened once. */
  readonly calls: number;
  /** When it was asked for first, ISO 8601. */
  readonly at: string;
};
