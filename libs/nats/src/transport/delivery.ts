/** What JetStream says of a message that it delivers; it is written into the subject for the acknowledgement. */
export interface Delivery {
  /** Deliveries of this message to this consumer, this one included. */
  readonly count: number;
  /** Number of the message in the stream. */
  readonly sequence: number;
  /** Number of the delivery by this consumer; a gap means that one was lost on the way. */
  readonly consumerSequence: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  /** Messages that the consumer has still to deliver. */
  readonly pending: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<consumer sequence>.<time>.<pending>`; newer servers may put
 * domain and account before the stream and a random word at the end.
 */
export function parseDelivery(reply: string): Delivery {
  const words = reply.split('.');
  const first = words.length > 9 ? 6 : 4;
  return {
    count: Number(words[first]),
    sequence: Number(words[first + 1]),
    consumerSequence: Number(words[first + 2]),
    // Nanoseconds; the last six digits are cut off before they are a number that cannot hold them.
    storedAt: Number((words[first + 3] ?? '0').slice(0, -6)),
    pending: Number(words[first + 4]),
  };
}
