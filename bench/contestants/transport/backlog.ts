/** Messages that wait, or are sent, in each sample. */
export const BACKLOG = 10_000;

/** Handlers that may run at once, and calls of `publish` under way. */
export const IN_FLIGHT = 256;
