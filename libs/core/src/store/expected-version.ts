import type { ExpectedVersion } from './store.js';

/** Whether a stream with `actual` events meets the expectation. For authors of stores. */
export function versionHolds(expected: ExpectedVersion, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'no-stream':
      return actual === 0;
    case 'stream-exists':
      return actual > 0;
    default:
      return expected === actual;
  }
}
