export { CommitTooLargeError } from './nats-store.errors.js';
export type { NatsSnapshotOptions, NatsStoreOptions } from './nats-store.options.js';
export { STORE_OPTIONS } from './store-settings.js';
export { NatsStore } from './nats-store.js';
