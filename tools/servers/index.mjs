// Real servers for tests: started on 127.0.0.1 with data folders of their own, and ended with the process that started
// them. The types and what each function promises are in `index.d.mts`.
export { startNats } from './nats.mjs';
export { startNatsCluster } from './nats-cluster.mjs';
export { NoServersError } from './no-servers.mjs';
export { freePort } from './ports.mjs';
export { startProxy } from './proxy.mjs';
export { startRedisCluster } from './redis-cluster.mjs';
export { startRedis } from './redis.mjs';
export { natsPrograms, natsServers, redisPrograms, redisServers } from './running.mjs';
export { startSharedServers } from './shared.mjs';
