export {
  atLeast,
  featuresOf,
  JetStreamError,
  MessageTooLargeError,
  NATS_CONNECTION_OPTIONS,
  NatsConnections,
  NatsLink,
  NatsUnavailableError,
  parseVersion,
  PublishAcks,
  type LinkEvent,
  type NatsConnectionOptions,
  type NatsTlsOptions,
  type NatsUnavailableReason,
  type PublishAck,
  type PublishAckOptions,
  type ServerFeatures,
} from './connection/index.js';
export { CommitTooLargeError, NatsStore, type NatsSnapshotOptions, type NatsStoreOptions } from './store/index.js';
export { CatgaNatsModule, type CatgaNatsExtras, type CatgaNatsOptions } from './catga-nats.module.js';
export { NatsTransport, type NatsTransportOptions } from './transport/index.js';
