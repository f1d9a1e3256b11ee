export { NatsTransport } from './nats-transport.js';
export type { NatsTransportOptions } from './nats-transport.options.js';
export { TRANSPORT_OPTIONS } from './transport-settings.js';
