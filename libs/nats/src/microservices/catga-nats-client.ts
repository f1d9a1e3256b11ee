import { assertKnownOptions } from '@catga/core';
import { CatgaClient, CLIENT_OPTIONS, splitOptions, type ClientOptions } from '@catga/core/microservices';
import { TRANSPORT_OPTIONS } from '../transport/index.js';
import { transportOf, type NatsStrategyOptions } from './nats-strategy.options.js';

/** Options of {@link CatgaNatsClient}: those of the client, and where NATS is or a transport that is there already. */
export type CatgaNatsClientOptions = ClientOptions & NatsStrategyOptions;

/**
 * Nest `ClientProxy` on NATS: `emit` completes when the event is stored by JetStream, `send` asks a {@link CatgaNatsServer}.
 *
 * @example
 * ```ts
 * ClientsModule.register([
 *   { name: 'BILLING', customClass: CatgaNatsClient, options: { servers: 'nats://localhost:4222', name: 'shop' } },
 * ])
 * ```
 */
export class CatgaNatsClient extends CatgaClient {
  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(options: CatgaNatsClientOptions = {}) {
    const name = 'CatgaNatsClient';
    assertKnownOptions(name, options, [...CLIENT_OPTIONS, ...TRANSPORT_OPTIONS, 'transport']);
    const [own, { transport: given, ...where }] = splitOptions(options, CLIENT_OPTIONS);
    super({ ...own, transport: transportOf(name, given, where) }, { name, ownsTransport: given === undefined });
  }
}
