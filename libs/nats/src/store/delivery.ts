/** Where and when a message was kept; JetStream writes it into the reply subject of every delivery. */
export interface Delivery {
  /** Number of the message in its stream. */
  readonly sequence: number;
  /** Number of the message for this consumer, from 1, without a gap. */
  readonly consumerSequence: number;
  /** When it was kept, by the server's clock. Milliseconds since 1970. */
  readonly time: number;
  /** Messages that this consumer is still to get. */
  readonly pending: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>`, or the newer form with
 * domain and account in front of the stream. Undefined when it is neither.
 */
export function parseDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  const first = tokens.length === 9 ? 5 : 7;
  if (tokens[1] !== 'ACK' || tokens.length < 9 || (first === 7 && tokens.length < 11)) return undefined;
  return {
    sequence: Number(tokens[first]),
    consumerSequence: Number(tokens[first + 1]),
    // Nanoseconds are beyond what a number holds exactly.
    time: Number((tokens[first + 2] as string).slice(0, -6)),
    pending: Number(tokens[first + 3]),
  };
}
