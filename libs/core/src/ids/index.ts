export { ClockRollbackError, IdsNotReadyError, NoWorkerIdError, WorkerIdLostError } from './ids.errors.js';
export { resolveIdsOptions, type IdsOptions } from './ids.options.js';
export { SnowflakeIds, type SnowflakeOptions, type WorkerRange } from './snowflake.js';
export { UuidV7Generator, uuidv7 } from './uuid-v7.js';
export { WorkerIdHost } from './worker-id.host.js';
export { WorkerLease } from './worker-lease.js';
