export { InvalidNameError } from './names.js';
export { toPayload, toValue } from './payload.js';
export { readServerSettings, type ServerSettings } from './server-settings.js';
export { RedisStore } from './redis-store.js';
export { STORE_OPTIONS, type RedisStoreOptions } from './redis-store.options.js';
export { CommitTooLargeError } from './store.errors.js';
