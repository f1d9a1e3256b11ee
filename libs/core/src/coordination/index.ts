export { DistributedLock } from './lock/distributed-lock.js';
export type { Lock } from './lock/lock.js';
export type { LockAnswer, LockBackend, LockRequest } from './lock/lock-backend.js';
export { LockLostError, LockTimeoutError } from './lock/lock.errors.js';
export { type LockDefaults, type LockOptions } from './lock/lock.options.js';
export { MemoryLocks } from './lock/memory-locks.js';
export { LOCK_COLLECTION, StoreLocks } from './lock/store-locks.js';
