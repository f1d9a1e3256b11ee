import { InvalidOptionError, type Transport } from '@catga/core';
import { CONNECTION_OPTIONS } from '../connection/index.js';
import { RedisTransport, TRANSPORT_OPTIONS, type RedisTransportOptions } from '../transport/index.js';

/** Either where Redis is, or a transport. */
export interface RedisStrategyOptions extends RedisTransportOptions {
  /** One that the application has already, e.g. `app.get(Transport)`. Whoever made it closes it. Default: one of its own. */
  readonly transport?: Transport;
}

/** The names of the options that make a transport. */
export const TRANSPORT_NAMES = [...CONNECTION_OPTIONS, ...TRANSPORT_OPTIONS];

/** @throws {InvalidOptionError} there is a transport, and options for another one */
export function transportOf(where: string, given: Transport | undefined, options: RedisTransportOptions): Transport {
  if (given === undefined) return new RedisTransport(options, `new ${where}`);
  const useless = TRANSPORT_NAMES.find((name) => name !== 'drainTimeout' && options[name] !== undefined);
  if (useless === undefined) return given;
  throw new InvalidOptionError(
    `new ${where}({ ${useless} })`,
    options[useless],
    'it where the given transport is made, or leave the transport out',
  );
}
