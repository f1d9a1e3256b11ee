export { InvalidNameError } from './names.js';
export { RedisStore } from './redis-store.js';
export { STORE_OPTIONS, type RedisStoreOptions } from './redis-store.options.js';
