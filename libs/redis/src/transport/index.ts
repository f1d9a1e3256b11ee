export { RedisTransport } from './redis-transport.js';
export { TRANSPORT_OPTIONS, type RedisTransportOptions } from './redis-transport.options.js';
