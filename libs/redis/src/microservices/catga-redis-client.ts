import { assertKnownOptions } from '@catga/core';
import { CatgaClient, CLIENT_OPTIONS, splitOptions, type ClientOptions } from '@catga/core/microservices';
import { transportOf, TRANSPORT_NAMES, type RedisStrategyOptions } from './redis-strategy.options.js';

/** Options of {@link CatgaRedisClient}: those of the client, and where Redis is or a transport that is there already. */
export type CatgaRedisClientOptions = ClientOptions & RedisStrategyOptions;

/**
 * Nest `ClientProxy` on Redis: `emit` completes when the event is in its stream, `send` asks a {@link CatgaRedisServer}.
 *
 * @example
 * ```ts
 * ClientsModule.register([
 *   { name: 'BILLING', customClass: CatgaRedisClient, options: { url: 'redis://localhost:6379', name: 'shop' } },
 * ])
 * ```
 */
export class CatgaRedisClient extends CatgaClient {
  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: CatgaRedisClientOptions = {}) {
    const name = 'CatgaRedisClient';
    assertKnownOptions(name, options, [...CLIENT_OPTIONS, ...TRANSPORT_NAMES, 'transport']);
    const [own, { transport: given, ...where }] = splitOptions(options, CLIENT_OPTIONS);
    super({ ...own, transport: transportOf(name, given, where) }, { name, ownsTransport: given === undefined });
  }
}
