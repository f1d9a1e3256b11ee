export { FaultyStore, type FaultOptions } from './store/faulty-store.js';
