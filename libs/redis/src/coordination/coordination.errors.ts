import { CatgaError } from '@catga/core';
import { withoutDot } from '../connection/index.js';

/** Redis is there, and refuses: no memory, no rights, a key of another kind. */
export class RedisCoordinationError extends CatgaError {
  readonly code = 'CATGA_REDIS_COORDINATION';
  readonly kind = 'infrastructure';
  constructor(target: string, answer: string, options?: ErrorOptions) {
    super(
      `Redis at ${target} refuses to coordinate: ${withoutDot(answer)}. Nothing was changed. Check its memory (maxmemory), the rights of the user, and that no other application uses keys of this name.`,
      { ...options, details: { target, answer } },
    );
  }
}
