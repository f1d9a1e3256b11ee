/** Payloads that one message may have: 20 bits of a reference. */
export const MOST_PAYLOADS = 2 ** 20;

/**
 * Stands for what an event carries: the number of its message in the log, the index of its data there, and whether
 * metadata follows. One number: memory holds as many as there are events.
 */
export type EventRef = number;

/** @param sequence of the message, below 2^32 */
export function makeRef(sequence: number, index: number, hasMetadata: boolean): EventRef {
  return (sequence * MOST_PAYLOADS + index) * 2 + (hasMetadata ? 1 : 0);
}

/** Sequence of the message that a reference leads to. */
export function refSequence(ref: EventRef): number {
  return Math.floor(ref / (MOST_PAYLOADS * 2));
}

/** Index of the data in the message. */
export function refIndex(ref: EventRef): number {
  return Math.floor(ref / 2) % MOST_PAYLOADS;
}

/** Whether the metadata is the payload behind the data. */
export function refHasMetadata(ref: EventRef): boolean {
  return ref % 2 === 1;
}
