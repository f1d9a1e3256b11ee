import 'reflect-metadata';
import type { Duration, RetryOptions } from '../../foundation/index.js';
import { assertMethod, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

/** Options of {@link ProcessStep}. Configuration outranks all that has to do with time and retries. */
export interface ProcessStepOptions {
  /** The longest one attempt may take. Default `processes.defaultTimeout`, 30 s. */
  readonly timeout?: Duration;
  /** Attempts in all, or more. Default `processes.defaultRetry`, 3. */
  readonly retry?: number | RetryOptions;
  /** Wait before the second attempt; doubles with each further one. Default `processes.defaultBackoff`, 1 s. */
  readonly backoff?: Duration;
  /**
   * What to do with a call that was started and whose outcome nobody knows, because its node died: call it again
   * with the same idempotency key, park the run until somebody decides, or let the step fail. Default `'retry'`.
   */
  readonly onUnknown?: 'retry' | 'ask' | 'fail';
  /**
   * Which calls are undone: `completed` ones only; also `in-doubt` ones, whose outcome is unknown; or every one that
   * was `started`, also when it failed. Default `'in-doubt'`.
   */
  readonly compensate?: 'completed' | 'in-doubt' | 'started';
  /** Names this step had before; runs that were recorded under them go on. */
  readonly formerly?: string | readonly string[];
  /**
   * Tells the calls of one step apart by their arguments rather than by their order: for a loop over a list that
   * may change while the run is under way. Must be unique in a run.
   */
  readonly key?: (...args: never[]) => string | number;
}

/** What {@link ProcessStep} keeps about a method. */
export interface ProcessStepMetadata extends ProcessStepOptions {
  readonly name?: string;
}

const METADATA = 'catga:process-step';
const KNOWN: readonly string[] = ['timeout', 'retry', 'backoff', 'onUnknown', 'compensate', 'formerly', 'key'];

/**
 * Gives a step of a process a name of its own, or options. A step needs no decorator: every method that `execute`
 * awaits is one, named like the method.
 *
 * @throws {ProcessDecoratorError} at load, on anything but a method, or for an unknown option
 * @example
 * ```ts
 * @ProcessStep('charge', { timeout: '60s', retry: 5, onUnknown: 'ask', formerly: 'processPayment' })
 * private async chargeCard(orderId: string, amount: number) { … }
 * ```
 */
export function ProcessStep(name: string, options?: ProcessStepOptions): MethodDecorator;
export function ProcessStep(options?: ProcessStepOptions): MethodDecorator;
export function ProcessStep(first?: string | ProcessStepOptions, second?: ProcessStepOptions): MethodDecorator {
  return (target, key, descriptor) => {
    assertMethod('@ProcessStep', target, key, descriptor);
    const metadata: ProcessStepMetadata = typeof first === 'string' ? { ...second, name: first } : { ...first };
    assertOptions(placeOf(target, key), typeof first === 'string' ? second : first);
    Reflect.defineMetadata(METADATA, metadata, target, key);
  };
}

/** What {@link ProcessStep} was told about a method of this prototype or of one above it. */
export function readStepMetadata(prototype: object, method: string): ProcessStepMetadata | undefined {
  return Reflect.getMetadata(METADATA, prototype, method) as ProcessStepMetadata | undefined;
}

function assertOptions(place: string, options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new ProcessDecoratorError('@ProcessStep', place, "write @ProcessStep('name', { … }) or @ProcessStep({ … }).");
  }
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown === undefined) return;
  throw new ProcessDecoratorError(
    '@ProcessStep',
    place,
    `there is no option "${unknown}". Known options: ${KNOWN.join(', ')}.`,
  );
}
