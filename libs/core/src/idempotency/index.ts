export {
  IdempotencyStore,
  type IdempotencyClaim,
  type IdempotencyOutcome,
  type IdempotencyState,
} from './idempotency-store.js';
export { IDEMPOTENCY_COLLECTION, StoreIdempotency } from './store-idempotency.js';
