export {
  RedisAuthError,
  RedisClosedError,
  RedisConnection,
  RedisConnections,
  RedisUnavailableError,
  type ConnectionSettings,
  type RedisArgument,
  type RedisClient,
  type RedisConnectionOptions,
  type RedisConnectionStatus,
  type RedisNode,
} from './connection/index.js';
