export { CONNECTION_OPTIONS, type RedisConnectionOptions, type RedisNode } from './connection.options.js';
export { optionName, type ConnectionSettings } from './connection-settings.js';
export {
  isAuthFailure,
  isConnectionFailure,
  isPassingRefusal,
  messageOf,
  reasonOf,
  RedisAuthError,
  RedisClosedError,
  RedisUnavailableError,
  wasNotSent,
  withoutDot,
} from './connection.errors.js';
export type { RedisClient } from './create-client.js';
export { RedisConnection, type RedisArgument, type RedisConnectionStatus } from './redis-connection.js';
export { RedisConnections } from './redis-connections.js';
