export { RedisCoordinationError } from './coordination.errors.js';
export { RedisCoordination } from './redis-coordination.js';
export { COORDINATION_OPTIONS, type RedisCoordinationOptions } from './redis-coordination.options.js';
