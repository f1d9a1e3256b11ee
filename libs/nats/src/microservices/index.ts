// Entry point `@catga/nats/microservices`: apart from the main one, which must load without @nestjs/microservices.
export { CatgaNatsClient, type CatgaNatsClientOptions } from './catga-nats-client.js';
export { CATGA_NATS, CatgaNatsServer, type CatgaNatsServerOptions } from './catga-nats-server.js';
export type { NatsStrategyOptions } from './nats-strategy.options.js';
