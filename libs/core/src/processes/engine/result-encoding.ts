import type { Payload } from '../../store/index.js';
import { ProcessValueError } from '../api/process.errors.js';
import type { Run } from './run.js';

/**
 * A result as the journal keeps it. What cannot be kept fails the step for good: its effect has happened, so it must
 * not be called again for the sake of a value.
 *
 * @throws {ProcessValueError}
 */
export function encodeResult(run: Run, step: string, value: unknown): Payload {
  const { maxPayload, warnPayload } = run.env.limits;
  try {
    const payload = run.values.encode(value);
    const size = run.values.size(payload);
    if (size > maxPayload) {
      throw new RangeError(`it has ${size} bytes, the limit is ${maxPayload} (processes.maxPayload)`);
    }
    if (size > warnPayload) {
      run.env.warn(
        `The result of step "${step}" of ${run.id} has ${size} bytes: keep large values elsewhere and return a reference.`,
      );
    }
    return payload;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProcessValueError(step, 'result', reason, { cause: error });
  }
}
