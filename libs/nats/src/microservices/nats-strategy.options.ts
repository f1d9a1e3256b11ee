import { InvalidOptionError, type Transport } from '@catga/core';
import { NatsTransport, TRANSPORT_OPTIONS, type NatsTransportOptions } from '../transport/index.js';

/** Either where NATS is, or a transport. */
export interface NatsStrategyOptions extends NatsTransportOptions {
  /** One that the application has already, e.g. `app.get(Transport)`. Whoever made it closes it. Default: one of its own. */
  readonly transport?: Transport;
}

/** @throws {InvalidOptionError} there is a transport, and options for another one */
export function transportOf(where: string, given: Transport | undefined, options: NatsTransportOptions): Transport {
  if (given === undefined) return new NatsTransport(options);
  const useless = TRANSPORT_OPTIONS.find((name) => name !== 'drainTimeout' && options[name] !== undefined);
  if (useless === undefined) return given;
  const instead = 'it where the given transport is made, or leave the transport out';
  throw new InvalidOptionError(`${where}.${useless}`, options[useless], instead);
}
