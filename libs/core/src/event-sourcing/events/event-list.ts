/** Events in order: an array, or what can be read like one without being copied. */
export interface EventList {
  readonly length: number;
  /** The event at a place, from 0. */
  at(index: number): object | undefined;
}
