import type { Duration } from '@catga/core';
import type { NatsConnectionOptions } from '../connection/index.js';

/** Options of {@link NatsTransport}, beside where NATS is. */
export interface NatsTransportOptions extends NatsConnectionOptions {
  /**
   * Nodes with the same name reach each other; it begins the names of the streams and subjects. Letters, digits, `_`
   * and `-`. Default `catga`.
   */
  readonly name?: string;
  /** Servers of the cluster that hold each message; 1, 3 or 5. Default 1. Counts when the streams are made. */
  readonly replicas?: number;
  /**
   * Partitions of messages with a key. Each is read by one node at a time, so it is the most nodes that share the
   * messages of one subscription. Fixed when the transport is used for the first time. Default 8.
   */
  readonly partitions?: number;
  /** For how long a message published twice with QoS 2 is recognised. The server holds these ids in memory. Default `'2m'`. */
  readonly deduplicationWindow?: Duration;
  /** Bytes that waiting messages may take on the server; beyond, publishing is refused. Default: what the server allows. */
  readonly maxWaitingBytes?: number;
  /** Newest messages that are kept of a subject without any subscription, for `startFrom: 'oldest'`. Default 10,000. */
  readonly keepUnsubscribed?: number;
  /** How often messages that every subscription has handled are removed. Default `'10s'`. */
  readonly trimInterval?: Duration;
  /** How long `publish` waits for the server to say that a message is stored. Default `'10s'`. */
  readonly publishTimeout?: Duration;
  /** How long `close` waits for handlers before it aborts them. Default `'10s'`. */
  readonly drainTimeout?: Duration;
}
