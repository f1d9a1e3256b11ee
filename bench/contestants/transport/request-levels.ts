/** One request after the other, and as many as a busy node has under way. */
export const REQUEST_LEVELS = [
  { inFlight: 1, milliseconds: 150 },
  { inFlight: 64, milliseconds: 200 },
];
