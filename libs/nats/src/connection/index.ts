export { NATS_CONNECTION_OPTIONS, type NatsConnectionOptions, type NatsTlsOptions } from './nats-connection.options.js';
export { NatsConnections } from './nats-connections.js';
export { NatsLink, type LinkEvent } from './nats-link.js';
export {
  JetStreamError,
  MessageTooLargeError,
  NatsUnavailableError,
  type NatsUnavailableReason,
} from './nats.errors.js';
export { PublishAcks, type PublishAck, type PublishAckOptions } from './publish-acks.js';
export { atLeast, featuresOf, parseVersion, type ServerFeatures } from './server-version.js';
