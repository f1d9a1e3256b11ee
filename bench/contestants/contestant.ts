/** What is measured, made ready in a process of its own. */
export interface Contestant {
  /**
   * Does so many operations, in the same way each time. May answer with figures of its own about them, which are
   * treated like the times: a median over the rounds, with the smallest and the largest.
   */
  run(operations: number): Promise<Figures | void>;
  /** Called before each sample; takes no part in it. */
  prepare?(): Promise<void>;
  /** What is counted in one operation, for example the steps of a run. Default 1. */
  readonly unit?: number;
  /** How long it runs until it counts as warm. Milliseconds. Default 1,500; less for those that mostly wait for a server. */
  readonly warmUp?: number;
  close?(): Promise<void>;
}

/** Numbers by name. */
export type Figures = Readonly<Record<string, number>>;

/** Default export of a contestant's file. */
export type Setup = (variant: string) => Promise<Contestant>;

/** Ends the turn of the event loop, as the arrival of the next request would. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
