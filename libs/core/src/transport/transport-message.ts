/**
 * Quality of service: 0 at most once, 1 at least once, 2 effectively once (publisher de-duplication here, an inbox in
 * the layer above). See `Transport` for what each promises.
 */
export type QoS = 0 | 1 | 2;

/** A message as a transport carries it. */
export interface TransportMessage {
  /** Chosen once by the producer; the same over repetitions, redelivery, dead letters and replay. */
  readonly id: string;
  /**
   * Where it goes: words of letters, digits, `_` and `-`, with dots between them. Subscriptions name it exactly;
   * there are no wildcards.
   */
  readonly subject: string;
  /**
   * Messages of one subscription with the same key are handled one after the other, in the order in which they were
   * published, also when one is tried again. Left out: in any order.
   */
  readonly key?: string;
  /** Text beside the body. Names are lower case; values hold no line break. Those that begin with `catga-` are ours. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A message as a subscriber gets it. */
export interface IncomingMessage extends TransportMessage {
  readonly headers: Readonly<Record<string, string>>;
  /** Text comes back as text, bytes as bytes. */
  readonly body: string | Uint8Array;
  /** When it was published, by the clock of the broker if it has one. Milliseconds since 1970. */
  readonly publishedAt: number;
  /** 1 when it is handled for the first time. A member that died may have counted one that it never began. */
  readonly attempt: number;
}

/** The answer to a request. */
export interface Reply {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}
