/** A number is the exact version the stream must have: the count of events ever appended to it. */
export type ExpectedVersion = number | 'any' | 'no-stream' | 'stream-exists';

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
