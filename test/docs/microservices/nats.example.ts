import type { NatsTransportOptions } from '@catga/nats';

/** Services that talk to each other have the same `name`. */
export const nats: NatsTransportOptions = {
  servers: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
  name: process.env['NATS_NAME'] ?? 'shop',
};
