import { suspended, type Ending } from './endings.js';
import type { HistoryLimit } from './history-limit.js';
import type { OpenCalls } from './open-calls.js';
import type { RunEnvironment } from './run.js';

/**
 * How a run leaves memory when no body of it is under way; undefined while it stays. One that has grown too long leaves
 * at once, one whose steps wait for their next attempt when they wait for long.
 */
export function idleEnding(
  { clock, limits }: RunEnvironment,
  calls: OpenCalls | undefined,
  limit: HistoryLimit | undefined,
): Ending | undefined {
  const until = calls?.size ? calls.wakesAt : undefined;
  if (limit?.parking && (until !== undefined || !calls?.size)) return limit.parking;
  return until !== undefined && until - clock.now() > limits.suspendAfter ? suspended(until) : undefined;
}
