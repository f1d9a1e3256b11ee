/** One call after the other, and as many as a busy node has under way. */
export const PUBLISH_LEVELS = [
  { inFlight: 1, milliseconds: 200 },
  { inFlight: 256, milliseconds: 250 },
];
