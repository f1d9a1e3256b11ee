import type { NatsLink, PublishAcks } from '../connection/index.js';
import type { JetStreamApi } from './jetstream-api.js';
import type { Names } from './names.js';
import type { NatsDeadLetters } from './nats-dead-letters.js';
import type { PackPublisher } from './packs/pack-publisher.js';
import type { StateRecords } from './state-records.js';

/** What the parts of an open transport work with. */
export interface TransportContext {
  readonly link: NatsLink;
  readonly acks: PublishAcks;
  readonly api: JetStreamApi;
  readonly names: Names;
  readonly packs: PackPublisher;
  readonly records: StateRecords;
  readonly letters: NatsDeadLetters;
  /** Partitions of messages with a key. */
  readonly partitions: number;
}
