export { CatgaError, isCatgaError, type CatgaErrorOptions, type ErrorKind } from './catga-error.js';
export { coarseNow, systemClock, type Clock } from './clock.js';
export { InvalidDurationError, toMilliseconds, type Duration } from './duration.js';
export { isPromise, type MaybePromise } from './maybe-promise.js';
