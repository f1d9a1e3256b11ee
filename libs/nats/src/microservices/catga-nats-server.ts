import { assertKnownOptions } from '@catga/core';
import { CatgaServer, SERVER_OPTIONS, splitOptions, type ServerOptions } from '@catga/core/microservices';
import { TRANSPORT_OPTIONS } from '../transport/index.js';
import { transportOf, type NatsStrategyOptions } from './nats-strategy.options.js';

/** Options of {@link CatgaNatsServer}: those of the strategy, and where NATS is or a transport that is there already. */
export type CatgaNatsServerOptions = ServerOptions & NatsStrategyOptions;

/**
 * The transport of `@EventPattern` and `@MessagePattern` for methods that only NATS is to have.
 *
 * @example `@EventPattern('order-placed', CATGA_NATS)`
 */
export const CATGA_NATS = Symbol.for('catga:strategy:nats');

/**
 * Nest microservice on NATS JetStream: events are kept until they are handled, on any node of the group; a failed method
 * gets its event again, then it becomes a dead letter.
 *
 * @example
 * ```ts
 * const strategy = new CatgaNatsServer({ servers: 'nats://localhost:4222', name: 'shop', group: 'billing' });
 * const app = await NestFactory.createMicroservice(AppModule, { strategy });
 * await app.listen();
 * ```
 */
export class CatgaNatsServer extends CatgaServer {
  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: CatgaNatsServerOptions) {
    const name = 'CatgaNatsServer';
    assertKnownOptions(name, options, [...SERVER_OPTIONS, ...TRANSPORT_OPTIONS, 'transport']);
    const [own, { transport: given, ...where }] = splitOptions(options, SERVER_OPTIONS);
    // The strategy waits for its methods; what the transport waits for after that has been given up already.
    const transport = transportOf(name, given, { ...where, drainTimeout: '1s' });
    super({ ...own, transport }, { name, transportId: CATGA_NATS, ownsTransport: given === undefined });
  }
}
