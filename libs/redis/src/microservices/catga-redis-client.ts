import { assertKnownOptions } from '@catga/core';
import { CatgaClient, CLIENT_OPTIONS, type ClientOptions } from '@catga/core/microservices';
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
    const { qos, timeout, headers, codec, transport: given, ...connection } = options;
    super(
      {
        transport: transportOf(name, given, connection),
        ...(qos !== undefined && { qos }),
        ...(timeout !== undefined && { timeout }),
        ...(headers && { headers }),
        ...(codec && { codec }),
      },
      { name, ownsTransport: given === undefined },
    );
  }
}
