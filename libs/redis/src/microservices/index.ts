// Entry point `@catga/redis/microservices`: apart from the main one, which must load without @nestjs/microservices.
export { CatgaRedisClient, type CatgaRedisClientOptions } from './catga-redis-client.js';
export { CATGA_REDIS, CatgaRedisServer, type CatgaRedisServerOptions } from './catga-redis-server.js';
export type { RedisStrategyOptions } from './redis-strategy.options.js';
