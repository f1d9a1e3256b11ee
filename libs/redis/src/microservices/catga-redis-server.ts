import { assertKnownOptions } from '@catga/core';
import { CatgaServer, SERVER_OPTIONS, splitOptions, type ServerOptions } from '@catga/core/microservices';
import { transportOf, TRANSPORT_NAMES, type RedisStrategyOptions } from './redis-strategy.options.js';

/** Options of {@link CatgaRedisServer}: those of the strategy, and where Redis is or a transport that is there already. */
export type CatgaRedisServerOptions = ServerOptions & RedisStrategyOptions;

/**
 * The transport of `@EventPattern` and `@MessagePattern` for methods that only Redis is to have.
 *
 * @example `@EventPattern('order-placed', CATGA_REDIS)`
 */
export const CATGA_REDIS = Symbol.for('catga:strategy:redis');

/**
 * Nest microservice on Redis Streams: events are kept until they are handled, on any node of the group; a failed method
 * gets its event again, then it becomes a dead letter.
 *
 * @example
 * ```ts
 * const strategy = new CatgaRedisServer({ url: 'redis://localhost:6379', name: 'shop', group: 'billing' });
 * const app = await NestFactory.createMicroservice(AppModule, { strategy });
 * await app.listen();
 * ```
 */
export class CatgaRedisServer extends CatgaServer {
  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: CatgaRedisServerOptions) {
    const name = 'CatgaRedisServer';
    assertKnownOptions(name, options, [...SERVER_OPTIONS, ...TRANSPORT_NAMES, 'transport']);
    const [own, { transport: given, ...where }] = splitOptions(options, SERVER_OPTIONS);
    // The strategy waits for its methods; what the transport waits for after that has been given up already.
    const transport = transportOf(name, given, { ...where, drainTimeout: '1s' });
    super({ ...own, transport }, { name, transportId: CATGA_REDIS, ownsTransport: given === undefined });
  }
}
