/** Events in order: an array, or what can be read like one without being copied. */
export interface EventList {
  readonly length: number;
  /** The event at a place, from 0. */
  at(index: number): object | undefined;
  /** Where they lie, of a list that is no array: each {@link step}th one from {@link start} on. */
  readonly cells?: readonly unknown[];
  /** Place of the first event in {@link cells}. Default 0. */
  readonly start?: number;
  /** Distance of two events in {@link cells}. Default 1. */
  readonly step?: number;
}
