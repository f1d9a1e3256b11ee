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
export { CatgaRedisModule, type CatgaRedisExtras, type CatgaRedisOptions } from './catga-redis.module.js';
export { CommitTooLargeError, InvalidNameError, RedisStore, type RedisStoreOptions } from './store/index.js';
export { RedisTransport, type RedisTransportOptions } from './transport/index.js';
export { RedisCoordination, RedisCoordinationError, type RedisCoordinationOptions } from './coordination/index.js';
