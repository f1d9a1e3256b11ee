export type { Codec } from './codec.js';
export * from './store.js';
export * from './store.errors.js';
